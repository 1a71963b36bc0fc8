from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlmodel import col

from services.dispatch.objections.models import Objection, ObjectionState
from services.dispatch.work_orders.models import WorkOrder
from services.dispatch.work_orders.repository import readable
from shared.auth import Principal
from shared.clock import utc_now
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound


def reviewable(principal: Principal) -> Select[Objection]:
    """Objections to the orders of this principal's community that they may see; decided where they are raised."""
    order = readable(principal).where(
        col(WorkOrder.community_code) == col(Objection.community_code),
        col(WorkOrder.id) == col(Objection.work_order_id),
    )
    return select(Objection).where(in_area(col(Objection.community_code), principal.area), order.exists())


async def lock_objection(session: AsyncSession, principal: Principal, objection_id: UUID) -> Objection:
    statement = reviewable(principal).where(col(Objection.id) == objection_id).with_for_update()
    objection = (await session.execute(statement)).scalar_one_or_none()
    if objection is None:
        raise NotFound
    return objection


async def get_objection(session: AsyncSession, principal: Principal, objection_id: UUID) -> Objection:
    statement = reviewable(principal).where(col(Objection.id) == objection_id)
    objection = (await session.execute(statement)).scalar_one_or_none()
    if objection is None:
        raise NotFound
    return objection


async def objections_to(session: AsyncSession, order: WorkOrder) -> Sequence[Objection]:
    """All of an order, the oldest first; a handful at most."""
    statement = select(Objection).where(
        col(Objection.community_code) == order.community_code, col(Objection.work_order_id) == order.id
    )
    return (await session.execute(statement.order_by(col(Objection.id)))).scalars().all()


async def count_objections(session: AsyncSession, order: WorkOrder) -> tuple[int, int]:
    """How many an order had that were not moot, and how many of them are pending."""
    statement = select(func.count(), func.count().filter(col(Objection.state) == ObjectionState.PENDING)).where(
        col(Objection.community_code) == order.community_code,
        col(Objection.work_order_id) == order.id,
        col(Objection.state) != ObjectionState.LAPSED,
    )
    had, pending = (await session.execute(statement)).one()
    return had, pending


async def lapse(session: AsyncSession, order: WorkOrder) -> None:
    """A pending objection to a locked order is moot: somebody took it up, or nobody need."""
    await session.execute(
        update(Objection)
        .where(
            col(Objection.community_code) == order.community_code,
            col(Objection.work_order_id) == order.id,
            col(Objection.state) == ObjectionState.PENDING,
        )
        .values(state=ObjectionState.LAPSED, decided_at=utc_now(), version=col(Objection.version) + 1)
        .execution_options(synchronize_session=False)
    )


async def lock_unreviewed(session: AsyncSession, at: datetime, limit: int) -> Sequence[tuple[Objection, WorkOrder]]:
    """Objections that nobody decided in time, with their orders; who is at work on one is not waited for."""
    statement = (
        select(Objection, WorkOrder)
        .join(
            WorkOrder,
            (col(WorkOrder.community_code) == col(Objection.community_code))
            & (col(WorkOrder.id) == col(Objection.work_order_id)),
        )
        .where(
            col(Objection.state) == ObjectionState.PENDING,
            col(Objection.escalated_at).is_(None),
            col(Objection.review_by) <= at,
        )
        .order_by(col(Objection.review_by))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(objection, order) for objection, order in (await session.execute(statement)).all()]
