from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.dispatch.objections.models import Ground
from services.dispatch.schemas import Schema
from services.dispatch.work_orders.assignment import Ruling
from services.dispatch.work_orders.vocabulary import (
    Cause,
    Ending,
    EscalatedTo,
    HandBackReason,
    Origin,
    Outcome,
    State,
    Tier,
    Urgency,
)
from shared.audit import Purpose
from shared.errors import both
from shared.identity import FreeText


class WorkOrderRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    request_id: UUID
    sequence: int
    previous_id: UUID | None
    grid_code: str | None
    category: str
    urgency: Urgency
    channel: str | None
    origin: Origin | None
    state: State
    responder_id: UUID | None
    """Who answers for it."""
    tier: Tier | None
    due_at: AwareDatetime
    escalation_level: int
    """0 nobody else was asked, 1 the backup was, 2 the duty desk was."""
    escalate_at: AwareDatetime | None
    escalated_to: EscalatedTo | None
    """How far up a missed deadline of the request has brought it."""
    supervised_at: AwareDatetime | None
    """Since when the subdistrict supervises it (督办)."""
    assigned_at: AwareDatetime | None
    acknowledged_at: AwareDatetime | None
    started_at: AwareDatetime | None
    completed_at: AwareDatetime | None
    outcome: Outcome | None
    version: int
    created_at: AwareDatetime


class CompleteWorkOrder(Schema):
    outcome: Outcome
    note: FreeText | None = None
    """What was found and done. Sealed; shown only through `reveal-note`."""


class HandBackWorkOrder(Schema):
    reason: HandBackReason
    ground: Ground | None = None
    """Of `not_responsible`: why it is not theirs to do."""
    statement: FreeText | None = None
    """Of `not_responsible`: for whoever reviews the objection."""

    @model_validator(mode="after")
    def objects_with_a_statement(self) -> Self:
        objects = self.reason is HandBackReason.NOT_RESPONSIBLE
        if any((each is not None) != objects for each in (self.ground, self.statement)):
            raise ValueError(
                both("not_responsible 必须写明 ground 与 statement, 其他原因不填", "Only not_responsible needs both")
            )
        return self


class AssignWorkOrder(Schema):
    responder_id: UUID
    reason: FreeText
    """Why a person decides instead of the rules. Sealed."""


class RevealNote(Schema):
    purpose: Purpose


class Note(BaseModel):
    note: str | None
    """Null: none was written, or the person it concerns was erased."""


class Considered(BaseModel):
    responder_id: UUID
    ruling: Ruling
    load: int
    """Open orders at that moment."""
    distance_m: int
    score_m: Annotated[int, Field(description="`load × metres per order + distance`; lower is asked first.")]


class AssignmentRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    responder_id: UUID
    tier: Tier
    cause: Cause
    policy_number: int
    considered: list[Considered]
    decided_by: str
    assigned_at: AwareDatetime
    ended_at: AwareDatetime | None
    ending: Ending | None
    hand_back_reason: HandBackReason | None


class AssignmentExplanation(BaseModel):
    """Everybody who was asked, in order, and who else was considered each time."""

    work_order_id: UUID
    assignments: list[AssignmentRead]
    nobody_because: list[Considered]
    """While nobody could be asked: why not."""
