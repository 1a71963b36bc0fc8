"""Every select and update of work orders and of who holds them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, false, insert, or_, select, update

from services.dispatch.communities.models import Community
from services.dispatch.grids.models import Grid
from services.dispatch.responders.models import Responder
from services.dispatch.tables import in_area
from services.dispatch.work_orders.models import WorkOrder, WorkOrderAssignment
from services.dispatch.work_orders.vocabulary import Ending, HandBackReason
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.db import AsyncSession, columns_of
from shared.errors import NotFound
from shared.vault import DESTROYED, data_key

_KEPT_IN_VIEW = (Ending.COMPLETED, Ending.CANCELLED)
"""How an assignment may have ended for its responder still to see the order."""


def readable(principal: Principal) -> Select[tuple[WorkOrder]]:
    """The orders that this principal may see; every query of orders for a person starts here."""
    statement = select(WorkOrder).where(in_area(WorkOrder.community_code, principal.area))
    if principal.role is Role.GRID_WORKER:
        return statement.where(or_(WorkOrder.grid_code.in_(principal.grids), _asked(principal.responder_id)))  # type: ignore[union-attr]
    if principal.role is Role.RESPONDER:
        return statement.where(_asked(principal.responder_id))
    return statement


def _asked(responder_id: UUID | None) -> Any:
    """Who was asked, and neither gave the order back nor lost it to another."""
    return held_by(
        responder_id, or_(WorkOrderAssignment.ended_at.is_(None), WorkOrderAssignment.ending.in_(_KEPT_IN_VIEW))
    )  # type: ignore[union-attr]


def held_by(responder_id: UUID | None, how: Any = None) -> Any:
    """Orders that this responder holds now."""
    if responder_id is None:
        return false()
    condition = WorkOrderAssignment.ended_at.is_(None) if how is None else how  # type: ignore[union-attr]
    return exists().where(
        WorkOrderAssignment.community_code == WorkOrder.community_code,
        WorkOrderAssignment.work_order_id == WorkOrder.id,
        WorkOrderAssignment.responder_id == responder_id,
        condition,
    )


async def get_work_order(session: AsyncSession, principal: Principal, order_id: UUID) -> WorkOrder:
    order = (await session.execute(readable(principal).where(WorkOrder.id == order_id))).scalar_one_or_none()
    if order is None:
        raise NotFound
    return order


async def lock_work_order(session: AsyncSession, principal: Principal, order_id: UUID) -> WorkOrder:
    statement = readable(principal).where(WorkOrder.id == order_id).with_for_update()
    order = (await session.execute(statement)).scalar_one_or_none()
    if order is None:
        raise NotFound
    return order


async def lock_orders_of(session: AsyncSession, community_code: str, request_id: UUID) -> Sequence[WorkOrder]:
    """All orders of a request, oldest first."""
    statement = (
        select(WorkOrder)
        .where(WorkOrder.community_code == community_code, WorkOrder.request_id == request_id)
        .order_by(WorkOrder.sequence)  # type: ignore[arg-type]
        .with_for_update()
    )
    return (await session.execute(statement)).scalars().all()


async def lock_due(session: AsyncSession, at: datetime, limit: int) -> Sequence[WorkOrder]:
    """Orders that somebody else must be asked for, those longest due first; who is at work on one is not waited for."""
    statement = (
        select(WorkOrder)
        .where(WorkOrder.escalate_at <= at)  # type: ignore[operator]
        .order_by(WorkOrder.escalate_at)  # type: ignore[arg-type]
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


async def find_grid(session: AsyncSession, order: WorkOrder) -> Grid | None:
    return await session.get(Grid, (order.community_code, order.grid_code)) if order.grid_code else None


async def find_duty_desk(session: AsyncSession, community_code: str) -> UUID | None:
    """The community's duty desk, if somebody sits there."""
    active = and_(Responder.community_code == Community.community_code, Responder.id == Community.duty_desk_id)
    statement = (
        select(Responder.id).join(Community, active).where(Community.community_code == community_code, Responder.active)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def holders(session: AsyncSession, order: WorkOrder) -> list[UUID]:
    """Who is being asked, the first asked first."""
    statement = (
        _assignments(order).where(WorkOrderAssignment.ended_at.is_(None)).order_by(WorkOrderAssignment.id)  # type: ignore[union-attr,arg-type]
    )
    return [row.responder_id for row in (await session.execute(statement)).scalars()]


async def list_assignments(session: AsyncSession, order: WorkOrder) -> Sequence[WorkOrderAssignment]:
    return (await session.execute(_assignments(order).order_by(WorkOrderAssignment.id))).scalars().all()  # type: ignore[arg-type]


async def who_handed_back(session: AsyncSession, order: WorkOrder) -> frozenset[UUID]:
    statement = _assignments(order).where(WorkOrderAssignment.ending == Ending.HANDED_BACK)
    return frozenset(row.responder_id for row in (await session.execute(statement)).scalars())


def _assignments(order: WorkOrder) -> Select[tuple[WorkOrderAssignment]]:
    return select(WorkOrderAssignment).where(
        WorkOrderAssignment.community_code == order.community_code, WorkOrderAssignment.work_order_id == order.id
    )


async def take_load(session: AsyncSession, community_code: str, responder_id: UUID, *, above_cap: bool = False) -> bool:
    """Count one more order for the responder; False, changing nothing, if they are at their cap or inactive.

    One conditional update: two transactions at once cannot both take the last place below the cap.
    """
    statement = (
        update(Responder)
        .where(Responder.community_code == community_code, Responder.id == responder_id, Responder.active)
        .values(open_orders=Responder.open_orders + 1, last_assigned_at=utc_now())
        .returning(Responder.id)
        .execution_options(synchronize_session=False)
    )
    if not above_cap:
        statement = statement.where(Responder.open_orders < Responder.capacity)
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def add_assignment(session: AsyncSession, assignment: WorkOrderAssignment) -> None:
    await session.execute(insert(WorkOrderAssignment).values(columns_of(assignment)))


async def end_assignments(
    session: AsyncSession,
    order: WorkOrder,
    ending: Ending,
    *,
    only: UUID | None = None,
    but: UUID | None = None,
    hand_back_reason: HandBackReason | None = None,
) -> None:
    """Nobody (or: not `only`, or: nobody `but`) holds the order any more; their loads fall by one."""
    ended = (
        update(WorkOrderAssignment)
        .where(
            WorkOrderAssignment.community_code == order.community_code,
            WorkOrderAssignment.work_order_id == order.id,
            WorkOrderAssignment.ended_at.is_(None),  # type: ignore[union-attr]
        )
        .values(ended_at=utc_now(), ending=ending, hand_back_reason=hand_back_reason)
        .returning(WorkOrderAssignment.responder_id)
        .execution_options(synchronize_session=False)
    )
    if only is not None:
        ended = ended.where(WorkOrderAssignment.responder_id == only)
    if but is not None:
        ended = ended.where(WorkOrderAssignment.responder_id != but)
    released = ended.cte("released")
    await session.execute(
        update(Responder)
        .where(Responder.community_code == order.community_code, Responder.id == released.c.responder_id)
        .values(open_orders=Responder.open_orders - 1)
        .execution_options(synchronize_session=False)
    )


async def forget_requester(session: AsyncSession, community_code: str, person_id: UUID) -> None:
    """Orders of an erased person: who they were for, and what was noted, is gone."""
    mine = and_(WorkOrder.community_code == community_code, WorkOrder.requester_person_id == person_id)
    await session.execute(
        update(data_key)
        .where(data_key.c.community_code == community_code, data_key.c.subject_id.in_(select(WorkOrder.id).where(mine)))
        .values(key_id=DESTROYED, wrapped=b"")
    )
    await session.execute(
        update(WorkOrder).where(mine).values(requester_person_id=None).execution_options(synchronize_session=False)
    )
    await session.execute(
        update(Responder)
        .where(Responder.community_code == community_code, Responder.person_id == person_id)
        .values(person_id=None, household_id=None)
        .execution_options(synchronize_session=False)
    )


async def postpone(session: AsyncSession, community_code: str, order_id: UUID, until: datetime) -> None:
    await session.execute(
        update(WorkOrder)
        .where(WorkOrder.community_code == community_code, WorkOrder.id == order_id)
        .values(escalate_at=until)
        .execution_options(synchronize_session=False)
    )
