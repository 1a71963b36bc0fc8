"""What dispatch publishes. Payloads carry ids, codes and states only."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from services.dispatch.work_orders.vocabulary import EscalatedTo, HandBackReason, Origin, Outcome, Tier, Urgency
from shared.envelope import Event
from shared.geo import GridKind


class PublishedAddress(Event):
    """One line of a grid's address table: public, of no person."""

    compound: str
    building: str
    unit: str = ""


class GridPublished(Event):
    type: ClassVar[str] = "dispatch.grid_published.v1"

    grid_code: str
    kind: GridKind
    version: int
    boundary: dict[str, Any]
    """GeoJSON geometry, WGS 84."""
    addresses: list[PublishedAddress]


class GridWorkerAssigned(Event):
    type: ClassVar[str] = "dispatch.grid_worker_assigned.v1"

    grid_code: str
    responder_id: UUID
    backup_responder_id: UUID | None = None


class _WorkOrderEvent(Event):
    work_order_id: UUID
    request_id: UUID


class WorkOrderCreated(_WorkOrderEvent):
    type: ClassVar[str] = "dispatch.work_order_created.v1"

    grid_code: str | None
    urgency: Urgency
    origin: Origin | None


class WorkOrderAssigned(_WorkOrderEvent):
    type: ClassVar[str] = "dispatch.work_order_assigned.v1"

    grid_code: str | None
    responder_id: UUID
    tier: Tier
    origin: Origin | None


class WorkOrderAcknowledged(_WorkOrderEvent):
    type: ClassVar[str] = "dispatch.work_order_acknowledged.v1"

    responder_id: UUID


class WorkOrderStarted(_WorkOrderEvent):
    type: ClassVar[str] = "dispatch.work_order_started.v1"

    responder_id: UUID


class WorkOrderCompleted(_WorkOrderEvent):
    type: ClassVar[str] = "dispatch.work_order_completed.v1"

    responder_id: UUID
    outcome: Outcome


class WorkOrderHandedBack(_WorkOrderEvent):
    type: ClassVar[str] = "dispatch.work_order_handed_back.v1"

    responder_id: UUID
    reason: HandBackReason


class WorkOrderEscalated(_WorkOrderEvent):
    type: ClassVar[str] = "dispatch.work_order_escalated.v1"

    to: EscalatedTo


class WorkOrderReminded(_WorkOrderEvent):
    """Whoever holds the order is told that a deadline of its request comes near, or has passed."""

    type: ClassVar[str] = "dispatch.work_order_reminded.v1"

    category: str
    deadline: str
    """`accept`, `first_response` or `resolution`."""
    percent: int
    """How much of its working time has passed: 80, or 100 when it was missed."""
    due_at: datetime
    responder_ids: list[UUID]
    to_duty_desk: bool
    """Whether the community's duty desk is told as well."""
    to_head: bool = False
    """Whether its head is, and no other staff: the request is closed to them."""


class WorkOrderLeftToHead(_WorkOrderEvent):
    """Nobody can be asked who may know of it: the head of the community decides whom to trust with it."""

    type: ClassVar[str] = "dispatch.work_order_left_to_head.v1"

    category: str


class WorkOrderCancelled(_WorkOrderEvent):
    """The request was withdrawn, or settled without this order."""

    type: ClassVar[str] = "dispatch.work_order_cancelled.v1"


class WorkOrderObjected(_WorkOrderEvent):
    """Whoever was asked says that it is not theirs to do; they stay answerable until somebody decides."""

    type: ClassVar[str] = "dispatch.work_order_objected.v1"

    responder_id: UUID
    reason: str
    category: str
    to: str
    """Who decides: `staff`, or `head` where no other staff may know of the order."""


class WorkOrderObjectionDecided(_WorkOrderEvent):
    """Upheld: they are released, and another is asked. Overruled: it is theirs."""

    type: ClassVar[str] = "dispatch.work_order_objection_decided.v1"

    responder_id: UUID
    """Who objected."""
    outcome: str
    """`upheld` or `overruled`."""


class WorkOrderObjectionOverdue(_WorkOrderEvent):
    """Nobody reviewed an objection in time: the head decides."""

    type: ClassVar[str] = "dispatch.work_order_objection_overdue.v1"

    category: str
    to: str
