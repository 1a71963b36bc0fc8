"""A project from its plan to its acceptance; money, milestones, news and photos are in `work_endpoints`."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response, status

from services.requests.projects import inspection, listing, presentation, repository, service
from services.requests.projects.auth import ProjectsInspect, ProjectsManage, ProjectsRead, ProjectsWork
from services.requests.projects.models import Project
from services.requests.projects.schemas import (
    Contributing,
    FeatureCollection,
    InspectionRead,
    Inspections,
    Inspectors,
    ProjectChange,
    ProjectCreate,
    ProjectRead,
    ProjectSummary,
    Signature,
    Words,
)
from services.requests.projects.states import ProjectState
from shared.auth import Principal
from shared.concurrency import IfMatch, etag
from shared.db import AsyncSession
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/projects", tags=["projects"])
of_deliberation = Router(prefix="/v1/deliberations/{deliberation_id}", tags=["deliberations"])

States = Annotated[list[ProjectState] | None, Query(max_length=len(ProjectState), description="Any of these.")]


@router.get("", response_model=Page[ProjectSummary])
async def list_projects(
    principal: ProjectsRead, session: Session, page: PageRequest, query: listing.Listing
) -> Page[Any]:
    """Newest first; what is only planned is the office's and the builder's."""
    return await paginate(
        session, query.statement(principal), order_by=listing.NEWEST, page=page, to_item=presentation.summary
    )


@router.get("/map", response_model=FeatureCollection)
async def map_projects(principal: ProjectsRead, session: Session, state: States = None) -> dict[str, Any]:
    """The projects whose place is known, as GeoJSON; the 2,000 newest."""
    found = await repository.list_for_map(session, principal, state or [])
    return {"features": [presentation.feature(each) for each in found]}


@router.post("", response_model=ProjectRead, status_code=status.HTTP_201_CREATED)
async def plan_project(
    principal: ProjectsManage, session: Session, vault: VaultDep, data: ProjectCreate, response: Response
) -> dict[str, Any]:
    """Plan a project with its money, milestones and the requests it answers."""
    return await _created(session, principal, await service.plan(session, vault, principal, data), response)


@of_deliberation.post("/projects", response_model=ProjectRead, status_code=status.HTTP_201_CREATED)
async def open_project(
    *,
    principal: ProjectsManage,
    session: Session,
    vault: VaultDep,
    deliberation_id: UUID,
    data: ProjectCreate,
    response: Response,
) -> dict[str, Any]:
    """Open a project by a resolution. Unless others are named, it answers the deliberation's requests."""
    row = await service.plan(session, vault, principal, data, deliberation_id=deliberation_id)
    return await _created(session, principal, row, response)


@router.get("/{project_id}", response_model=ProjectRead)
async def get_project(
    principal: ProjectsRead, session: Session, project_id: UUID, response: Response
) -> dict[str, Any]:
    """With what its requesters think of it. Ratings come and go without a new version, so it is never answered 304."""
    row = await repository.get_project(session, principal, project_id)
    response.headers["ETag"] = etag(row.version)
    response.headers["Cache-Control"] = "private, no-cache"
    return await presentation.detailed(session, principal, row)


@router.patch("/{project_id}", response_model=ProjectRead)
async def change_project(
    *,
    principal: ProjectsManage,
    session: Session,
    project_id: UUID,
    data: ProjectChange,
    version: IfMatch,
    response: Response,
) -> dict[str, Any]:
    """Its words, place, dates and builder, until it is handed in."""
    row = await service.change(session, principal, project_id, data, version)
    response.headers["ETag"] = etag(row.version)
    return await presentation.detailed(session, principal, row)


@router.post("/{project_id}/requests", response_model=ProjectRead)
async def add_requests(
    principal: ProjectsManage, session: Session, vault: VaultDep, project_id: UUID, data: Contributing
) -> dict[str, Any]:
    """Let it answer more requests. Each requester is told."""
    row = await service.add_requests(session, vault, principal, project_id, data.request_ids)
    return await presentation.detailed(session, principal, row)


@router.post("/{project_id}/approve", response_model=ProjectRead)
async def approve(principal: ProjectsManage, session: Session, project_id: UUID) -> dict[str, Any]:
    """Take it into the list of what will be built (立项). From now on the whole community reads it."""
    return await _answer(session, principal, await service.approve(session, principal, project_id))


@router.post("/{project_id}/start", response_model=ProjectRead)
async def start(principal: ProjectsWork, session: Session, vault: VaultDep, project_id: UUID) -> dict[str, Any]:
    """Break ground: the office or the unit that builds it. Whoever asked for it is told."""
    return await _answer(session, principal, await service.start(session, vault, principal, project_id))


@router.post("/{project_id}/complete", response_model=ProjectRead)
async def complete(principal: ProjectsWork, session: Session, project_id: UUID, data: Words) -> dict[str, Any]:
    """Hand it in for inspection, with every milestone reached: the office or the unit that builds it."""
    return await _answer(session, principal, await service.complete(session, principal, project_id, data.text))


@router.post("/{project_id}/inspectors", response_model=ProjectRead)
async def name_inspectors(
    principal: ProjectsManage, session: Session, project_id: UUID, data: Inspectors
) -> dict[str, Any]:
    """Name who inspects it this time; they are told."""
    row = await inspection.name_inspectors(session, principal, project_id, data.inspectors)
    return await _answer(session, principal, row)


@router.get("/{project_id}/inspections", response_model=Inspections)
async def list_inspections(
    principal: ProjectsInspect, session: Session, vault: VaultDep, project_id: UUID
) -> dict[str, Any]:
    """Of every round: all for the office and the builder, their own for inspectors."""
    row = await repository.get_project(session, principal, project_id)
    found = await repository.list_inspections(session, row)
    return {"items": await presentation.inspections(vault, principal, row, found)}


@router.post("/{project_id}/inspections/{inspection_id}/sign", response_model=InspectionRead)
async def sign(
    *,
    principal: ProjectsInspect,
    session: Session,
    vault: VaultDep,
    project_id: UUID,
    inspection_id: UUID,
    data: Signature,
) -> dict[str, Any]:
    """Say what one found; the office writes down what was signed on paper."""
    signed = await inspection.sign(session, vault, principal, project_id, inspection_id, data)
    row = await repository.get_project(session, principal, project_id)
    return (await presentation.inspections(vault, principal, row, [signed]))[0]


@router.post("/{project_id}/rework", response_model=ProjectRead)
async def rework(principal: ProjectsManage, session: Session, project_id: UUID, data: Words) -> dict[str, Any]:
    """It was not good enough: it goes on, and is inspected anew."""
    return await _answer(session, principal, await inspection.rework(session, principal, project_id, data.text))


@router.post("/{project_id}/accept", response_model=ProjectRead)
async def accept(
    principal: ProjectsManage, session: Session, vault: VaultDep, project_id: UUID, data: Words
) -> dict[str, Any]:
    """All find it good: the requests that it answers are resolved with this result, and whoever asked can rate it."""
    return await _answer(session, principal, await inspection.accept(session, vault, principal, project_id, data.text))


@router.post("/{project_id}/close", response_model=ProjectRead)
async def close(principal: ProjectsManage, session: Session, project_id: UUID) -> dict[str, Any]:
    """The accounts are settled."""
    return await _answer(session, principal, await service.close(session, principal, project_id))


@router.post("/{project_id}/suspend", response_model=ProjectRead)
async def suspend(principal: ProjectsManage, session: Session, project_id: UUID, data: Words) -> dict[str, Any]:
    """It stops for a while; why, for everybody to read."""
    return await _answer(session, principal, await service.suspend(session, principal, project_id, data.text))


@router.post("/{project_id}/resume", response_model=ProjectRead)
async def resume(principal: ProjectsManage, session: Session, project_id: UUID) -> dict[str, Any]:
    """It goes on where it stood."""
    return await _answer(session, principal, await service.resume(session, principal, project_id))


@router.post("/{project_id}/cancel", response_model=ProjectRead)
async def cancel(
    principal: ProjectsManage, session: Session, vault: VaultDep, project_id: UUID, data: Words
) -> dict[str, Any]:
    """Give it up. Whoever asked for it is told why."""
    return await _answer(session, principal, await service.cancel(session, vault, principal, project_id, data.text))


async def _created(session: AsyncSession, principal: Principal, row: Project, response: Response) -> dict[str, Any]:
    response.headers["Location"] = f"/v1/projects/{row.id}"
    response.headers["ETag"] = etag(row.version)
    return await presentation.detailed(session, principal, row)


async def _answer(session: AsyncSession, principal: Principal, row: Project) -> dict[str, Any]:
    return await presentation.detailed(session, principal, row)
