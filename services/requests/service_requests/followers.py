"""Who hears of a request besides its requester: residents by their record, the office and its workers by account."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import delete, literal, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.requests.following.models import RequestWatcher
from services.requests.service_requests.models import FollowReason, RequestFollower, ServiceRequest
from services.requests.service_requests.repository import readable
from shared.clock import utc_now
from shared.conditions import among
from shared.db import AsyncSession, count_changed

TOLD_AT_ONCE = 5_000
"""An event names no more followers than this: 200 KB of the megabyte that a message may have."""


@dataclass(slots=True)
class Audience:
    """Whom an event about a request names: nobody who has muted it."""

    people: list[UUID] = field(default_factory=list)
    """Residents; nobody of a request that is closed to others."""
    accounts: list[str] = field(default_factory=list)
    """Of the office and its workers, who may read it just now."""


async def audience_of(session: AsyncSession, requests: Sequence[ServiceRequest]) -> defaultdict[UUID, Audience]:
    """By request, who hears of it besides its requester; an empty audience for those that nobody follows."""
    found: defaultdict[UUID, Audience] = defaultdict(Audience)
    await _add_people(session, requests, found)
    await _add_accounts(session, requests, found)
    return found


async def _add_people(
    session: AsyncSession, requests: Sequence[ServiceRequest], found: defaultdict[UUID, Audience]
) -> None:
    followed = [request for request in requests if request.follower_count and not request.is_closed_to_others]
    if not followed:
        return
    statement = select(col(RequestFollower.request_id), col(RequestFollower.person_id)).where(
        col(RequestFollower.community_code).in_({request.community_code for request in followed}),
        among(col(RequestFollower.request_id), {request.id for request in followed}),
        col(RequestFollower.muted_at).is_(None),
    )
    for request_id, person_id in await session.execute(statement):
        if len(found[request_id].people) < TOLD_AT_ONCE:
            found[request_id].people.append(person_id)


async def _add_accounts(
    session: AsyncSession, requests: Sequence[ServiceRequest], found: defaultdict[UUID, Audience]
) -> None:
    """Whoever has lost sight of a request by what has just happened follows it no longer."""
    watched = {request.id: request for request in requests if request.watcher_count}
    if not watched:
        return
    statement = select(RequestWatcher).where(
        col(RequestWatcher.community_code).in_({request.community_code for request in watched.values()}),
        among(col(RequestWatcher.request_id), watched),
    )
    watchers = (await session.execute(statement.order_by(col(RequestWatcher.account)))).scalars().all()
    seen = await _seen(session, watchers)
    for watcher in watchers:
        if (watcher.request_id, watcher.account) not in seen:
            await session.delete(watcher)
            watched[watcher.request_id].watcher_count -= 1
        elif watcher.muted_at is None:
            found[watcher.request_id].accounts.append(watcher.account)


async def _seen(session: AsyncSession, watchers: Sequence[RequestWatcher]) -> set[tuple[UUID, str]]:
    """Which of them may read what they follow, in one query."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for watcher in watchers:
        wanted[watcher.account].add(watcher.request_id)
    principals = {watcher.account: watcher.principal for watcher in watchers}
    parts = [
        readable(principal)
        .with_only_columns(col(ServiceRequest.id), literal(account).label("account"))
        .where(among(col(ServiceRequest.id), wanted[account]))
        for account, principal in principals.items()
    ]
    if not parts:
        return set()
    return {(row[0], row[1]) for row in await session.execute(union_all(*parts))}


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
