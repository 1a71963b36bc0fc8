"""A merged request stands again: because the merge is undone, or because the one that it went into was taken back."""

from services.requests.merges import repository
from services.requests.service_requests.followers import remove_followers
from services.requests.service_requests.models import FollowReason, ServiceRequest, Step, TimelineEntry, Visibility
from services.requests.service_requests.timeline import Actor, entry_of, record
from shared.db import AsyncSession


async def restore(session: AsyncSession, source: ServiceRequest, target: ServiceRequest, actor: Actor) -> TimelineEntry:
    """Put a locked request back where it stood before it went into `target`. Returns the line to be recorded.

    Its clock has not moved meanwhile. The target's timeline says so too, to the office.
    """
    people = repository.people_of(source, await repository.all_followers_of(session, source))
    stay = await repository.other_requesters(session, target, but=source)
    await remove_followers(session, target, people - stay, FollowReason.MERGED)
    source.state = await repository.state_before(session, source)
    source.merged_into_id = None
    detail = {"role": "target", "request_id": str(source.id)}
    internal = entry_of(target, Step.UNMERGED, actor, visibility=Visibility.INTERNAL, detail=detail)
    await record(session, target, internal)
    return entry_of(source, Step.UNMERGED, actor, detail={"role": "source", "request_id": str(target.id)})


async def release_all(session: AsyncSession, target: ServiceRequest, actor: Actor) -> None:
    """What was merged into a request that is taken back is still asked for: each stands again."""
    for source in await repository.lock_merged(session, target):
        await record(session, source, await restore(session, source, target, actor))
