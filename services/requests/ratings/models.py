from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from services.requests.service_requests.models import REQUEST_KEY
from services.requests.service_requests.vocabulary import CallbackChannel, Commendation
from services.requests.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class Rating(Base, Tenant, table=True):
    """How one resident concerned judges the outcome (评价), with a commendation if they leave one."""

    __tablename__ = "rating"
    __table_args__ = (
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
        CheckConstraint("commendation IN ('thanks', 'pennant')", name="commendation"),
        ForeignKeyConstraint(["community_code", "request_id"], REQUEST_KEY),
        one_of("how", CallbackChannel),
        CheckConstraint("(how IS NULL) = (recorded_by IS NULL)", name="written_down"),
        CheckConstraint("person_id IS NOT NULL OR recorded_by IS NOT NULL", name="said_by"),
        Index(
            "uq_rating_request_id_person_id",
            "community_code",
            "request_id",
            "person_id",
            "round",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_rating_commended", "community_code", "id", postgresql_where=text("commendation IS NOT NULL")),
        Index(None, "community_code", "key_subject_id", postgresql_where=text("key_subject_id IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    request_id: UUID
    person_id: UUID | None = None
    """None: a caller without a record, whose words the office wrote down."""
    how: CallbackChannel | None = Field(default=None, sa_type=text_enum(CallbackChannel))
    """How the office asked, when it wrote the judgement down."""
    recorded_by: str | None = None
    responder_id: UUID | None = None
    """Who answered for the request when it was judged."""
    round: int
    """How often the request had been reopened: each outcome is judged for itself."""
    score: int
    solved: bool
    satisfied: bool
    commendation: Commendation | None = Field(default=None, sa_type=text_enum(Commendation))
    may_publish: bool = False
    """Whether whoever gave it agrees that the community shows its words, never their name."""
    key_subject_id: UUID | None = None
    text_sealed: bytes | None = None
    created_at: datetime = Field(default_factory=utc_now)
