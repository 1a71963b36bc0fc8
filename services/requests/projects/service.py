"""Use cases of a project's life: planned, approved, built, and what stops it. They flush and never commit."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.requests.contributions import repository as linked
from services.requests.contributions import service as contributions
from services.requests.deliberations import repository as deliberations
from services.requests.deliberations.decision import may_open_projects
from services.requests.projects import repository
from services.requests.projects.errors import MilestonesOpen, Unfunded
from services.requests.projects.events import (
    ProjectApproved,
    ProjectCancelled,
    ProjectChanged,
    ProjectCompleted,
    ProjectStarted,
)
from services.requests.projects.models import Project, ProjectUpdate
from services.requests.projects.schemas import ProjectChange, ProjectCreate
from services.requests.projects.states import ProjectState, Verb, after
from services.requests.projects.work import add_funding, add_milestone
from services.requests.service_requests.auth import OFFICE
from services.requests.service_requests.models import ServiceRequest
from shared import outbox
from shared.auth import Principal
from shared.clock import utc_now
from shared.codes import community_of
from shared.concurrency import check_version
from shared.db import AsyncSession
from shared.errors import Forbidden, invalid
from shared.vault import Vault

APPROVED = "项目已立项。/ The project was approved."
STARTED = "项目已开工。/ Work has begun."
RESUMED = "项目恢复实施。/ The project goes on."
CLOSED = "项目已结算并归档。/ The accounts are settled, and the project is closed."
"""What the news say of transitions that nobody puts into words: every one is written down, with who made it."""


async def plan(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    data: ProjectCreate,
    *,
    deliberation_id: UUID | None = None,
) -> Project:
    """Plan a project, with its money, its milestones and the requests it answers; whoever asked one is told.

    Opened by a deliberation, it must have resolved something, and its requests are the project's unless others are
    named.
    """
    request_ids: Sequence[UUID] = data.request_ids or ()
    community_code = principal.community_code
    if deliberation_id is not None:
        deliberation = await deliberations.lock_deliberation(session, principal, deliberation_id)
        may_open_projects(deliberation)
        community_code = deliberation.community_code
        if data.request_ids is None:
            request_ids = await linked.list_linked(session, deliberations.LINKS, community_code, deliberation_id)
    values = data.model_dump(exclude={"funding", "milestones", "request_ids", "position"})
    project = Project(
        community_code=community_code, deliberation_id=deliberation_id, created_by=principal.subject, **values
    )
    _put(project, data)
    session.add(project)
    await session.flush()
    for funding in data.funding:
        await add_funding(session, principal, project, funding)
    for milestone in data.milestones:
        await add_milestone(session, project, milestone)
    await _contribute(session, vault, principal, project, request_ids)
    return project


def _put(project: Project, data: ProjectCreate | ProjectChange) -> None:
    """Set the place as it was given, in WGS 84; refuses another community's grid."""
    if data.grid_code is not None and community_of(data.grid_code) != project.community_code:
        raise invalid("/grid_code", "unknown", "网格不属于本社区", "The grid is another community's")
    if "position" in data.model_fields_set:
        project.longitude, project.latitude = data.position.wgs84() if data.position else (None, None)


async def change(
    session: AsyncSession, principal: Principal, project_id: UUID, data: ProjectChange, version: int
) -> Project:
    project = await repository.lock_project(session, principal, project_id)
    check_version(project.version, version)
    after(project.state, Verb.PLAN)
    for name in data.model_fields_set - {"position"}:
        setattr(project, name, getattr(data, name))
    if project.end_on < project.start_on:
        raise invalid("/end_on", "range", "竣工日期不能早于开工日期", "It cannot end before it starts")
    _put(project, data)
    return await touch(session, project)


async def add_requests(
    session: AsyncSession, vault: Vault, principal: Principal, project_id: UUID, request_ids: Sequence[UUID]
) -> Project:
    project = await repository.lock_project(session, principal, project_id)
    after(project.state, Verb.PLAN)
    await _contribute(session, vault, principal, project, request_ids)
    return await touch(session, project)


async def _contribute(
    session: AsyncSession, vault: Vault, principal: Principal, project: Project, request_ids: Sequence[UUID]
) -> None:
    await contributions.contribute(
        session, vault, principal, repository.LINKS, project.community_code, project.id, request_ids
    )


async def approve(session: AsyncSession, principal: Principal, project_id: UUID) -> Project:
    """Take it into the list of what will be built (立项); from now on everybody in the community reads it."""
    project = await repository.lock_project(session, principal, project_id)
    state = after(project.state, Verb.APPROVE)
    if project.budget_fen == 0:
        raise Unfunded
    project.state = state
    write_update(session, principal, project, APPROVED)
    await touch(session, project)
    await tell(session, project, ProjectApproved)
    return project


async def start(session: AsyncSession, vault: Vault, principal: Principal, project_id: UUID) -> Project:
    """Break ground; whoever asked for it is told."""
    project = await lock_to_work(session, principal, project_id)
    project.state = after(project.state, Verb.START)
    project.started_at = utc_now()
    write_update(session, principal, project, STARTED)
    await touch(session, project)
    await tell(session, project, ProjectStarted)
    await tell_contributors(session, vault, principal, project, None)
    return project


async def complete(session: AsyncSession, principal: Principal, project_id: UUID, words: str) -> Project:
    """Hand it in for inspection. Every milestone has been reached."""
    project = await lock_to_work(session, principal, project_id)
    state = after(project.state, Verb.COMPLETE)
    if any(milestone.reached_on is None for milestone in await repository.list_milestones(session, project)):
        raise MilestonesOpen
    project.state, project.progress, project.completed_at = state, 100, utc_now()
    write_update(session, principal, project, words)
    await touch(session, project)
    await tell(session, project, ProjectCompleted)
    return project


async def suspend(session: AsyncSession, principal: Principal, project_id: UUID, why: str) -> Project:
    project = await repository.lock_project(session, principal, project_id)
    state = after(project.state, Verb.SUSPEND)
    project.suspended_from, project.state = project.state, state
    write_update(session, principal, project, why)
    return await touch(session, project)


async def resume(session: AsyncSession, principal: Principal, project_id: UUID) -> Project:
    """It goes on where it stood."""
    project = await repository.lock_project(session, principal, project_id)
    after(project.state, Verb.RESUME)
    project.state, project.suspended_from = project.suspended_from or ProjectState.APPROVED, None
    write_update(session, principal, project, RESUMED)
    return await touch(session, project)


async def cancel(session: AsyncSession, vault: Vault, principal: Principal, project_id: UUID, why: str) -> Project:
    """Give it up; whoever asked for it is told why."""
    project = await repository.lock_project(session, principal, project_id)
    project.state, project.suspended_from = after(project.state, Verb.CANCEL), None
    write_update(session, principal, project, why)
    await touch(session, project)
    await repository.stop_watching(session, project)
    await tell(session, project, ProjectCancelled)
    await tell_contributors(session, vault, principal, project, why)
    return project


async def close(session: AsyncSession, principal: Principal, project_id: UUID) -> Project:
    """The accounts are settled."""
    project = await repository.lock_project(session, principal, project_id)
    project.state = after(project.state, Verb.CLOSE)
    write_update(session, principal, project, CLOSED)
    return await touch(session, project)


async def lock_to_work(session: AsyncSession, principal: Principal, project_id: UUID) -> Project:
    """The project, for the office or the unit that builds it; Forbidden for others who may read it."""
    project = await repository.lock_project(session, principal, project_id)
    builds = principal.responder_id is not None and principal.responder_id == project.sponsor_responder_id
    if principal.role not in OFFICE and not builds:
        raise Forbidden
    return project


def write_update(session: AsyncSession, principal: Principal, project: Project, words: str) -> ProjectUpdate:
    """How it goes, with the project's state and progress as they now are."""
    update = ProjectUpdate(
        community_code=project.community_code,
        project_id=project.id,
        state=project.state,
        progress=project.progress,
        words=words,
        created_by=principal.subject,
    )
    session.add(update)
    return update


async def lock_contributing(session: AsyncSession, project: Project) -> Sequence[ServiceRequest]:
    return await linked.lock_linked(session, repository.LINKS, project.community_code, project.id)


async def tell_contributors(
    session: AsyncSession, vault: Vault, principal: Principal, project: Project, text: str | None
) -> None:
    requests = await lock_contributing(session, project)
    await contributions.tell(session, vault, principal, requests, detail=detail_of(project), text=text)


def detail_of(project: Project) -> dict[str, Any]:
    """What the timeline of a contributing request says of the project."""
    return {"type": repository.LINKS.type, "id": str(project.id), "state": project.state.value}


async def touch(session: AsyncSession, project: Project) -> Project:
    project.version += 1
    project.updated_at = utc_now()
    await session.flush()
    return project


def event_of(project: Project, kind: type[ProjectChanged], **more: Any) -> dict[str, object]:
    """The outbox row of an event about the project as it now is."""
    event = kind(
        project_id=project.id,
        state=project.state.value,
        theme=project.theme.value,
        deliberation_id=project.deliberation_id,
        sponsor_responder_id=project.sponsor_responder_id,
        grid_code=project.grid_code,
        **more,
    )
    return outbox.row(
        event,
        community_code=project.community_code,
        subject=f"projects/{project.id}",
        version=project.version,
    )


async def tell(session: AsyncSession, project: Project, kind: type[ProjectChanged], **more: Any) -> None:
    await outbox.add_many(session, [event_of(project, kind, **more)])
