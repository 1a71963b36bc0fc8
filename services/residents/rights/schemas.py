from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, model_validator

from services.residents.people.schemas import PersonUpdate, Schema
from services.residents.rights.models import MadeBy, Refusal, RightsRequest
from services.residents.rights.states import RequestKind, RequestState
from shared.clock import utc_now
from shared.errors import both
from shared.identity import FreeText


class CorrectionCreate(Schema):
    """What is wrong or missing, and what is right. Null asks that the field be removed."""

    changes: PersonUpdate
    reason: FreeText | None = None

    @model_validator(mode="after")
    def _about_oneself(self) -> "CorrectionCreate":
        fields = self.changes.model_fields_set
        if not fields or "household_id" in fields:
            raise ValueError(
                both(
                    "请至少写明一项个人信息; 住户变动请联系网格员。",
                    "Name a field of yours; for a move ask the grid worker.",
                )
            )
        return self


class ErasureCreate(Schema):
    reason: FreeText | None = None


class RequestAccept(Schema):
    note: FreeText | None = None
    """What the person is told."""


class RequestDecline(Schema):
    refusal: Refusal
    note: FreeText
    """Why, in words, for the person."""


class RightsRequestRead(BaseModel):
    """A request without what was written; `reveal` shows that."""

    id: UUID
    person_id: UUID
    kind: RequestKind
    state: RequestState
    made_by: MadeBy
    fields: list[str]
    refusal: Refusal | None
    has_note: bool
    due_at: datetime
    is_overdue: bool
    effective_at: datetime | None
    """When an approved erasure is made; until then it can be withdrawn."""
    decided_at: datetime | None
    ended_at: datetime | None
    version: int
    created_at: datetime

    @classmethod
    def of(cls, request: RightsRequest) -> "RightsRequestRead":
        shown = request.model_dump(include=set(cls.model_fields))
        overdue = request.state is RequestState.OPEN and request.due_at < utc_now()
        return cls(**shown, has_note=request.note is not None, is_overdue=overdue)


class RightsRequestRevealed(BaseModel):
    changes: dict[str, Any] | None
    """Proposed values by field; null for an erasure, or once the retention has ended."""
    reason: str | None
    note: str | None
