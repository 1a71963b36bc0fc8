from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from services.requests.moderation.models import Redaction
from services.requests.ratings.models import Rating
from services.requests.service_requests.auth import OFFICE, WORKERS
from services.requests.service_requests.models import ServiceRequest, TimelineEntry, Visibility
from shared.conditions import among
from shared.db import AsyncSession, count_changed
from shared.errors import NotFound

_OF_OFFICE = [role.value for role in OFFICE | WORKERS]


async def list_redactions(session: AsyncSession, request: ServiceRequest) -> Sequence[Redaction]:
    statement = select(Redaction).where(
        col(Redaction.community_code) == request.community_code, col(Redaction.request_id) == request.id
    )
    return (await session.execute(statement.order_by(col(Redaction.id)))).scalars().all()


async def get_redaction(session: AsyncSession, request: ServiceRequest, redaction_id: UUID) -> Redaction:
    found = await session.get(Redaction, (request.community_code, redaction_id))
    if found is None or found.request_id != request.id:
        raise NotFound
    return found


async def get_written(
    session: AsyncSession, kind: type[TimelineEntry] | type[Rating], request: ServiceRequest, row_id: UUID
) -> TimelineEntry | Rating:
    """A line of the timeline or a rating of this request."""
    found = await session.get(kind, (request.community_code, row_id))
    if found is None or found.request_id != request.id:
        raise NotFound
    return found


async def release_updates(
    session: AsyncSession, request: ServiceRequest, update_ids: Sequence[UUID], at: datetime
) -> int:
    """Let everybody read these public lines of the office; returns how many there are."""
    statement = (
        update(TimelineEntry)
        .where(
            col(TimelineEntry.community_code) == request.community_code,
            col(TimelineEntry.request_id) == request.id,
            among(col(TimelineEntry.id), update_ids),
            col(TimelineEntry.visibility) == Visibility.PUBLIC,
            col(TimelineEntry.actor_role).in_(_OF_OFFICE),
        )
        .values(released_at=at)
        .execution_options(synchronize_session=False)
    )
    return await count_changed(session, statement)


async def take_updates_back(session: AsyncSession, request: ServiceRequest) -> int:
    statement = (
        update(TimelineEntry)
        .where(
            col(TimelineEntry.community_code) == request.community_code,
            col(TimelineEntry.request_id) == request.id,
            col(TimelineEntry.released_at).is_not(None),
        )
        .values(released_at=None)
        .execution_options(synchronize_session=False)
    )
    return await count_changed(session, statement)


async def blank_originals(session: AsyncSession, community_code: str, key_subject_id: UUID) -> None:
    """Drop the originals that nobody can open any more."""
    await session.execute(
        update(Redaction)
        .where(col(Redaction.community_code) == community_code, col(Redaction.key_subject_id) == key_subject_id)
        .values(original_sealed=None)
    )
