"""A merged request stands again: because the merge is undone, because the one that it went into was taken back, or
because that one was answered and its requester says that their own matter is not solved."""

from typing import Any

from services.requests.merges import repository
from services.requests.service_requests.followers import remove_followers
from services.requests.service_requests.models import FollowReason, ServiceRequest, Step, TimelineEntry, Visibility
from services.requests.service_requests.states import State
from services.requests.service_requests.timeline import Actor, entry_of, record
from shared.db import AsyncSession


async def restore(session: AsyncSession, source: ServiceRequest, target: ServiceRequest, actor: Actor) -> TimelineEntry:
    """Put a locked request back where it stood before it went into `target`. Returns the line to be recorded.

    Its clock has not moved meanwhile. The target's timeline says so too, to the office.
    """
    before = await repository.state_before(session, source)
    detail = await set_apart(session, source, target, actor, before)
    return entry_of(source, Step.UNMERGED, actor, detail=detail)


async def set_apart(
    session: AsyncSession, source: ServiceRequest, target: ServiceRequest, actor: Actor, state: State
) -> dict[str, Any]:
    """Let a locked request go its own way again, from `state`. Returns what its line of the timeline says of it."""
    people = repository.people_of(source, await repository.all_followers_of(session, source))
    stay = await repository.other_requesters(session, target, but=source)
    await remove_followers(session, target, people - stay, FollowReason.MERGED)
    source.state, source.merged_into_id = state, None
    detail = {"role": "target", "request_id": str(source.id)}
    internal = entry_of(target, Step.UNMERGED, actor, visibility=Visibility.INTERNAL, detail=detail)
    await record(session, target, internal)
    return {"role": "source", "request_id": str(target.id)}


async def release_all(session: AsyncSession, target: ServiceRequest, actor: Actor) -> None:
    """What was merged into a request that is taken back is still asked for: each stands again."""
    for source in await repository.lock_merged(session, target):
        await record(session, source, await restore(session, source, target, actor))
