from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from services.dispatch.objections.models import Ground, ObjectionState
from services.dispatch.schemas import Schema
from shared.identity import FreeText


class ObjectionRead(BaseModel):
    id: UUID
    work_order_id: UUID
    responder_id: UUID
    ground: Ground
    statement: str | None
    """Null for supervisors, and once the person it concerns was erased."""
    state: ObjectionState
    review_by: AwareDatetime
    escalated_at: AwareDatetime | None
    decided_at: AwareDatetime | None
    decision: str | None
    version: int
    created_at: AwareDatetime


class Objections(BaseModel):
    items: list[ObjectionRead]


class Overrule(Schema):
    text: FreeText
    """Why it is theirs after all; the objector reads it."""


class Uphold(Schema):
    text: FreeText
    responder_id: UUID | None = None
    """Who is asked instead; default: whom the rules choose."""
