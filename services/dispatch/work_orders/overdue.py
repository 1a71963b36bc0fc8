"""What follows when a request's deadline comes near or passes: reminder, duty desk, supervision (督办)."""

from datetime import datetime
from uuid import UUID

from services.dispatch.events import WorkOrderEscalated, WorkOrderReminded
from services.dispatch.work_orders import dispatching, repository
from services.dispatch.work_orders.intake import NotKnownYet
from services.dispatch.work_orders.models import WorkOrder
from services.dispatch.work_orders.vocabulary import OPEN, EscalatedTo
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload

REMINDED_FROM = 80
"""Per cent of a deadline's working time; what is told earlier is for lists, not for people."""
_RESOLUTION = "resolution"


class DeadlineNews(Payload):
    request_id: UUID
    deadline: str
    due_at: datetime
    percent: int = 100


async def remind_of_deadline(session: AsyncSession, envelope: Envelope) -> None:
    """Little time is left: whoever holds an order of the request hears of it, and the grid's backup if they may."""
    news = DeadlineNews.model_validate(envelope.data)
    if news.percent < REMINDED_FROM:
        return
    for order in await _open_orders(session, envelope, news):
        grid = None if order.confidential else await repository.find_grid(session, order)
        backup = [grid.backup_responder_id] if grid and grid.backup_responder_id else []
        dispatching.touch(order)
        await session.flush()
        told = list(dict.fromkeys([*await repository.holders(session, order), *backup]))
        await dispatching.publish(session, order, _reminded(order, news, told, to_office=not told))


async def escalate_overdue(session: AsyncSession, envelope: Envelope) -> None:
    """A deadline has passed: the duty desk is asked as well where nobody has accepted, and told in any case.

    Work that was not solved in time comes under the subdistrict's supervision. It stays with whoever holds it. Of what
    is closed to others nobody hears but its holders and the head.
    """
    news = DeadlineNews.model_validate(envelope.data)
    for order in await _open_orders(session, envelope, news):
        asked = await dispatching.ask_duty_desk(session, order)
        to = EscalatedTo.DUTY_DESK
        if order.confidential:
            to = EscalatedTo.HEAD
        elif news.deadline == _RESOLUTION:
            to, order.supervised_at = EscalatedTo.SUBDISTRICT, order.supervised_at or utc_now()
        if order.escalated_to is not EscalatedTo.SUBDISTRICT:
            order.escalated_to = to
        dispatching.touch(order)
        await session.flush()
        escalated = WorkOrderEscalated(work_order_id=order.id, request_id=order.request_id, to=to)
        told = _reminded(order, news, await repository.holders(session, order), to_office=True)
        await dispatching.publish(session, order, escalated, *([asked] if asked else []), told)


async def _open_orders(session: AsyncSession, envelope: Envelope, news: DeadlineNews) -> list[WorkOrder]:
    """The orders that are still to be done; those made after the deadline was missed had another."""
    orders = await repository.lock_orders_of(session, envelope.community, news.request_id)
    if not orders:
        raise NotKnownYet
    return [order for order in orders if order.state in OPEN and order.request_version < envelope.aggregateversion]


def _reminded(order: WorkOrder, news: DeadlineNews, responder_ids: list[UUID], *, to_office: bool) -> WorkOrderReminded:
    return WorkOrderReminded(
        work_order_id=order.id,
        request_id=order.request_id,
        category=order.category,
        deadline=news.deadline,
        percent=news.percent,
        due_at=news.due_at,
        responder_ids=responder_ids,
        to_duty_desk=to_office and not order.confidential,
        to_head=to_office and order.confidential,
    )
