"""Use cases of a deliberation before and around the meeting. They flush and never commit: the edge does."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.requests.contributions import repository as linked
from services.requests.contributions import service as contributions
from services.requests.deliberations import repository
from services.requests.deliberations.errors import NobodyToDecide, NoQuorum
from services.requests.deliberations.events import (
    DeliberationCancelled,
    DeliberationChanged,
    DeliberationScheduled,
    MeetingChanged,
)
from services.requests.deliberations.models import Deliberation, Participant, ParticipantRole
from services.requests.deliberations.rules import is_quorate
from services.requests.deliberations.schemas import DeliberationChange, DeliberationCreate, Schedule
from services.requests.deliberations.states import Verb, after
from shared import outbox
from shared.auth import Principal
from shared.clock import utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession
from shared.errors import invalid
from shared.vault import Vault

_REMIND_BEFORE = (timedelta(days=1), timedelta(hours=1))
"""The day before; of a meeting called later than that, the hour before."""
_FURTHEST = timedelta(days=366)
_FEWEST = 2


async def propose(session: AsyncSession, vault: Vault, principal: Principal, data: DeliberationCreate) -> Deliberation:
    """Raise a deliberation, usually from a cluster of requests; each requester is told that theirs is part of it."""
    deliberation = Deliberation(
        community_code=principal.community_code,
        title=data.title,
        purpose=data.purpose,
        agenda=list(data.agenda),
        raised_by=principal.subject,
    )
    session.add(deliberation)
    await session.flush()
    await _contribute(session, vault, principal, deliberation, data.request_ids)
    return deliberation


async def change(
    session: AsyncSession, principal: Principal, deliberation_id: UUID, data: DeliberationChange, version: int
) -> Deliberation:
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    check_version(deliberation.version, version)
    after(deliberation.state, Verb.PREPARE)
    for name in data.model_fields_set:
        setattr(deliberation, name, getattr(data, name))
    return await touch(session, deliberation)


async def add_requests(
    session: AsyncSession, vault: Vault, principal: Principal, deliberation_id: UUID, request_ids: Sequence[UUID]
) -> Deliberation:
    """Take up more requests; which of them were there already does not matter."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    after(deliberation.state, Verb.PREPARE)
    await _contribute(session, vault, principal, deliberation, request_ids)
    return await touch(session, deliberation)


async def _contribute(
    session: AsyncSession, vault: Vault, principal: Principal, deliberation: Deliberation, request_ids: Sequence[UUID]
) -> None:
    await contributions.contribute(
        session,
        vault,
        principal,
        repository.LINKS,
        deliberation.community_code,
        deliberation.id,
        request_ids,
    )


async def schedule(session: AsyncSession, principal: Principal, deliberation_id: UUID, data: Schedule) -> Deliberation:
    """Call the meeting, or move it: everybody is invited, and asked anew. The quorum is stated here."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    state = after(deliberation.state, Verb.SCHEDULE)
    now = utc_now()
    if not now < data.begins_at < now + _FURTHEST:
        raise invalid("/begins_at", "range", "须在今后一年之内", "Must lie within the year ahead")
    seats = await repository.participants(session, deliberation)
    members, _ = await repository.attendance(session, deliberation)
    if members < _FEWEST or not any(seat.role is ParticipantRole.CHAIR for seat in seats):
        raise NobodyToDecide
    await repository.ask_anew(session, deliberation)
    deliberation.state, deliberation.quorum = state, data.quorum
    deliberation.begins_at, deliberation.venue = data.begins_at.astimezone(UTC), data.venue
    deliberation.remind_at = _remind_at(data.begins_at, now)
    await touch(session, deliberation)
    await tell_invited(session, DeliberationScheduled, deliberation, seats)
    return deliberation


def _remind_at(begins_at: datetime, now: datetime) -> datetime | None:
    moments = (begins_at - before for before in _REMIND_BEFORE)
    return next((moment.astimezone(UTC) for moment in moments if moment > now), None)


async def hold(session: AsyncSession, principal: Principal, deliberation_id: UUID) -> Deliberation:
    """Open the meeting. NoQuorum while too few of those who vote are there."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    deliberation.state = after(deliberation.state, Verb.HOLD)
    members, present = await repository.attendance(session, deliberation)
    if deliberation.quorum is None or not is_quorate(deliberation.quorum, present=present, members=members):
        raise NoQuorum(members=members, present=present)
    deliberation.held_at, deliberation.remind_at = utc_now(), None
    return await touch(session, deliberation)


async def cancel(
    session: AsyncSession, vault: Vault, principal: Principal, deliberation_id: UUID, why: str
) -> Deliberation:
    """Call it off; whoever was invited need not come, and whoever asked is told why."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    deliberation.state = after(deliberation.state, Verb.CANCEL)
    deliberation.remind_at = None
    await touch(session, deliberation)
    if deliberation.begins_at is not None:
        seats = await repository.participants(session, deliberation)
        await tell_invited(session, DeliberationCancelled, deliberation, seats)
    await tell_contributors(session, vault, principal, deliberation, why)
    return deliberation


async def tell_contributors(
    session: AsyncSession, vault: Vault, principal: Principal, deliberation: Deliberation, text: str
) -> int:
    """Tell whoever asked one of the contributing requests; returns how many requests there are."""
    requests = await linked.lock_linked(session, repository.LINKS, deliberation.community_code, deliberation.id)
    detail = {
        "type": repository.LINKS.type,
        "id": str(deliberation.id),
        "state": deliberation.state.value,
        "is_resolved": deliberation.is_resolved,
    }
    await contributions.tell(session, vault, principal, requests, detail=detail, text=text)
    return len(requests)


async def touch(session: AsyncSession, deliberation: Deliberation) -> Deliberation:
    deliberation.version += 1
    deliberation.updated_at = utc_now()
    await session.flush()
    return deliberation


async def tell_invited(
    session: AsyncSession, kind: type[MeetingChanged], deliberation: Deliberation, seats: Sequence[Participant]
) -> None:
    if deliberation.begins_at is not None:
        await tell(session, deliberation, meeting_event(kind, deliberation, seats))


def meeting_event(
    kind: type[MeetingChanged], deliberation: Deliberation, seats: Sequence[Participant]
) -> MeetingChanged:
    assert deliberation.begins_at is not None
    return kind(
        deliberation_id=deliberation.id,
        state=deliberation.state.value,
        begins_at=deliberation.begins_at,
        person_ids=[seat.person_id for seat in seats if seat.person_id is not None],
        responder_ids=[seat.responder_id for seat in seats if seat.responder_id is not None],
    )


def outbox_row(deliberation: Deliberation, event: DeliberationChanged) -> dict[str, object]:
    return outbox.row(
        event,
        community_code=deliberation.community_code,
        subject=f"deliberations/{deliberation.id}",
        version=deliberation.version,
    )


async def tell(session: AsyncSession, deliberation: Deliberation, event: DeliberationChanged) -> None:
    await outbox.add_many(session, [outbox_row(deliberation, event)])
