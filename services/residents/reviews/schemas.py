from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.residents.people.schemas import Schema
from services.residents.reviews.models import AccessReview, ReviewState
from shared.audit import Purpose
from shared.clock import utc_now
from shared.identity import FreeText


class ReviewRead(BaseModel):
    """Who read what about how many people; what they wrote is revealed on its own."""

    id: UUID
    reader: str
    reader_role: str
    action: str
    purpose: Purpose
    fields: list[str]
    people: int
    found_person_id: UUID | None
    has_reason: bool
    state: ReviewState
    due_at: datetime
    is_overdue: bool
    decided_at: datetime | None
    decided_by: str | None
    version: int
    created_at: datetime

    @classmethod
    def of(cls, review: AccessReview) -> "ReviewRead":
        return cls(
            **review.model_dump(include=set(cls.model_fields)),
            people=len(review.person_ids),
            has_reason=review.reason is not None,
            is_overdue=review.state is ReviewState.OPEN and review.due_at < utc_now(),
        )


class ReviewRevealed(BaseModel):
    person_ids: list[UUID]
    reason: str | None
    note: str | None


class Verdict(Schema):
    note: FreeText | None = None


class ReviewCounts(BaseModel):
    """Of one community, in the time asked for."""

    community_code: str
    open: int
    overdue: int
    justified: int
    unjustified: int
