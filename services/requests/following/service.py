"""Use cases of following: hear of a request besides its requester, be silent about it, hear of it again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from services.requests.following import repository, watching
from services.requests.following.models import RequestWatcher
from services.requests.service_requests import repository as requests
from services.requests.service_requests.followers import add_follower, remove_followers
from services.requests.service_requests.models import FollowReason, RequestFollower, ServiceRequest
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class Follow:
    """Whether and why somebody hears of a request. `reason` None: they asked it themselves."""

    request_id: UUID
    reason: FollowReason | None
    muted_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, row: RequestFollower | RequestWatcher | ServiceRequest) -> Self:
        if isinstance(row, ServiceRequest):
            return cls(row.id, None, row.requester_muted_at, row.created_at)
        if isinstance(row, RequestWatcher):
            return cls(row.request_id, FollowReason.FOLLOWS, row.muted_at, row.created_at)
        return cls(row.request_id, row.reason, row.muted_at, row.created_at)


async def follow(session: AsyncSession, principal: Principal, request_id: UUID) -> Follow:
    """Hear of a request of one's household; of any that one may read, for the office and its workers.

    Who asked it hears of it anyway; a resident supports another's, and does not follow it.
    """
    if principal.role is not Role.RESIDENT:
        return Follow.of(await watching.watch(session, principal, request_id))
    person_id = _person(principal)
    request = await requests.lock_request(session, principal, request_id)
    if request.requester_person_id == person_id:
        return Follow.of(request)
    await add_follower(session, request, person_id, FollowReason.FOLLOWS)
    await session.flush()
    return await get_follow(session, principal, request_id)


async def unfollow(session: AsyncSession, principal: Principal, request_id: UUID) -> None:
    """Follow no longer. Who supports a request withdraws that instead; who asked, or asked the same, may mute it."""
    if principal.role is not Role.RESIDENT:
        return await watching.unwatch(session, principal, request_id)
    request = await requests.lock_request(session, principal, request_id)
    await remove_followers(session, request, [_person(principal)], FollowReason.FOLLOWS)


async def mute(session: AsyncSession, principal: Principal, request_id: UUID, *, muted: bool) -> Follow:
    """Hear no more of a request that one asked, follows or supports, or hear of it again. It counts as before."""
    if principal.role is not Role.RESIDENT:
        return Follow.of(await watching.mute_watch(session, principal, request_id, muted=muted))
    person_id, at = _person(principal), utc_now() if muted else None
    own = await repository.find_own(session, principal, request_id, lock=True)
    if own is not None:
        own.requester_muted_at = at
        await session.flush()
        return Follow.of(own)
    if not await repository.set_muted(session, principal.area, request_id, person_id, at):
        raise NotFound
    return await get_follow(session, principal, request_id)


async def get_follow(session: AsyncSession, principal: Principal, request_id: UUID) -> Follow:
    if principal.role is not Role.RESIDENT:
        return Follow.of(await watching.get_watch(session, principal, request_id))
    own = await repository.find_own(session, principal, request_id)
    found = own or await repository.find_follower(session, principal.area, request_id, _person(principal))
    if found is None:
        raise NotFound
    return Follow.of(found)


def _person(principal: Principal) -> UUID:
    if principal.person_id is None:
        raise NotFound
    return principal.person_id
