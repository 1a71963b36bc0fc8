from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlmodel import col

from services.requests.attachments.models import Attachment
from services.requests.attachments.repository import attachments_of
from services.requests.contributions.models import Links
from services.requests.projects.models import (
    Funding,
    Inspection,
    Milestone,
    Project,
    ProjectPhoto,
    ProjectRequest,
    ProjectUpdate,
    Spending,
)
from services.requests.projects.states import RUNNING, VISIBLE, ProjectState
from services.requests.ratings.models import Rating
from services.requests.service_requests.auth import OFFICE
from services.requests.service_requests.vocabulary import Commendation
from shared.auth import Principal, Role
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound

LINKS = Links(ProjectRequest, "project_id", "project")
SWEPT_AT_ONCE = 200
ON_A_MAP = 2_000
_SEES_ALL = OFFICE | {Role.SUPERVISOR}


def readable(principal: Principal) -> Select[Project]:
    """The projects that this principal may read: approved ones are everybody's in the community."""
    statement = select(Project).where(in_area(col(Project.community_code), principal.area))
    if principal.role in _SEES_ALL:
        return statement
    is_visible = col(Project.state).in_(VISIBLE)
    if principal.responder_id is None:
        return statement.where(is_visible)
    return statement.where(or_(is_visible, col(Project.sponsor_responder_id) == principal.responder_id))


async def get_project(session: AsyncSession, principal: Principal, project_id: UUID) -> Project:
    return await _one(session, readable(principal).where(col(Project.id) == project_id))


async def lock_project(session: AsyncSession, principal: Principal, project_id: UUID) -> Project:
    """Held until the transaction ends: one step and one payment after the other."""
    statement = readable(principal).where(col(Project.id) == project_id)
    return await _one(session, statement.with_for_update(of=Project))


async def _one(session: AsyncSession, statement: Select[Any]) -> Any:
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise NotFound
    return row


def of_project(table: Any, project: Project) -> ColumnElement[bool]:
    return (col(table.community_code) == project.community_code) & (col(table.project_id) == project.id)


async def _all(session: AsyncSession, statement: Select[Any]) -> Sequence[Any]:
    return (await session.execute(statement)).scalars().all()


async def list_funding(session: AsyncSession, project: Project) -> Sequence[Funding]:
    return await _all(session, select(Funding).where(of_project(Funding, project)).order_by(col(Funding.id)))


async def list_milestones(session: AsyncSession, project: Project) -> Sequence[Milestone]:
    order = (col(Milestone.planned_on), col(Milestone.id))
    return await _all(session, select(Milestone).where(of_project(Milestone, project)).order_by(*order))


async def get_milestone(session: AsyncSession, project: Project, milestone_id: UUID) -> Milestone:
    return await _one(
        session, select(Milestone).where(of_project(Milestone, project), col(Milestone.id) == milestone_id)
    )


def spending(project: Project) -> Select[Spending]:
    return select(Spending).where(of_project(Spending, project))


def updates(project: Project) -> Select[ProjectUpdate]:
    return select(ProjectUpdate).where(of_project(ProjectUpdate, project))


async def list_inspections(
    session: AsyncSession, project: Project, *, round_: int | None = None
) -> Sequence[Inspection]:
    """All of them, or those of one round."""
    statement = select(Inspection).where(of_project(Inspection, project))
    if round_ is not None:
        statement = statement.where(col(Inspection.round) == round_)
    return await _all(session, statement.order_by(col(Inspection.id)))


async def get_inspection(session: AsyncSession, project: Project, inspection_id: UUID) -> Inspection:
    """One of the present round."""
    statement = select(Inspection).where(
        of_project(Inspection, project),
        col(Inspection.round) == project.round,
        col(Inspection.id) == inspection_id,
    )
    return await _one(session, statement)


async def list_photos(session: AsyncSession, project: Project) -> Sequence[tuple[Attachment, ProjectPhoto]]:
    """The photos that were not withdrawn, the oldest first."""
    statement = attachments_of(project.community_code, project.id, internal=False).add_columns(ProjectPhoto)
    same = (col(ProjectPhoto.community_code) == col(Attachment.community_code)) & (
        col(ProjectPhoto.attachment_id) == col(Attachment.id)
    )
    rows = (await session.execute(statement.join(ProjectPhoto, same))).all()
    return [(attachment, photo) for attachment, photo in rows]


async def summarise_ratings(session: AsyncSession, project: Project) -> dict[str, Any]:
    """What requesters think of what was done for the requests that this project answers."""
    statement = (
        select(
            func.count().label("count"),
            func.avg(col(Rating.score)).label("average"),
            func.count().filter(col(Rating.solved)).label("solved"),
            func.count().filter(col(Rating.satisfied)).label("satisfied"),
            func.count().filter(col(Rating.commendation) == Commendation.PENNANT).label("pennants"),
        )
        .select_from(ProjectRequest)
        .join(
            Rating,
            (col(Rating.community_code) == col(ProjectRequest.community_code))
            & (col(Rating.request_id) == col(ProjectRequest.request_id)),
        )
        .where(of_project(ProjectRequest, project))
    )
    row = (await session.execute(statement)).one()
    average = round(float(row.average), 2) if row.average is not None else None
    return dict(row._mapping) | {"average": average}


async def list_for_map(
    session: AsyncSession, principal: Principal, states: Sequence[ProjectState]
) -> Sequence[Project]:
    statement = readable(principal).where(col(Project.longitude).is_not(None))
    if states:
        statement = statement.where(col(Project.state).in_(states))
    return await _all(session, statement.order_by(col(Project.id).desc()).limit(ON_A_MAP))


async def has_unfinished(session: AsyncSession, community_code: str, deliberation_id: UUID) -> bool:
    """Whether a project that this deliberation opened is neither accepted nor given up."""
    ended = (ProjectState.ACCEPTED, ProjectState.CLOSED, ProjectState.CANCELLED)
    statement = select(col(Project.id)).where(
        col(Project.community_code) == community_code,
        col(Project.deliberation_id) == deliberation_id,
        col(Project.state).not_in(ended),
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def lock_late(session: AsyncSession, today: date) -> Sequence[tuple[Milestone, Project]]:
    """Milestones of projects under way whose day has passed; those that somebody is changing just now come later."""
    statement = (
        select(Milestone, Project)
        .join(
            Project,
            (col(Project.community_code) == col(Milestone.community_code))
            & (col(Project.id) == col(Milestone.project_id)),
        )
        .where(col(Milestone.warn_on) <= today, col(Project.state).in_(RUNNING))
        .order_by(col(Milestone.warn_on))
        .limit(SWEPT_AT_ONCE)
        .with_for_update(of=Milestone, skip_locked=True)
    )
    return [(milestone, project) for milestone, project in (await session.execute(statement)).all()]


async def stop_watching(session: AsyncSession, project: Project) -> None:
    """No milestone of a project that was given up can be late."""
    statement = update(Milestone).where(of_project(Milestone, project)).values(warn_on=None)
    await session.execute(statement.execution_options(synchronize_session=False))


async def forget_person(session: AsyncSession, community_code: str, person_id: UUID) -> None:
    """An erased inspector's name and note are gone; that the project was found good stays."""
    statement = update(Inspection).where(
        col(Inspection.community_code) == community_code,
        or_(col(Inspection.person_id) == person_id, col(Inspection.key_subject_id) == person_id),
    )
    values = {"person_id": None, "key_subject_id": None, "note_sealed": None}
    await session.execute(statement.values(values).execution_options(synchronize_session=False))
