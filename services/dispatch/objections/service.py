"""Objections of those who were asked, and their review. They flush and never commit."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.dispatch.events import WorkOrderObjected, WorkOrderObjectionDecided, WorkOrderObjectionOverdue
from services.dispatch.objections import repository
from services.dispatch.objections.errors import HeadDecides, ObjectionLimit, OwnObjection
from services.dispatch.objections.models import Ground, Objection, ObjectionState
from services.dispatch.objections.schemas import Uphold
from services.dispatch.work_orders import dispatching
from services.dispatch.work_orders import repository as work_orders
from services.dispatch.work_orders.models import WorkOrder
from services.dispatch.work_orders.sealing import open_text, seal_text
from services.dispatch.work_orders.vocabulary import Cause, Ending, HandBackReason, Urgency
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import WrongState
from shared.timers import Timer
from shared.vault import Vault
from shared.worktime import WorkingCalendar

MOST = 2
"""Objections to one order: what bounces on is decided by a person."""
REVIEW_WITHIN = timedelta(hours=4)
"""Of working time; then the head decides. Urgent ones get `REVIEW_URGENT_WITHIN` around the clock."""
REVIEW_URGENT_WITHIN = timedelta(minutes=30)
_BATCH = 50


async def raise_objection(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    order: WorkOrder,
    *,
    holder: UUID,
    ground: Ground,
    statement: str,
) -> None:
    """Whoever was asked says that it is not theirs; the locked order stays theirs until somebody decides."""
    had, pending = await repository.count_objections(session, order)
    if pending or had >= MOST:
        raise ObjectionLimit
    session.add(
        Objection(
            community_code=order.community_code,
            work_order_id=order.id,
            responder_id=holder,
            raised_by=principal.subject,
            ground=ground,
            statement=await seal_text(vault, order, "statement", statement),
            review_by=_review_by(order, utc_now()),
        )
    )
    dispatching.touch(order)
    await session.flush()
    event = WorkOrderObjected(
        work_order_id=order.id,
        request_id=order.request_id,
        responder_id=holder,
        reason=ground.value,
        category=order.category,
        to="head" if order.confidential else "staff",
    )
    await dispatching.publish(session, order, event)


async def uphold(
    session: AsyncSession, vault: Vault, principal: Principal, objection_id: UUID, data: Uphold
) -> Objection:
    """It is not theirs: they are released, and another is asked. The order's deadline stays."""
    objection, order = await _decide(session, vault, principal, objection_id, ObjectionState.UPHELD, data.text)
    holder = objection.responder_id
    await work_orders.end_assignments(
        session, order, Ending.HANDED_BACK, only=holder, hand_back_reason=HandBackReason.NOT_RESPONSIBLE
    )
    await dispatching.release(session, order, holder, _decided(objection, order), Cause.OBJECTION, to=data.responder_id)
    return objection


async def overrule(
    session: AsyncSession, vault: Vault, principal: Principal, objection_id: UUID, text: str
) -> Objection:
    """It is theirs after all. Nothing of the order changes: its deadline never stopped."""
    objection, order = await _decide(session, vault, principal, objection_id, ObjectionState.OVERRULED, text)
    dispatching.touch(order)
    await session.flush()
    await dispatching.publish(session, order, _decided(objection, order))
    return objection


async def escalate_unreviewed(session: AsyncSession) -> int:
    """What nobody reviewed in time is the head's to decide, and the request's timeline says so."""
    now = utc_now()
    due = await repository.lock_unreviewed(session, now, _BATCH)
    for objection, order in due:
        objection.escalated_at = now
        objection.version += 1
        dispatching.touch(order)
        await session.flush()
        event = WorkOrderObjectionOverdue(
            work_order_id=order.id, request_id=order.request_id, category=order.category, to="head"
        )
        await dispatching.publish(session, order, event)
    return len(due)


TIMERS = (Timer("objection_reviews", every=timedelta(seconds=30), sweep=escalate_unreviewed),)


async def shown(
    vault: Vault, principal: Principal, order: WorkOrder, objections: Sequence[Objection]
) -> list[dict[str, Any]]:
    """Objections to one order; supervisors read no words."""
    key = None if principal.role is Role.SUPERVISOR else await vault.find_key(order.community_code, order.id)
    return [
        each.model_dump(exclude={"statement", "decision", "community_code"})
        | {
            "statement": open_text(key, order, "statement", each.statement),
            "decision": open_text(key, order, "decision", each.decision),
        }
        for each in objections
    ]


async def _decide(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    objection_id: UUID,
    state: ObjectionState,
    text: str,
) -> tuple[Objection, WorkOrder]:
    """The decided objection with its order, both locked: the order first, as everywhere."""
    known = await repository.get_objection(session, principal, objection_id)
    order = await work_orders.lock_work_order(session, principal, known.work_order_id)
    objection = await repository.lock_objection(session, principal, objection_id)
    await session.refresh(objection)
    if objection.state is not ObjectionState.PENDING:
        raise WrongState(objection.state, [ObjectionState.PENDING])
    if principal.subject == objection.raised_by or principal.responder_id == objection.responder_id:
        raise OwnObjection
    if objection.escalated_at is not None and principal.role is not Role.HEAD:
        raise HeadDecides
    objection.state, objection.decided_at, objection.decided_by = state, utc_now(), principal.subject
    objection.decision = await seal_text(vault, order, "decision", text)
    objection.version += 1
    return objection, order


def _decided(objection: Objection, order: WorkOrder) -> WorkOrderObjectionDecided:
    return WorkOrderObjectionDecided(
        work_order_id=order.id,
        request_id=order.request_id,
        responder_id=objection.responder_id,
        outcome=objection.state.value,
    )


def _review_by(order: WorkOrder, now: datetime) -> datetime:
    if order.urgency is Urgency.URGENT:
        return now + REVIEW_URGENT_WITHIN
    return WorkingCalendar().add(now, REVIEW_WITHIN)
