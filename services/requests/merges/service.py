"""Duplicates become one (并案): the requester of the merged one follows the other, and hears of every step of it."""

from uuid import UUID

from services.requests.merges import repository
from services.requests.merges.errors import HoldsOthers, TargetClosed
from services.requests.merges.release import restore
from services.requests.merges.schemas import Merge
from services.requests.service_requests import deadlines
from services.requests.service_requests import repository as requests
from services.requests.service_requests.followers import add_follower
from services.requests.service_requests.models import FollowReason, ServiceRequest, Step, Visibility
from services.requests.service_requests.service import step
from services.requests.service_requests.states import OPEN, Action, after
from services.requests.service_requests.texts import seal_text
from services.requests.service_requests.timeline import Actor, record
from shared.auth import Principal
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import invalid
from shared.vault import Vault


async def merge(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, data: Merge
) -> ServiceRequest:
    """Let one request go into another that asks the same. Nobody works on it any more; its clock does not stop."""
    if data.into == request_id:
        raise invalid("/into", "itself", "不能并入自身", "A request cannot go into itself")
    source, target = await repository.lock_both(session, principal, request_id, data.into)
    before, merged = source.state, after(source.state, Action.MERGE)
    if target.state not in OPEN:
        raise TargetClosed
    if await repository.holds_others(session, source):
        raise HoldsOthers
    source.state, source.merged_into_id = merged, target.id
    deadlines.resume(source, utc_now())
    for person_id in repository.people_of(source, await repository.all_followers_of(session, source)):
        if person_id != target.requester_person_id:
            await add_follower(session, target, person_id, FollowReason.MERGED)
    detail = {"role": "source", "merged_into_id": str(target.id), "state_before": before.value}
    await step(session, vault, principal, source, Step.MERGED, text=data.text, detail=detail)
    internal = {"role": "target", "request_id": str(source.id)}
    await step(session, vault, principal, target, Step.MERGED, visibility=Visibility.INTERNAL, detail=internal)
    return source


async def unmerge(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, text: str | None
) -> ServiceRequest:
    """Undo a merge while the other request is open: the state before, the same clock, and somebody is asked anew."""
    merged = await requests.get_request(session, principal, request_id)
    after(merged.state, Action.UNMERGE)
    assert merged.merged_into_id is not None
    source, target = await repository.lock_both(session, principal, request_id, merged.merged_into_id)
    await session.refresh(source)
    after(source.state, Action.UNMERGE)
    if target.state not in OPEN:
        raise TargetClosed
    entry = await restore(session, source, target, Actor.of(principal))
    await seal_text(vault, principal, source, entry, text)
    await record(session, source, entry)
    return source
