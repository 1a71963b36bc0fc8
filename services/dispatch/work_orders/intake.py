"""What requests and residents tell dispatch. Handlers see each event once, but perhaps late or in another order."""

from datetime import datetime, timedelta
from uuid import UUID

from services.dispatch.events import WorkOrderCancelled, WorkOrderCreated
from services.dispatch.objections.repository import lapse
from services.dispatch.policies.repository import current_number
from services.dispatch.policies.schemas import POLICE_HELP
from services.dispatch.work_orders import dispatching, repository
from services.dispatch.work_orders.models import WorkOrder
from services.dispatch.work_orders.vocabulary import OPEN, TRANSITIONS, Cause, Ending, Origin, State, Urgency
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload

FALLBACK = timedelta(days=1)
"""For a request that does not say until when it must be resolved."""


class NotKnownYet(Exception):
    """News of a request whose submission has not arrived: it is delivered again later."""


class RequestNews(Payload):
    """What every event of a request says."""

    request_id: UUID
    category: str = "other"
    urgency: Urgency = Urgency.NORMAL
    grid_code: str | None = None
    requester_person_id: UUID | None = None
    household_id: UUID | None = None
    channel: str | None = None
    responder_kind: str | None = None
    origin: Origin | None = None
    resolve_by: datetime | None = None
    confidential: bool = False


class FoundPersonEscalated(Payload):
    found_person_id: UUID
    grid_code: str | None = None


class PersonErased(Payload):
    person_id: UUID


async def keep_submitted_request(session: AsyncSession, envelope: Envelope) -> None:
    """A request came in: make its first work order and ask somebody at once."""
    news = RequestNews.model_validate(envelope.data)
    if not await repository.lock_orders_of(session, envelope.community, news.request_id):
        await open_work_order(session, envelope, news, previous=None)


async def keep_reopened_request(session: AsyncSession, envelope: Envelope) -> None:
    """The requester says it is not solved, or a merge was undone: another order, linked to the one before."""
    news = RequestNews.model_validate(envelope.data)
    *_, latest = await known_orders(session, envelope, news)
    if latest.request_version >= envelope.aggregateversion or latest.state in OPEN:
        return
    await open_work_order(session, envelope, news, previous=latest)


async def keep_settled_request(session: AsyncSession, envelope: Envelope) -> None:
    """The request was withdrawn, merged, or settled without its order: nobody need work on it any more."""
    news = RequestNews.model_validate(envelope.data)
    for order in await known_orders(session, envelope, news):
        if order.request_version < envelope.aggregateversion and order.state in TRANSITIONS["cancel"]:
            await _cancel(session, order)


async def keep_promised_time(session: AsyncSession, envelope: Envelope) -> None:
    """The clock of the request started, was stopped or runs on: its open orders are due when it is."""
    news = RequestNews.model_validate(envelope.data)
    for order in await known_orders(session, envelope, news):
        if news.resolve_by and order.state in OPEN and order.due_version < envelope.aggregateversion:
            order.due_version = envelope.aggregateversion
            if order.due_at != news.resolve_by:
                order.due_at = news.resolve_by
                dispatching.touch(order)
    await session.flush()


async def keep_confidential_request(session: AsyncSession, envelope: Envelope) -> None:
    """A mediation took the request in: who was asked keeps the order, and nobody else hears of it any more."""
    await known_orders(session, envelope, RequestNews.model_validate(envelope.data))
    await session.flush()


async def send_police(session: AsyncSession, envelope: Envelope) -> None:
    """A found person was not brought home in time: the police of the grid are asked as well, by an order of their own.

    Whoever is on the way stays; both orders end with the request. Where no police are on duty, the duty desk is asked.
    """
    case = FoundPersonEscalated.model_validate(envelope.data)
    origin = Origin(type="found_person", id=case.found_person_id)
    orders = await repository.lock_orders_from(session, envelope.community, origin)
    if not orders:
        raise NotKnownYet
    latest = orders[-1]
    if latest.state not in OPEN or any(order.category == POLICE_HELP for order in orders):
        return
    news = RequestNews(
        request_id=latest.request_id,
        category=POLICE_HELP,
        urgency=Urgency.URGENT,
        grid_code=case.grid_code or latest.grid_code,
        household_id=latest.household_id,
        channel=latest.channel,
        origin=origin,
        resolve_by=latest.due_at,
        confidential=latest.confidential,
    )
    await _open(session, envelope.community, news, sequence=latest.sequence + 1, version=latest.request_version)


async def forget_person(session: AsyncSession, envelope: Envelope) -> None:
    erased = PersonErased.model_validate(envelope.data)
    await repository.forget_requester(session, envelope.community, erased.person_id)


async def open_work_order(
    session: AsyncSession, envelope: Envelope, news: RequestNews, *, previous: WorkOrder | None
) -> WorkOrder:
    if news.origin is None and previous is not None:
        news = news.model_copy(update={"origin": dispatching.origin_of(previous)})
    if previous is not None:
        kept = {
            "household_id": news.household_id or previous.household_id,
            "confidential": news.confidential or previous.confidential,
        }
        if news.category == previous.category:
            kept["responder_kind"] = previous.responder_kind
        news = news.model_copy(update=kept)
    sequence, previous_id = (previous.sequence + 1, previous.id) if previous else (1, None)
    version = envelope.aggregateversion
    return await _open(session, envelope.community, news, sequence=sequence, version=version, previous_id=previous_id)


async def _open(
    session: AsyncSession,
    community_code: str,
    news: RequestNews,
    *,
    sequence: int,
    version: int,
    previous_id: UUID | None = None,
) -> WorkOrder:
    order = WorkOrder(
        community_code=community_code,
        **news.model_dump(exclude={"origin", "resolve_by"}),
        origin=news.origin.model_dump(mode="json") if news.origin else None,
        sequence=sequence,
        previous_id=previous_id,
        request_version=version,
        due_at=news.resolve_by or utc_now() + FALLBACK,
        due_version=version,
        policy_number=await current_number(session, community_code),
    )
    session.add(order)
    created = WorkOrderCreated(
        work_order_id=order.id,
        request_id=order.request_id,
        grid_code=order.grid_code,
        urgency=order.urgency,
        origin=dispatching.origin_of(order),
    )
    assigned = await dispatching.assign_by_rules(session, order, Cause.ARRIVAL)
    await session.flush()
    await dispatching.publish(session, order, created, *assigned)
    return order


async def known_orders(session: AsyncSession, envelope: Envelope, news: RequestNews) -> list[WorkOrder]:
    """The orders of a request, locked; closed to others if it is, whatever else the news is and however late."""
    orders = list(await repository.lock_orders_of(session, envelope.community, news.request_id))
    if not orders:
        raise NotKnownYet
    for order in orders:
        if news.confidential and not order.confidential:
            order.confidential = True
            dispatching.touch(order)
    return orders


async def _cancel(session: AsyncSession, order: WorkOrder) -> None:
    await lapse(session, order)
    order.state, order.escalate_at = State.CANCELLED, None
    dispatching.touch(order)
    await session.flush()
    await repository.end_assignments(session, order, Ending.CANCELLED)
    event = WorkOrderCancelled(work_order_id=order.id, request_id=order.request_id)
    await dispatching.publish(session, order, event)
