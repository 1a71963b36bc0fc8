from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col

from services.dispatch.work_orders import repository, service
from services.dispatch.work_orders.auth import WorkOrdersAct, WorkOrdersAssign, WorkOrdersRead
from services.dispatch.work_orders.models import WorkOrder
from services.dispatch.work_orders.schemas import (
    AssignmentExplanation,
    AssignmentRead,
    AssignWorkOrder,
    CompleteWorkOrder,
    Considered,
    HandBackWorkOrder,
    Note,
    RevealNote,
    WorkOrderRead,
)
from services.dispatch.work_orders.vocabulary import State, Urgency
from shared.codes import GridCode
from shared.concurrency import tag_response
from shared.dates import Instant
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/work-orders", tags=["work orders"])


@router.get("", response_model=Page[WorkOrderRead])
async def list_work_orders(
    principal: WorkOrdersRead,
    session: Session,
    page: PageRequest,
    mine: Annotated[bool, Query(description="Only what the caller holds now.")] = False,
    responder_id: Annotated[UUID | None, Query(description="Only what this responder holds now.")] = None,
    state: Annotated[list[State] | None, Query(max_length=7)] = None,
    grid_code: GridCode | None = None,
    request_id: UUID | None = None,
    urgency: Urgency | None = None,
    due_before: Instant | None = None,
    supervised: Annotated[bool, Query(description="Only what the subdistrict supervises (督办).")] = False,
) -> Page[WorkOrder]:
    """Work orders that the caller may see, by deadline."""
    statement = repository.readable(principal)
    if mine:
        statement = statement.where(repository.held_by(principal.responder_id))
    if responder_id is not None:
        statement = statement.where(repository.held_by(responder_id))
    if state:
        statement = statement.where(col(WorkOrder.state).in_(state))
    if supervised:
        statement = statement.where(col(WorkOrder.supervised_at).is_not(None))
    if due_before is not None:
        statement = statement.where(col(WorkOrder.due_at) < due_before)
    for column, value in {"grid_code": grid_code, "request_id": request_id, "urgency": urgency}.items():
        if value is not None:
            statement = statement.where(getattr(WorkOrder, column) == value)
    return await paginate(session, statement, order_by=(WorkOrder.due_at, WorkOrder.id), page=page)


@router.get("/{order_id}", response_model=WorkOrderRead)
async def get_work_order(
    principal: WorkOrdersRead, session: Session, order_id: UUID, request: Request, response: Response
) -> WorkOrder:
    order = await repository.get_work_order(session, principal, order_id)
    tag_response(request, response, order.version)
    return order


@router.get("/{order_id}/assignment", response_model=AssignmentExplanation)
async def explain_assignment(principal: WorkOrdersRead, session: Session, order_id: UUID) -> AssignmentExplanation:
    """Why these responders were asked, and why not others."""
    order = await repository.get_work_order(session, principal, order_id)
    assignments = await repository.list_assignments(session, order)
    return AssignmentExplanation(
        work_order_id=order.id,
        assignments=[AssignmentRead.model_validate(each) for each in assignments],
        nobody_because=[Considered.model_validate(each) for each in order.considered or []],
    )


@router.post("/{order_id}/acknowledge", response_model=WorkOrderRead)
async def acknowledge(principal: WorkOrdersAct, session: Session, order_id: UUID) -> WorkOrder:
    """Accept the order. Whoever else was asked is let go."""
    return await service.acknowledge(session, principal, order_id)


@router.post("/{order_id}/start", response_model=WorkOrderRead)
async def start(principal: WorkOrdersAct, session: Session, order_id: UUID) -> WorkOrder:
    return await service.start(session, principal, order_id)


@router.post("/{order_id}/complete", response_model=WorkOrderRead)
async def complete(
    principal: WorkOrdersAct, session: Session, vault: VaultDep, order_id: UUID, data: CompleteWorkOrder
) -> WorkOrder:
    return await service.complete(session, vault, principal, order_id, data)


@router.post("/{order_id}/hand-back", response_model=WorkOrderRead)
async def hand_back(
    principal: WorkOrdersAct, session: Session, vault: VaultDep, order_id: UUID, data: HandBackWorkOrder
) -> WorkOrder:
    """Give the order back, with a reason; somebody else is asked at once. The deadline stays.

    `not_responsible` is an objection: the order stays where it is until somebody decides.
    """
    return await service.hand_back(session, vault, principal, order_id, data)


@router.post("/{order_id}/assign", response_model=WorkOrderRead)
async def assign(
    principal: WorkOrdersAssign, session: Session, vault: VaultDep, order_id: UUID, data: AssignWorkOrder
) -> WorkOrder:
    """Decide by hand who does it."""
    return await service.assign_by_hand(session, vault, principal, order_id, data)


@router.post("/{order_id}/reveal-note", response_model=Note)
async def reveal_note(
    principal: WorkOrdersAct, session: Session, vault: VaultDep, order_id: UUID, data: RevealNote, request: Request
) -> Note:
    """What the responder noted, for a named purpose; the reading is recorded."""
    signer = request.app.state.audit_signer
    return Note(note=await service.reveal_note(session, vault, signer, principal, order_id, data))
