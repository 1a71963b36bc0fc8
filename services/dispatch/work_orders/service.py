"""Use cases of those who hold a work order, and of staff who give it out by hand. They flush and never commit."""

from uuid import UUID

from services.dispatch.communities.repository import find_community
from services.dispatch.events import (
    WorkOrderAcknowledged,
    WorkOrderCompleted,
    WorkOrderHandedBack,
    WorkOrderStarted,
)
from services.dispatch.objections.repository import lapse
from services.dispatch.objections.service import raise_objection
from services.dispatch.responders.errors import ResponderUnknown
from services.dispatch.responders.models import Responder
from services.dispatch.work_orders import dispatching, repository
from services.dispatch.work_orders.assignment import Task, has_conflict
from services.dispatch.work_orders.errors import AlreadyHolds, InterestConflict, NotHolder
from services.dispatch.work_orders.models import WorkOrder
from services.dispatch.work_orders.schemas import AssignWorkOrder, CompleteWorkOrder, HandBackWorkOrder, RevealNote
from services.dispatch.work_orders.sealing import open_text, seal_text
from services.dispatch.work_orders.vocabulary import TRANSITIONS, Cause, Ending, HandBackReason, State, Tier
from shared import audit
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.errors import WrongState
from shared.vault import Vault


async def acknowledge(session: AsyncSession, principal: Principal, order_id: UUID) -> WorkOrder:
    """Accept the order: from now on this responder alone answers for it, and whoever else was asked is let go."""
    order, holder = await _lock_held(session, principal, order_id, "acknowledge")
    await lapse(session, order)
    if order.responder_id != holder:
        order.tier = await repository.tier_of(session, order, holder)
    order.state, order.responder_id = State.ACKNOWLEDGED, holder
    order.acknowledged_at, order.escalate_at = utc_now(), None
    dispatching.touch(order)
    await session.flush()
    await repository.end_assignments(session, order, Ending.ACCEPTED_BY_OTHER, but=holder)
    event = WorkOrderAcknowledged(work_order_id=order.id, request_id=order.request_id, responder_id=holder)
    await dispatching.publish(session, order, event)
    return order


async def start(session: AsyncSession, principal: Principal, order_id: UUID) -> WorkOrder:
    order, holder = await _lock_held(session, principal, order_id, "start")
    await lapse(session, order)
    order.state, order.started_at = State.IN_PROGRESS, utc_now()
    dispatching.touch(order)
    await session.flush()
    event = WorkOrderStarted(work_order_id=order.id, request_id=order.request_id, responder_id=holder)
    await dispatching.publish(session, order, event)
    return order


async def complete(
    session: AsyncSession, vault: Vault, principal: Principal, order_id: UUID, data: CompleteWorkOrder
) -> WorkOrder:
    """Say what came of it. The note is sealed under the order's own data key."""
    order, holder = await _lock_held(session, principal, order_id, "complete")
    await lapse(session, order)
    if data.note is not None:
        order.note = await seal_text(vault, order, "note", data.note)
    order.state, order.outcome, order.completed_at = State.COMPLETED, data.outcome, utc_now()
    order.escalate_at = None
    dispatching.touch(order)
    await session.flush()
    await repository.end_assignments(session, order, Ending.COMPLETED)
    event = WorkOrderCompleted(
        work_order_id=order.id, request_id=order.request_id, responder_id=holder, outcome=data.outcome
    )
    await dispatching.publish(session, order, event)
    return order


async def hand_back(
    session: AsyncSession, vault: Vault, principal: Principal, order_id: UUID, data: HandBackWorkOrder
) -> WorkOrder:
    """Give the order back; the rules ask somebody else at once. Its deadline and escalation level stay.

    Who says that it is not theirs to do objects (退单异议), and stays answerable until the objection is decided.
    """
    order, holder = await _lock_held(session, principal, order_id, "hand_back")
    if data.reason is HandBackReason.NOT_RESPONSIBLE:
        assert data.ground is not None
        assert data.statement is not None
        await raise_objection(
            session, vault, principal, order, holder=holder, ground=data.ground, statement=data.statement
        )
        return order
    await lapse(session, order)
    await repository.end_assignments(session, order, Ending.HANDED_BACK, only=holder, hand_back_reason=data.reason)
    told = WorkOrderHandedBack(
        work_order_id=order.id, request_id=order.request_id, responder_id=holder, reason=data.reason
    )
    await dispatching.release(session, order, holder, told, Cause.HAND_BACK)
    return order


async def assign_by_hand(
    session: AsyncSession, vault: Vault, principal: Principal, order_id: UUID, data: AssignWorkOrder
) -> WorkOrder:
    """Staff decide who does it, above caps and rosters if need be; whoever was asked before is let go."""
    order = await repository.lock_work_order(session, principal, order_id)
    _check_state(order, "assign")
    responder = await session.get(Responder, (order.community_code, data.responder_id))
    if responder is None or not responder.active:
        raise ResponderUnknown
    requester = Task(person_id=order.requester_person_id, household_id=order.household_id)
    if has_conflict(requester, responder.person_id, responder.household_id):
        raise InterestConflict
    if responder.id in await repository.holders(session, order):
        raise AlreadyHolds
    await lapse(session, order)
    await repository.end_assignments(session, order, Ending.REASSIGNED)
    await repository.take_load(session, order.community_code, responder.id, above_cap=True)
    order.responder_id = None
    event = await dispatching.ask(
        session,
        order,
        responder.id,
        Tier.OTHER,
        Cause.MANUAL,
        patience=await dispatching.patience_of(session, order),
        decided_by=principal.subject,
        reason=await seal_text(vault, order, "reason", data.reason),
    )
    await dispatching.publish(session, order, event)
    return order


async def reveal_note(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, order_id: UUID, data: RevealNote
) -> str | None:
    """What the responder noted, in the clear; who read it and why is kept."""
    order = await repository.get_work_order(session, principal, order_id)
    key = await vault.find_key(order.community_code, order.id) if order.note else None
    if key is None or order.note is None:
        return None
    await audit.record(
        session,
        signer,
        principal,
        community_code=order.community_code,
        action="work_order.reveal_note",
        purpose=data.purpose,
        subject_type="work_order",
        subject_id=order.id,
        fields=["note"],
    )
    return open_text(key, order, "note", order.note)


async def _lock_held(
    session: AsyncSession, principal: Principal, order_id: UUID, action: str
) -> tuple[WorkOrder, UUID]:
    """The order, locked, and the responder in whose name this principal acts on it."""
    order = await repository.lock_work_order(session, principal, order_id)
    _check_state(order, action)
    mine = {principal.responder_id}
    if principal.role in (Role.STAFF, Role.HEAD):
        community = await find_community(session, order.community_code)
        mine.add(community.duty_desk_id if community else None)
    for holder in await repository.holders(session, order):
        if holder in mine:
            return order, holder
    raise NotHolder


def _check_state(order: WorkOrder, action: str) -> None:
    if order.state not in TRANSITIONS[action]:
        raise WrongState(order.state, TRANSITIONS[action])
