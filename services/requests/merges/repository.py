from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from services.requests.service_requests.models import RequestFollower, ServiceRequest, Step, TimelineEntry
from services.requests.service_requests.repository import readable
from services.requests.service_requests.states import State
from shared.auth import Principal
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound


async def lock_both(
    session: AsyncSession, principal: Principal, source_id: UUID, target_id: UUID
) -> tuple[ServiceRequest, ServiceRequest]:
    """Both requests, locked in one order whoever comes first; NotFound unless both are in reach."""
    statement = readable(principal).where(col(ServiceRequest.id).in_((source_id, target_id)))
    locked = statement.order_by(col(ServiceRequest.id)).with_for_update(of=ServiceRequest)
    found = {row.id: row for row in (await session.execute(locked)).scalars()}
    if len(found) < 2:
        raise NotFound
    return found[source_id], found[target_id]


async def lock_with_target(
    session: AsyncSession, principal: Principal, request_id: UUID
) -> tuple[ServiceRequest, ServiceRequest | None]:
    """A request in reach and the one that it went into, which need not be; locked in one order whoever comes first."""
    mine = readable(principal).where(col(ServiceRequest.id) == request_id).cte("mine")
    ids = select(mine.c.id).union_all(select(mine.c.merged_into_id).where(mine.c.merged_into_id.is_not(None)))
    statement = select(ServiceRequest).where(
        in_area(col(ServiceRequest.community_code), principal.area), col(ServiceRequest.id).in_(ids)
    )
    locked = statement.order_by(col(ServiceRequest.id)).with_for_update()
    found = {row.id: row for row in (await session.execute(locked)).scalars()}
    if request_id not in found:
        raise NotFound
    merged_into = found[request_id].merged_into_id
    return found[request_id], found[merged_into] if merged_into else None


async def lock_merged(session: AsyncSession, target: ServiceRequest) -> Sequence[ServiceRequest]:
    """What was merged into this request; locked."""
    statement = select(ServiceRequest).where(
        col(ServiceRequest.community_code) == target.community_code, col(ServiceRequest.merged_into_id) == target.id
    )
    return (await session.execute(statement.order_by(col(ServiceRequest.id)).with_for_update())).scalars().all()


async def holds_others(session: AsyncSession, request: ServiceRequest) -> bool:
    statement = select(col(ServiceRequest.id)).where(
        col(ServiceRequest.community_code) == request.community_code, col(ServiceRequest.merged_into_id) == request.id
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def other_requesters(session: AsyncSession, target: ServiceRequest, *, but: ServiceRequest) -> set[UUID]:
    """Whose requests are merged into `target`, besides `but`."""
    statement = select(col(ServiceRequest.requester_person_id)).where(
        col(ServiceRequest.community_code) == target.community_code,
        col(ServiceRequest.merged_into_id) == target.id,
        col(ServiceRequest.id) != but.id,
        col(ServiceRequest.requester_person_id).is_not(None),
    )
    return {person_id for person_id in (await session.execute(statement)).scalars() if person_id}


async def all_followers_of(session: AsyncSession, request: ServiceRequest) -> Sequence[UUID]:
    """All followers, those too who have muted it."""
    statement = select(col(RequestFollower.person_id)).where(
        col(RequestFollower.community_code) == request.community_code, col(RequestFollower.request_id) == request.id
    )
    return (await session.execute(statement)).scalars().all()


async def state_before(session: AsyncSession, source: ServiceRequest) -> State:
    """Where a merged request stood before it was merged, as its timeline says."""
    statement = (
        select(col(TimelineEntry.detail)["state_before"].astext)
        .where(
            col(TimelineEntry.community_code) == source.community_code,
            col(TimelineEntry.request_id) == source.id,
            col(TimelineEntry.step) == Step.MERGED,
            col(TimelineEntry.detail)["role"].astext == "source",
        )
        .order_by(col(TimelineEntry.id).desc())
        .limit(1)
    )
    return State((await session.execute(statement)).scalar_one())


def people_of(source: ServiceRequest, followers: Iterable[UUID]) -> set[UUID]:
    """Who must hear of the other request once `source` has gone into it."""
    return {*followers, *((source.requester_person_id,) if source.requester_person_id else ())}
