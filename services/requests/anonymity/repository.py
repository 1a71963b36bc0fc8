from datetime import date

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.requests.anonymity.models import AnonymousCount
from services.requests.service_requests.models import ServiceRequest, TimelineEntry
from services.requests.service_requests.repository import timeline
from shared.db import AsyncSession, count_changed
from shared.errors import NotFound


async def count_one(session: AsyncSession, community_code: str, day: date, index: bytes, allowed: int) -> bool:
    """Count one more, unless that would be more than `allowed`. One statement: two at once cannot both be the last."""
    if allowed < 1:
        return False
    statement = insert(AnonymousCount).values(
        community_code=community_code, counted_on=day, submitter_index=index, count=1
    )
    statement = statement.on_conflict_do_update(
        index_elements=["community_code", "counted_on", "submitter_index"],
        set_={"count": col(AnonymousCount.count) + 1},
        where=col(AnonymousCount.count) < allowed,
    )
    return await count_changed(session, statement) > 0


async def drop_counts(session: AsyncSession, before: date) -> int:
    return await count_changed(session, delete(AnonymousCount).where(col(AnonymousCount.counted_on) < before))


async def get_by_code(session: AsyncSession, community_code: str, index: bytes) -> ServiceRequest:
    return await _one(session, _by_code(community_code, index))


async def lock_by_code(session: AsyncSession, community_code: str, index: bytes) -> ServiceRequest:
    return await _one(session, _by_code(community_code, index).with_for_update())


async def newest_lines(session: AsyncSession, request: ServiceRequest, limit: int) -> list[TimelineEntry]:
    """The last public lines of the timeline, oldest first."""
    newest = timeline(request, internal=False).order_by(col(TimelineEntry.id).desc()).limit(limit)
    return list((await session.execute(newest)).scalars())[::-1]


def _by_code(community_code: str, index: bytes) -> Select[ServiceRequest]:
    return select(ServiceRequest).where(
        col(ServiceRequest.community_code) == community_code, col(ServiceRequest.follow_up_index) == index
    )


async def _one(session: AsyncSession, statement: Select[ServiceRequest]) -> ServiceRequest:
    request = (await session.execute(statement)).scalar_one_or_none()
    if request is None:
        raise NotFound
    return request
