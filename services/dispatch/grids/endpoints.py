from typing import Annotated

from fastapi import Path, Request, Response, status

from services.dispatch.grids import repository, service
from services.dispatch.grids.auth import GridsRead, GridsWrite
from services.dispatch.grids.models import Grid, GridBoundaryVersion
from services.dispatch.grids.schemas import (
    GridBoundaryRead,
    GridCollection,
    GridCreate,
    GridFeature,
    GridPublish,
    GridRead,
    GridUpdate,
    LocateQuery,
    Location,
    WorkerAssign,
)
from services.dispatch.schemas import MAX_INTEGER
from shared.codes import GridCode, community_of
from shared.concurrency import IfMatch, tag_response
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/grids", tags=["grids"])

BoundaryNumber = Annotated[int, Path(ge=1, le=MAX_INTEGER)]
MAX_FEATURES = 5_000


@router.get("", response_model=Page[GridRead])
async def list_grids(principal: GridsRead, session: Session, page: PageRequest) -> Page[Grid]:
    """Grids in the caller's area, by code."""
    return await paginate(session, repository.readable(principal), order_by=(Grid.community_code, Grid.code), page=page)


@router.post("", response_model=GridRead, status_code=status.HTTP_201_CREATED)
async def create_grid(principal: GridsWrite, session: Session, data: GridCreate, response: Response) -> Grid:
    grid = await service.create_grid(session, principal, data)
    response.headers["Location"] = f"/v1/grids/{grid.code}"
    return grid


@router.post("/locate", response_model=Location)
async def locate(principal: GridsRead, session: Session, query: LocateQuery, request: Request) -> Location:
    """The grid that answers for an address or a position."""
    return await service.locate(session, request.app.state.locator, principal.community_code, query)


@router.get("/geojson", response_model=GridCollection)
async def export_geojson(principal: GridsRead, session: Session) -> GridCollection:
    """The published grids of the caller's area as one GeoJSON document, at most 5,000."""
    found = await repository.list_published(session, principal, MAX_FEATURES)
    return GridCollection(
        features=[
            GridFeature(id=grid.code, geometry=boundary, properties=GridRead.model_validate(grid))
            for grid, boundary in found
        ]
    )


@router.get("/{code}", response_model=GridRead)
async def get_grid(
    principal: GridsRead, session: Session, code: GridCode, request: Request, response: Response
) -> Grid:
    grid = await repository.get_grid(session, community_of(code), code)
    tag_response(request, response, grid.version)
    return grid


@router.patch("/{code}", response_model=GridRead)
async def update_grid(
    principal: GridsWrite, session: Session, code: GridCode, data: GridUpdate, expected: IfMatch
) -> Grid:
    return await service.update_grid(session, code, data, expected)


@router.post("/{code}/publish", response_model=GridRead)
async def publish_grid(principal: GridsWrite, session: Session, code: GridCode, data: GridPublish) -> Grid:
    """Publish a new boundary and address table."""
    return await service.publish_grid(session, principal, code, data)


@router.get("/{code}/boundaries/{number}", response_model=GridBoundaryRead)
async def get_boundary(
    principal: GridsRead, session: Session, code: GridCode, number: BoundaryNumber
) -> GridBoundaryVersion:
    return await repository.get_boundary(session, community_of(code), code, number)


@router.post("/{code}/assign-worker", response_model=GridRead)
async def assign_worker(principal: GridsWrite, session: Session, code: GridCode, data: WorkerAssign) -> Grid:
    """Hand the grid to a worker, and to a backup who is asked when the worker does not answer."""
    return await service.assign_worker(session, code, data)
