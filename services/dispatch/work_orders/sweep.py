"""Orders that nobody acknowledged, and orders that nobody could be asked for, by the clock."""

from datetime import timedelta

import structlog

from services.dispatch.work_orders import dispatching, repository
from services.dispatch.work_orders.models import WorkOrder
from services.dispatch.work_orders.vocabulary import State
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.failures import describe, is_outage
from shared.timers import Timer

BATCH = 50

log = structlog.get_logger(__name__)


async def sweep_due(session: AsyncSession) -> int:
    """Escalate or retry what is due; returns how many orders there were. One that fails waits, the others go on."""
    orders = await repository.lock_due(session, utc_now(), BATCH)
    for order in orders:
        community_code, order_id = order.community_code, order.id
        try:
            async with session.begin_nested():
                await _deal_with(session, order)
        except Exception as error:
            if is_outage(error):
                raise
            log.error("escalation_failed", work_order=str(order_id), error=describe(error))
            await repository.postpone(session, community_code, order_id, utc_now() + dispatching.RETRY)
    return len(orders)


async def _deal_with(session: AsyncSession, order: WorkOrder) -> None:
    if order.state is State.ASSIGNED:
        await dispatching.escalate(session, order)
    else:
        await dispatching.retry(session, order)


TIMERS = (Timer("escalate_work_orders", every=timedelta(seconds=1), sweep=sweep_due),)
