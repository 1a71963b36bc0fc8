"""Who is asked next: on arrival, after a hand-back, when nobody acknowledges, when a person decides."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from services.dispatch.events import WorkOrderAssigned, WorkOrderEscalated, WorkOrderLeftToHead
from services.dispatch.policies.repository import rules_of
from services.dispatch.policies.schemas import Patience, PolicyRules
from services.dispatch.responders.models import GENERALISTS, DutyPattern, Responder
from services.dispatch.responders.repository import asked_for
from services.dispatch.work_orders import repository
from services.dispatch.work_orders.assignment import Candidate, Decision, Task, choose, has_conflict, rule_out
from services.dispatch.work_orders.models import WorkOrder, WorkOrderAssignment
from services.dispatch.work_orders.vocabulary import Cause, EscalatedTo, Origin, State, Tier, Urgency
from shared import outbox
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.envelope import Event

RETRY, RETRY_AT_MOST = timedelta(minutes=1), timedelta(hours=1)
"""While nobody can be asked, urgent work is tried again this often, other work ever more seldom: see `_next_try`."""
RULES = "dispatch"
"""Stands for whoever decided when no person did."""
_ATTEMPTS = 5
"""A candidate who reached their cap meanwhile is replaced by the next; so often, then it is left to the next sweep."""


async def publish(session: AsyncSession, order: WorkOrder, *events: Event) -> None:
    subject = f"work-orders/{order.id}"
    rows = [
        outbox.row(each, community_code=order.community_code, subject=subject, version=order.version) for each in events
    ]
    await outbox.add_many(session, rows)


def origin_of(order: WorkOrder) -> Origin | None:
    return Origin.model_validate(order.origin) if order.origin else None


def touch(order: WorkOrder) -> None:
    order.version += 1
    order.updated_at = utc_now()


async def assign_by_rules(session: AsyncSession, order: WorkOrder, cause: Cause) -> list[Event]:
    """Ask whom the rules choose, else the duty desk, else nobody for a while. Returns what is to be published."""
    rules = await rules_of(session, order.community_code, order.policy_number)
    task, own, backup = await _task(session, order, rules)
    decision = await _decide(session, order, task, rules)
    considered = [verdict.stored() for verdict in decision.verdicts]
    chosen = decision.chosen
    if chosen is not None:
        tier = {own: Tier.FIRST, backup: Tier.BACKUP}.get(chosen, Tier.OTHER)
        return [await ask(session, order, chosen, tier, cause, considered=considered, patience=_patience(rules, order))]
    desk = await _take_duty_desk(session, order, task.asked)
    if desk is not None:
        order.escalation_level = 2
        return [await ask(session, order, desk, Tier.DUTY, cause, considered=considered)]
    order.considered = considered
    waits = _is_heads(order, task) and order.urgency is not Urgency.URGENT
    order.escalate_at = None if waits else _next_try(order)
    if not order.confidential or cause is Cause.RETRY:
        return []
    return [WorkOrderLeftToHead(work_order_id=order.id, request_id=order.request_id, category=order.category)]


async def _decide(session: AsyncSession, order: WorkOrder, task: Task, rules: PolicyRules) -> Decision:
    if _is_heads(order, task):
        return Decision(None, ())
    decision = await _choose_below_cap(session, order, task, rules)
    if decision.chosen is None and not order.confidential and task.skills != rules.skills_for(order.category):
        # Nobody of the kind that usually answers is there: whoever does everyday work is better than nobody.
        everyday = replace(task, skills=rules.skills_for(order.category))
        decision = await _choose_below_cap(session, order, everyday, rules)
    return decision


def _is_heads(order: WorkOrder, task: Task) -> bool:
    """What is closed to others and no specialist's is nobody's everyday work: it may be about whoever would be asked.
    The head decides."""
    return order.confidential and not task.skills


async def ask(
    session: AsyncSession,
    order: WorkOrder,
    responder_id: UUID,
    tier: Tier,
    cause: Cause,
    *,
    considered: list[dict] | None = None,
    patience: Patience | None = None,
    decided_by: str = RULES,
    reason: bytes | None = None,
) -> Event:
    """Put the order into this responder's hands, whose load is counted already; to be published by the caller.

    While others are asked as well, the first of them stays the one who answers for it.
    """
    now = utc_now()
    if order.responder_id is None:
        order.responder_id, order.tier, order.assigned_at = responder_id, tier, now
    order.state, order.considered = State.ASSIGNED, None
    order.acknowledged_at = order.started_at = None
    wait = patience.after(order.escalation_level) if patience else None
    order.escalate_at = now + wait if wait else None
    touch(order)
    await session.flush()
    await repository.add_assignment(
        session,
        WorkOrderAssignment(
            community_code=order.community_code,
            work_order_id=order.id,
            responder_id=responder_id,
            tier=tier,
            cause=cause,
            policy_number=order.policy_number,
            considered=considered or [],
            decided_by=decided_by,
            reason=reason,
            assigned_at=now,
        ),
    )
    return WorkOrderAssigned(
        work_order_id=order.id,
        request_id=order.request_id,
        grid_code=order.grid_code,
        responder_id=responder_id,
        tier=tier,
        origin=origin_of(order),
    )


async def escalate(session: AsyncSession, order: WorkOrder) -> None:
    """Nobody acknowledged in time: ask the backup as well, then the duty desk. Those asked before stay asked."""
    rules = await rules_of(session, order.community_code, order.policy_number)
    holders = await repository.holders(session, order)
    backup = await _take_backup(session, order, rules) if order.escalation_level == 0 else None
    to, tier, asked = EscalatedTo.BACKUP, Tier.BACKUP, backup
    order.escalation_level = 1
    if backup is None:
        to, tier, asked = EscalatedTo.DUTY_DESK, Tier.DUTY, await _take_duty_desk(session, order, holders)
        order.escalation_level = 2
    if asked is None:
        order.escalate_at = None  # everybody who can be asked has been
        await session.flush()
        return
    assigned = await ask(session, order, asked, tier, Cause.ESCALATION, patience=_patience(rules, order))
    escalated = WorkOrderEscalated(work_order_id=order.id, request_id=order.request_id, to=to)
    await publish(session, order, escalated, assigned)


async def ask_duty_desk(session: AsyncSession, order: WorkOrder) -> Event | None:
    """Ask the duty desk as well, unless somebody has accepted the order or the desk was asked; to be published."""
    if order.state in (State.ACKNOWLEDGED, State.IN_PROGRESS):
        return None
    desk = await _take_duty_desk(session, order, await repository.holders(session, order))
    if desk is None:
        return None
    order.escalation_level = 2
    return await ask(session, order, desk, Tier.DUTY, Cause.ESCALATION)


async def release(
    session: AsyncSession, order: WorkOrder, holder: UUID, told: Event, cause: Cause, *, to: UUID | None = None
) -> None:
    """A holder was let go of a locked order: tell it, and ask `to`, or whom the rules choose, unless others are asked.

    The deadline and the escalation level stay.
    """
    others = await repository.holders(session, order)
    if others:  # asked before as well: the first of them answers for it now
        if order.responder_id == holder:
            order.responder_id, order.tier = others[0], await repository.tier_of(session, order, others[0])
        touch(order)
        await session.flush()
        await publish(session, order, told)
        if to is None:
            return
    else:
        order.state, order.responder_id, order.tier = State.HANDED_BACK, None, None
        touch(order)
        await session.flush()
        await publish(session, order, told)
    await publish(session, order, *await ask_anew(session, order, cause, to))
    await session.flush()


async def ask_anew(session: AsyncSession, order: WorkOrder, cause: Cause, to: UUID | None) -> list[Event]:
    """Ask whom somebody chose, if they can be asked, else whom the rules choose."""
    if to is not None and await _take(session, order, to):
        patience = await patience_of(session, order)
        return [await ask(session, order, to, Tier.OTHER, cause, patience=patience)]
    return await assign_by_rules(session, order, cause)


async def suits(session: AsyncSession, order: WorkOrder) -> bool:
    """Whether who answers for the order has the skills for it and no interest in it, whatever else they do now."""
    rules = await rules_of(session, order.community_code, order.policy_number)
    task, own, _ = await _task(session, order, rules)
    if _is_heads(order, task):
        return False
    if order.responder_id is not None and order.responder_id == own:
        return not task.skills
    known = next((each for each in await _candidates(session, order, utc_now()) if each.id == order.responder_id), None)
    if known is None:
        return False
    at_hand = replace(known, on_duty=True, absent=False, load=0, capacity=1)
    return rule_out(replace(task, asked=frozenset(), handed_back=frozenset()), at_hand) is None


async def _take(session: AsyncSession, order: WorkOrder, responder_id: UUID) -> bool:
    """Count the order for whom a person chose; False if they cannot be asked, or hold it already."""
    responder = await session.get(Responder, (order.community_code, responder_id))
    requester = Task(person_id=order.requester_person_id, household_id=order.household_id)
    if responder is None or has_conflict(requester, responder.person_id, responder.household_id):
        return False
    if responder_id in await repository.holders(session, order):
        return False
    return await repository.take_load(session, order.community_code, responder_id, above_cap=True)


async def retry(session: AsyncSession, order: WorkOrder) -> None:
    """Nobody could be asked when the order came or was handed back; perhaps somebody can be now."""
    await publish(session, order, *await assign_by_rules(session, order, Cause.RETRY))
    await session.flush()


async def _task(session: AsyncSession, order: WorkOrder, rules: PolicyRules) -> tuple[Task, UUID | None, UUID | None]:
    """What must be done, the grid's own worker, and their backup."""
    grid = await repository.find_grid(session, order)
    place = None
    if grid and grid.centre_longitude is not None and grid.centre_latitude is not None:
        place = (grid.centre_longitude, grid.centre_latitude)
    task = Task(
        own_worker_id=grid.responder_id if grid else None,
        place=place,
        skills=rules.usual_skills_for(order.category, order.responder_kind),
        person_id=order.requester_person_id,
        household_id=order.household_id,
        asked=frozenset(await repository.holders(session, order)) if order.assigned_at else frozenset(),
        handed_back=await repository.who_handed_back(session, order) if order.assigned_at else frozenset(),
    )
    return task, task.own_worker_id, grid.backup_responder_id if grid else None


async def _choose_below_cap(session: AsyncSession, order: WorkOrder, task: Task, rules: PolicyRules) -> Decision:
    """Choose, and count the order for the chosen one, unless another transaction took their last place meanwhile."""
    for _ in range(_ATTEMPTS):
        candidates = await _candidates(session, order, utc_now())
        decision = choose(task, candidates, metres_per_order=rules.metres_per_order)
        if decision.chosen is None or await repository.take_load(session, order.community_code, decision.chosen):
            return decision
    return Decision(None, ())


async def _candidates(session: AsyncSession, order: WorkOrder, at: datetime) -> list[Candidate]:
    return [
        Candidate(
            id=row.id,
            generalist=row.kind in GENERALISTS,
            skills=frozenset({*row.skills, row.kind}),
            capacity=row.capacity,
            load=row.open_orders,
            on_duty=row.rostered or row.duty is DutyPattern.STANDING,
            absent=row.absent,
            place=None if row.longitude is None else (row.longitude, row.latitude),
            last_assigned_at=row.last_assigned_at,
            person_id=row.person_id,
            household_id=row.household_id,
        )
        for row in await asked_for(session, order.community_code, order.grid_code, at)
    ]


async def _take_backup(session: AsyncSession, order: WorkOrder, rules: PolicyRules) -> UUID | None:
    """The grid's backup, if every hard filter lets them be asked."""
    task, _, backup = await _task(session, order, rules)
    known = next((each for each in await _candidates(session, order, utc_now()) if each.id == backup), None)
    if known is None or _is_heads(order, task) or rule_out(task, known) is not None:
        return None
    return known.id if await repository.take_load(session, order.community_code, known.id) else None


async def _take_duty_desk(session: AsyncSession, order: WorkOrder, holders: Iterable[UUID]) -> UUID | None:
    """The duty desk, whatever it holds already: somebody must answer. What is closed to others and no emergency waits
    for the head instead."""
    if order.confidential and order.urgency is not Urgency.URGENT:
        return None
    desk = await repository.find_duty_desk(session, order.community_code)
    if desk is None or desk in holders:
        return None
    return desk if await repository.take_load(session, order.community_code, desk, above_cap=True) else None


def _next_try(order: WorkOrder) -> datetime:
    """After as long again as the order has waited already, so that a backlog does not busy the sweep."""
    now = utc_now()
    wait = RETRY if order.urgency is Urgency.URGENT else max(RETRY, min(RETRY_AT_MOST, now - order.created_at))
    return now + wait


async def patience_of(session: AsyncSession, order: WorkOrder) -> Patience:
    """How long this order may wait for an acknowledgement."""
    return _patience(await rules_of(session, order.community_code, order.policy_number), order)


def _patience(rules: PolicyRules, order: WorkOrder) -> Patience:
    return rules.urgent if order.urgency is Urgency.URGENT else rules.normal
