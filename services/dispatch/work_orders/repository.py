"""Every select and update of work orders and of who holds them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, false, insert, or_, select, update
from sqlmodel import col

from services.dispatch.communities.models import Community
from services.dispatch.grids.models import Grid
from services.dispatch.responders.models import Responder
from services.dispatch.work_orders.models import WorkOrder, WorkOrderAssignment
from services.dispatch.work_orders.vocabulary import Ending, HandBackReason, Origin, Tier
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.conditions import in_area
from shared.db import AsyncSession, columns_of
from shared.errors import NotFound
from shared.vault import DESTROYED, data_key

_KEPT_IN_VIEW = (Ending.COMPLETED, Ending.CANCELLED)
"""How an assignment may have ended for its responder still to see the order."""


def readable(principal: Principal) -> Select[WorkOrder]:
    """The orders that this principal may see; every query of orders for a person starts here."""
    statement = select(WorkOrder).where(in_area(WorkOrder.community_code, principal.area))
    is_open, asked = col(WorkOrder.confidential).is_(False), _asked(principal.responder_id)
    match principal.role:
        case Role.HEAD:
            return statement
        case Role.STAFF:
            return statement.where(or_(is_open, asked))
        case Role.GRID_WORKER:
            return statement.where(or_(and_(is_open, col(WorkOrder.grid_code).in_(principal.grids)), asked))
        case Role.RESPONDER:
            return statement.where(asked)
    return statement.where(is_open)


def _asked(responder_id: UUID | None) -> Any:
    """Who was asked, and neither gave the order back nor lost it to another."""
    return held_by(
        responder_id,
        or_(col(WorkOrderAssignment.ended_at).is_(None), col(WorkOrderAssignment.ending).in_(_KEPT_IN_VIEW)),
    )


def held_by(responder_id: UUID | None, how: Any = None) -> Any:
    """Orders that this responder holds now."""
    if responder_id is None:
        return false()
    condition = col(WorkOrderAssignment.ended_at).is_(None) if how is None else how
    return exists().where(
        col(WorkOrderAssignment.community_code) == col(WorkOrder.community_code),
        col(WorkOrderAssignment.work_order_id) == col(WorkOrder.id),
        col(WorkOrderAssignment.responder_id) == responder_id,
        condition,
    )


async def get_work_order(session: AsyncSession, principal: Principal, order_id: UUID) -> WorkOrder:
    order = (await session.execute(readable(principal).where(col(WorkOrder.id) == order_id))).scalar_one_or_none()
    if order is None:
        raise NotFound
    return order


async def lock_work_order(session: AsyncSession, principal: Principal, order_id: UUID) -> WorkOrder:
    statement = readable(principal).where(col(WorkOrder.id) == order_id).with_for_update()
    order = (await session.execute(statement)).scalar_one_or_none()
    if order is None:
        raise NotFound
    return order


async def lock_orders_of(session: AsyncSession, community_code: str, request_id: UUID) -> Sequence[WorkOrder]:
    """All orders of a request, oldest first."""
    statement = (
        select(WorkOrder)
        .where(col(WorkOrder.community_code) == community_code, col(WorkOrder.request_id) == request_id)
        .order_by(col(WorkOrder.sequence))
        .with_for_update()
    )
    return (await session.execute(statement)).scalars().all()


async def lock_orders_from(session: AsyncSession, community_code: str, origin: Origin) -> Sequence[WorkOrder]:
    """All orders that came of one thing, oldest first."""
    statement = (
        select(WorkOrder)
        .where(
            col(WorkOrder.community_code) == community_code,
            col(WorkOrder.origin).is_not(None),
            col(WorkOrder.origin)["id"].astext == str(origin.id),
            col(WorkOrder.origin)["type"].astext == origin.type,
        )
        .order_by(col(WorkOrder.sequence))
        .with_for_update()
    )
    return (await session.execute(statement)).scalars().all()


async def lock_due(session: AsyncSession, at: datetime, limit: int) -> Sequence[WorkOrder]:
    """Orders that somebody else must be asked for, those longest due first; who is at work on one is not waited for."""
    statement = (
        select(WorkOrder)
        .where(col(WorkOrder.escalate_at) <= at)
        .order_by(col(WorkOrder.escalate_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


async def find_grid(session: AsyncSession, order: WorkOrder) -> Grid | None:
    return await session.get(Grid, (order.community_code, order.grid_code)) if order.grid_code else None


async def find_duty_desk(session: AsyncSession, community_code: str) -> UUID | None:
    """The community's duty desk, if somebody sits there."""
    active = and_(
        col(Responder.community_code) == col(Community.community_code), col(Responder.id) == col(Community.duty_desk_id)
    )
    statement = (
        select(col(Responder.id))
        .join(Community, active)
        .where(col(Community.community_code) == community_code, col(Responder.active))
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def holders(session: AsyncSession, order: WorkOrder) -> list[UUID]:
    """Who is being asked, the first asked first."""
    statement = (
        _assignments(order).where(col(WorkOrderAssignment.ended_at).is_(None)).order_by(col(WorkOrderAssignment.id))
    )
    return [row.responder_id for row in (await session.execute(statement)).scalars()]


async def list_assignments(session: AsyncSession, order: WorkOrder) -> Sequence[WorkOrderAssignment]:
    return (await session.execute(_assignments(order).order_by(col(WorkOrderAssignment.id)))).scalars().all()


async def tier_of(session: AsyncSession, order: WorkOrder, holder: UUID) -> Tier:
    """In what role the holder is asked."""
    assignments = await list_assignments(session, order)
    return next(each.tier for each in reversed(assignments) if each.responder_id == holder and each.ended_at is None)


async def who_handed_back(session: AsyncSession, order: WorkOrder) -> frozenset[UUID]:
    statement = _assignments(order).where(col(WorkOrderAssignment.ending) == Ending.HANDED_BACK)
    return frozenset(row.responder_id for row in (await session.execute(statement)).scalars())


def _assignments(order: WorkOrder) -> Select[WorkOrderAssignment]:
    return select(WorkOrderAssignment).where(
        col(WorkOrderAssignment.community_code) == order.community_code,
        col(WorkOrderAssignment.work_order_id) == order.id,
    )


async def take_load(session: AsyncSession, community_code: str, responder_id: UUID, *, above_cap: bool = False) -> bool:
    """Count one more order for the responder; False, changing nothing, if they are at their cap or inactive.

    One conditional update: two transactions at once cannot both take the last place below the cap.
    """
    statement = (
        update(Responder)
        .where(
            col(Responder.community_code) == community_code, col(Responder.id) == responder_id, col(Responder.active)
        )
        .values(open_orders=col(Responder.open_orders) + 1, last_assigned_at=utc_now())
        .returning(col(Responder.id))
        .execution_options(synchronize_session=False)
    )
    if not above_cap:
        statement = statement.where(col(Responder.open_orders) < col(Responder.capacity))
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
            col(WorkOrderAssignment.community_code) == order.community_code,
            col(WorkOrderAssignment.work_order_id) == order.id,
            col(WorkOrderAssignment.ended_at).is_(None),
        )
        .values(ended_at=utc_now(), ending=ending, hand_back_reason=hand_back_reason)
        .returning(col(WorkOrderAssignment.responder_id))
        .execution_options(synchronize_session=False)
    )
    if only is not None:
        ended = ended.where(col(WorkOrderAssignment.responder_id) == only)
    if but is not None:
        ended = ended.where(col(WorkOrderAssignment.responder_id) != but)
    released = ended.cte("released")
    await session.execute(
        update(Responder)
        .where(col(Responder.community_code) == order.community_code, col(Responder.id) == released.c.responder_id)
        .values(open_orders=col(Responder.open_orders) - 1)
        .execution_options(synchronize_session=False)
    )


async def forget_requester(session: AsyncSession, community_code: str, person_id: UUID) -> None:
    """Orders of an erased person: who they were for, and what was noted, is gone."""
    mine = and_(col(WorkOrder.community_code) == community_code, col(WorkOrder.requester_person_id) == person_id)
    await session.execute(
        update(data_key)
        .where(
            data_key.c.community_code == community_code,
            data_key.c.subject_id.in_(select(col(WorkOrder.id)).where(mine)),
        )
        .values(key_id=DESTROYED, wrapped=b"")
    )
    await session.execute(
        update(WorkOrder).where(mine).values(requester_person_id=None).execution_options(synchronize_session=False)
    )
    await session.execute(
        update(Responder)
        .where(col(Responder.community_code) == community_code, col(Responder.person_id) == person_id)
        .values(person_id=None, household_id=None)
        .execution_options(synchronize_session=False)
    )


async def postpone(session: AsyncSession, community_code: str, order_id: UUID, until: datetime) -> None:
    await session.execute(
        update(WorkOrder)
        .where(col(WorkOrder.community_code) == community_code, col(WorkOrder.id) == order_id)
        .values(escalate_at=until)
        .execution_options(synchronize_session=False)
    )
