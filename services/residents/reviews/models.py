from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field

from services.residents.tables import Base
from shared.audit import Purpose
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id
from shared.states import NamedState


class ReviewState(NamedState):
    OPEN = "open", "待复核"
    JUSTIFIED = "justified", "查阅正当"
    UNJUSTIFIED = "unjustified", "查阅不当"


class AccessReview(Base, Tenant, table=True):
    """An emergency access that the head of the community has to judge (紧急查阅复核).

    Written in the transaction of the access itself: nobody reads in an emergency without it.
    """

    __tablename__ = "access_review"
    __table_args__ = (
        one_of("state", ReviewState),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("decided_by <> reader", name="not_by_the_reader"),
        Index("ix_access_review_queue", "community_code", "state", "id"),
        Index("ix_access_review_decided", "decided_at", postgresql_where=text("decided_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    reader: str
    """The account that read."""
    reader_role: str = Field(max_length=40)
    action: str
    purpose: Purpose = Field(sa_type=text_enum(Purpose))
    fields: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    """What was read, or by what was searched."""
    person_ids: list[UUID] = Field(sa_column=Column(ARRAY(PgUuid(as_uuid=True)), nullable=False))
    """Those outside the reader's own grids."""
    found_person_id: UUID | None = None
    """The case that it was for, if the reader named one."""
    reason: bytes | None = None
    """What the reader wrote, sealed under the review's own key."""
    state: ReviewState = Field(default=ReviewState.OPEN, sa_type=text_enum(ReviewState))
    note: bytes | None = None
    """What the head wrote, sealed likewise."""
    due_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
