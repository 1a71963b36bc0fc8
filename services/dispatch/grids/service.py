"""Use cases of grids. They flush and never commit: the edge does."""

from services.dispatch.events import GridPublished, GridWorkerAssigned, PublishedAddress
from services.dispatch.grids import repository
from services.dispatch.grids.errors import GridExists
from services.dispatch.grids.models import Grid, GridBoundaryVersion
from services.dispatch.grids.schemas import GridCreate, GridPublish, GridUpdate, LocateQuery, Location, WorkerAssign
from services.dispatch.responders.repository import check_active
from shared import outbox
from shared.auth import Principal
from shared.clock import utc_now
from shared.codes import community_of
from shared.concurrency import check_version
from shared.db import AsyncSession
from shared.errors import Forbidden
from shared.geo import centroid
from shared.grid_directory import BoundaryLocator, PublishedGrid, find_grid_by_address, replace_grid


async def create_grid(session: AsyncSession, principal: Principal, data: GridCreate) -> Grid:
    community_code = community_of(data.code)
    if not principal.may_see(data.code):
        raise Forbidden
    if await repository.find_grid(session, community_code, data.code) is not None:
        raise GridExists
    grid = Grid(community_code=community_code, **data.model_dump())
    session.add(grid)
    await session.flush()
    return grid


async def update_grid(session: AsyncSession, code: str, data: GridUpdate, expected: int) -> Grid:
    grid = await repository.lock_grid(session, community_of(code), code)
    check_version(grid.version, expected)
    grid.sqlmodel_update(data.model_dump(exclude_unset=True))
    _touch(grid)
    await session.flush()
    return grid


async def publish_grid(session: AsyncSession, principal: Principal, code: str, data: GridPublish) -> Grid:
    """Replace the grid's boundary and address table, here at once and elsewhere by event."""
    grid = await repository.lock_grid(session, community_of(code), code)
    grid.boundary_version += 1
    grid.centre_longitude, grid.centre_latitude = centroid(data.boundary.geometry())
    _touch(grid)
    boundary = data.boundary.model_dump(mode="json")
    addresses = [line.model_dump() for line in data.addresses]
    session.add(
        GridBoundaryVersion(
            community_code=grid.community_code,
            grid_code=code,
            number=grid.boundary_version,
            boundary=boundary,
            addresses=addresses,
            published_by=principal.subject,
        )
    )
    event = GridPublished(
        grid_code=code,
        kind=grid.kind,
        version=grid.boundary_version,
        boundary=boundary,
        addresses=[PublishedAddress(**line) for line in addresses],
    )
    await session.flush()
    await replace_grid(session, grid.community_code, PublishedGrid.model_validate(event.model_dump(mode="json")))
    await outbox.add(session, event, community_code=grid.community_code, subject=f"grids/{code}", version=grid.version)
    return grid


async def assign_worker(session: AsyncSession, code: str, data: WorkerAssign) -> Grid:
    """Make a responder the grid's own worker. Every contact card of the grid names them from now on."""
    grid = await repository.lock_grid(session, community_of(code), code)
    await check_active(session, grid.community_code, *(each for each in data.model_dump().values() if each))
    grid.responder_id, grid.backup_responder_id = data.responder_id, data.backup_responder_id
    _touch(grid)
    await session.flush()
    event = GridWorkerAssigned(grid_code=code, **data.model_dump())
    await outbox.add(session, event, community_code=grid.community_code, subject=f"grids/{code}", version=grid.version)
    return grid


async def locate(session: AsyncSession, locator: BoundaryLocator, community_code: str, query: LocateQuery) -> Location:
    """Address first; the position decides when the address is unknown or missing."""
    if query.compound and query.building:
        found = await find_grid_by_address(session, community_code, query.compound, query.building, query.unit)
        if found:
            return Location(grid_code=found, found_by="address")
    if query.position is not None:
        found = await locator.find_grid(session, community_code, query.position.wgs84())
        if found:
            return Location(grid_code=found, found_by="position")
    return Location(grid_code=None, found_by=None)


def _touch(grid: Grid) -> None:
    grid.version += 1
    grid.updated_at = utc_now()
