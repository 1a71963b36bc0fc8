"""What dispatch's work orders do to a request. Events come at least once and, after a failure, out of order.

Every handler may be the first that hears of an order, and ignores what is older than what it has seen of it. An order
that was made before the request was reopened is written down but moves nothing any more.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.requests.service_requests import deadlines
from services.requests.service_requests import repository as requests
from services.requests.service_requests.errors import UnknownRequest
from services.requests.service_requests.models import ServiceRequest, Step, Visibility
from services.requests.service_requests.states import OPEN, UNDER_WAY, State
from services.requests.service_requests.timeline import Actor, entry_of, record
from services.requests.work_orders import repository
from services.requests.work_orders.models import RequestWorkOrder
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload

_DISPATCH = Actor.service("dispatch")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


class WorkOrderEvent(Payload):
    """What any `dispatch.work_order_*.v1` may say."""

    work_order_id: UUID
    request_id: UUID
    responder_id: UUID | None = None
    tier: str | None = None
    outcome: str | None = None
    reason: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """An event taken in: what it says, when it happened, and the locked rows that it is about."""

    event: WorkOrderEvent
    at: datetime
    request: ServiceRequest
    order: RequestWorkOrder

    @property
    def moves(self) -> bool:
        """Whether the order may still move the request."""
        return self.order.round == self.request.reopened_count and self.request.state in OPEN


async def follow_created(session: AsyncSession, envelope: Envelope) -> None:
    await _take_in(session, envelope)


async def follow_assigned(session: AsyncSession, envelope: Envelope) -> None:
    """Somebody was asked: the request is dispatched and, the first time, its clock starts."""
    taken = await _take_in(session, envelope)
    if taken is None:
        return
    if taken.event.responder_id:
        await repository.grant(session, taken.order, taken.event.responder_id)
    taken.order.is_started = False
    before = taken.request.state
    if taken.moves:
        await _start_clock(session, taken)
        taken.request.responder_id = taken.request.responder_id or taken.event.responder_id
        taken.request.state = await _state_under_way(session, taken)
    is_news = taken.moves and taken.request.state is not before
    await _record(session, taken, Step.DISPATCHED, is_public=is_news, tier=_code(taken.event.tier))


async def follow_acknowledged(session: AsyncSession, envelope: Envelope) -> None:
    """Somebody has accepted the work: who was asked besides need not answer for it any more (首接负责)."""
    taken = await _take_in(session, envelope)
    if taken is None:
        return
    await _take_over(session, taken)
    moves = taken.moves
    if moves:
        await _take_up(session, taken)
        if taken.request.state not in UNDER_WAY:
            taken.request.state = State.DISPATCHED
    await _record(session, taken, Step.ACKNOWLEDGED, is_public=moves)


async def follow_started(session: AsyncSession, envelope: Envelope) -> None:
    taken = await _take_in(session, envelope)
    if taken is None:
        return
    await _take_over(session, taken)
    moves = taken.moves
    if moves:
        await _take_up(session, taken)
        taken.order.is_started = True
        taken.request.state = State.IN_PROGRESS
    await _record(session, taken, Step.STARTED, is_public=moves)


async def follow_completed(session: AsyncSession, envelope: Envelope) -> None:
    """The work is done: the request is resolved, and waits for its requester to say so."""
    taken = await _take_in(session, envelope)
    if taken is None:
        return
    await _take_over(session, taken)
    moves = taken.moves
    if moves:
        await _take_up(session, taken)
        deadlines.resume(taken.request, taken.at)
        taken.request.resolved_at = taken.at
        taken.request.state = State.RESOLVED
    await _record(session, taken, Step.RESOLVED, is_public=moves, outcome=_code(taken.event.outcome))


async def follow_handed_back(session: AsyncSession, envelope: Envelope) -> None:
    """The responder gives the work back. The clock runs on: handing back never resets it."""
    taken = await _take_in(session, envelope)
    if taken is None:
        return
    if taken.event.responder_id:
        await repository.end_grants(session, taken.order, taken.at, of=taken.event.responder_id)
    taken.order.is_started = False
    if taken.moves and taken.request.state in UNDER_WAY:
        taken.request.state = await _state_under_way(session, taken)
    await _record(session, taken, Step.HANDED_BACK, is_public=False, reason=_code(taken.event.reason))


async def follow_objected(session: AsyncSession, envelope: Envelope) -> None:
    """Who was asked says that it is not theirs. They stay answerable, and the clock runs, until that is decided."""
    taken = await _take_in(session, envelope)
    if taken is not None:
        await _record(session, taken, Step.OBJECTED, is_public=False, reason=_code(taken.event.reason))


async def follow_objection_decided(session: AsyncSession, envelope: Envelope) -> None:
    """Upheld: they answer for it no more, and whoever is asked next does. Overruled: it is theirs."""
    taken = await _take_in(session, envelope)
    if taken is None:
        return
    request, objector = taken.request, taken.event.responder_id
    if taken.event.outcome == "upheld" and objector:
        await repository.end_grants(session, taken.order, taken.at, of=objector)
        taken.order.is_started = False
        if request.responder_id == objector and taken.moves:
            request.responder_id = await repository.next_asked(session, request)
        if taken.moves and request.state in UNDER_WAY:
            request.state = await _state_under_way(session, taken)
    await _record(session, taken, Step.OBJECTION_DECIDED, is_public=False, outcome=_code(taken.event.outcome))


async def follow_escalated(session: AsyncSession, envelope: Envelope) -> None:
    taken = await _take_in(session, envelope)
    if taken is not None:
        await _record(session, taken, Step.ESCALATED, is_public=False, to=_code(taken.event.to))


async def follow_cancelled(session: AsyncSession, envelope: Envelope) -> None:
    """Nobody need work on it any more, so nobody who was asked for it reads it any more."""
    taken = await _take_in(session, envelope)
    if taken is not None:
        taken.order.is_started = False
        await repository.end_grants(session, taken.order, taken.at)


async def _take_in(session: AsyncSession, envelope: Envelope) -> Taken | None:
    """The event with its locked request and order; None if something newer of the order has been seen."""
    event = WorkOrderEvent.model_validate(envelope.data)
    request = await requests.find_by_id(session, envelope.community, event.request_id)
    if request is None:
        raise UnknownRequest
    order = await repository.get_work_order(session, request, event.work_order_id)
    if envelope.aggregateversion < order.seen_version:
        return None
    order.seen_version = envelope.aggregateversion
    await session.flush()
    return Taken(event, envelope.time, request, order)


async def _take_up(session: AsyncSession, taken: Taken) -> None:
    """Somebody answers for it from now on: the clock runs, and the first response is given.

    Whoever accepts another order of the same request (police beside the grid's worker) helps, and does not take over.
    """
    await _start_clock(session, taken)
    request = taken.request
    request.responded_at = request.responded_at or taken.at
    if taken.event.responder_id and not await repository.answers_otherwise(session, request, taken.order):
        request.responder_id = taken.event.responder_id


async def _start_clock(session: AsyncSession, taken: Taken) -> None:
    """The clock runs from the first dispatch; what was taken up was thereby accepted."""
    request = taken.request
    request.accepted_at = request.accepted_at or taken.at
    if request.first_dispatched_at is None:
        policy = await requests.get_policy(session, request)
        deadlines.start_clock(request, deadlines.Terms.of(policy), taken.at)


async def _state_under_way(session: AsyncSession, taken: Taken) -> State:
    """In progress while somebody is at work on another order of the request."""
    if taken.request.state is not State.IN_PROGRESS:
        return State.DISPATCHED
    others = await repository.is_worked_on(session, taken.request, but=taken.order)
    return State.IN_PROGRESS if others else State.DISPATCHED


async def _take_over(session: AsyncSession, taken: Taken) -> None:
    if taken.event.responder_id:
        await repository.grant(session, taken.order, taken.event.responder_id)
        await repository.end_grants(session, taken.order, taken.at, but=taken.event.responder_id)


async def _record(session: AsyncSession, taken: Taken, step: Step, *, is_public: bool, **detail: str | None) -> None:
    entry = entry_of(
        taken.request,
        step,
        _DISPATCH,
        visibility=Visibility.PUBLIC if is_public else Visibility.INTERNAL,
        responder_id=taken.event.responder_id,
        detail={"work_order_id": str(taken.event.work_order_id), **detail},
        at=taken.at,
    )
    await record(session, taken.request, entry)


def _code(said: str | None) -> str | None:
    """A code as it is, and nothing that could be a sentence."""
    return said if said and _CODE.fullmatch(said) else None
