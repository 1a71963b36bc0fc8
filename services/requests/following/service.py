"""Use cases of following: hear of a request besides its requester, be silent about it, hear of it again."""

from uuid import UUID

from services.requests.following import repository
from services.requests.service_requests import repository as requests
from services.requests.service_requests.models import FollowReason, RequestFollower
from shared.auth import Principal
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import NotFound


async def follow(session: AsyncSession, principal: Principal, request_id: UUID) -> RequestFollower:
    """Hear of a request of one's household. Who asked it hears of it anyway; another's is supported, not followed."""
    request = await requests.lock_request(session, principal, request_id)
    person_id = _person(principal)
    await requests.add_follower(session, request, person_id, FollowReason.FOLLOWS)
    await session.flush()
    return await get_follower(session, principal, request_id)


async def mute(session: AsyncSession, principal: Principal, request_id: UUID, *, muted: bool) -> RequestFollower:
    """Hear no more of a request that one follows or supports, or hear of it again. It counts as before."""
    at = utc_now() if muted else None
    if not await repository.set_muted(session, principal.area, request_id, _person(principal), at):
        raise NotFound
    return await get_follower(session, principal, request_id)


async def get_follower(session: AsyncSession, principal: Principal, request_id: UUID) -> RequestFollower:
    found = await repository.find_follower(session, principal.area, request_id, _person(principal))
    if found is None:
        raise NotFound
    return found


def _person(principal: Principal) -> UUID:
    if principal.person_id is None:
        raise NotFound
    return principal.person_id
