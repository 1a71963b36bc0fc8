"""Who hears of a request besides its requester."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.requests.service_requests.models import FollowReason, RequestFollower, ServiceRequest
from shared.clock import utc_now
from shared.conditions import among
from shared.db import AsyncSession, count_changed

TOLD_AT_ONCE = 5_000
"""An event names no more followers than this: 200 KB of the megabyte that a message may have."""


async def followers_of(session: AsyncSession, requests: Iterable[ServiceRequest]) -> dict[UUID, list[UUID]]:
    """By request, who hears of it besides its requester: nobody of a confidential one, nobody who has muted it."""
    followed = [request for request in requests if request.follower_count and not request.is_closed_to_others]
    if not followed:
        return {}
    statement = select(col(RequestFollower.request_id), col(RequestFollower.person_id)).where(
        col(RequestFollower.community_code).in_({request.community_code for request in followed}),
        among(col(RequestFollower.request_id), {request.id for request in followed}),
        col(RequestFollower.muted_at).is_(None),
    )
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for request_id, person_id in await session.execute(statement):
        if len(found[request_id]) < TOLD_AT_ONCE:
            found[request_id].append(person_id)
    return found


async def remove_followers(
    session: AsyncSession, request: ServiceRequest, people: Collection[UUID], reason: FollowReason
) -> int:
    """End that these people follow a locked request for this reason; how many did."""
    statement = delete(RequestFollower).where(
        col(RequestFollower.community_code) == request.community_code,
        col(RequestFollower.request_id) == request.id,
        among(col(RequestFollower.person_id), people),
        col(RequestFollower.reason) == reason,
    )
    removed = await count_changed(session, statement)
    request.follower_count -= removed
    return removed


async def add_follower(session: AsyncSession, request: ServiceRequest, person_id: UUID, reason: FollowReason) -> bool:
    """Let a person hear of a locked request's public steps; False if they do already."""
    statement = insert(RequestFollower).values(
        community_code=request.community_code,
        request_id=request.id,
        person_id=person_id,
        reason=reason,
        created_at=utc_now(),
    )
    added = await count_changed(session, statement.on_conflict_do_nothing()) > 0
    request.follower_count += added
    return added
