"""A request went to another category, grid or unit (转办): its order follows, and so does whoever is asked."""

from uuid import UUID

from services.dispatch.policies.schemas import POLICE_HELP
from services.dispatch.work_orders import dispatching
from services.dispatch.work_orders.intake import RequestNews, known_orders
from services.dispatch.work_orders.models import WorkOrder
from services.dispatch.work_orders.vocabulary import OPEN, Cause
from shared.db import AsyncSession
from shared.envelope import Envelope


class Transferred(RequestNews):
    to_responder_id: UUID | None = None


async def keep_transferred_request(session: AsyncSession, envelope: Envelope) -> None:
    """Ask whoever is right for it now. Who was asked before stays answerable until they have accepted (首接负责)."""
    news = Transferred.model_validate(envelope.data)
    for order in await known_orders(session, envelope, news):
        is_news = order.request_version < envelope.aggregateversion
        if is_news and order.state in OPEN and order.category != POLICE_HELP:
            await _follow(session, order, news)


async def _follow(session: AsyncSession, order: WorkOrder, news: Transferred) -> None:
    is_elsewhere = order.grid_code != news.grid_code
    if order.category != news.category:
        order.responder_kind = news.responder_kind
    order.grid_code, order.category = news.grid_code, news.category
    dispatching.touch(order)
    await session.flush()
    stays = news.to_responder_id is None and not is_elsewhere and await dispatching.suits(session, order)
    if not stays:
        events = await dispatching.ask_anew(session, order, Cause.TRANSFER, news.to_responder_id)
        await dispatching.publish(session, order, *events)
        await session.flush()
