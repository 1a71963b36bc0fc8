from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from services.dispatch.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id
from shared.states import NamedState


class Ground(StrEnum):
    """Why whoever was asked says that it is not theirs to do."""

    NOT_OUR_TASK = "not_our_task"
    OUT_OF_AREA = "out_of_area"
    OTHER_UNIT = "other_unit"
    NO_AUTHORITY = "no_authority"


class ObjectionState(NamedState):
    PENDING = "pending", "待审核"
    UPHELD = "upheld", "已成立"
    OVERRULED = "overruled", "已驳回"
    LAPSED = "lapsed", "已失效"
    """Settled before anybody decided: the order was accepted, given to another, or ended."""


class Objection(Base, Tenant, table=True):
    """A responder holds that an order is not theirs (退单异议). Until it is decided they stay answerable for it."""

    __tablename__ = "objection"
    __table_args__ = (
        one_of("ground", Ground),
        one_of("state", ObjectionState),
        CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(state IN ('upheld', 'overruled')) = (decided_by IS NOT NULL)", name="decided_by"),
        ForeignKeyConstraint(
            ["community_code", "work_order_id"],
            ["work_order.community_code", "work_order.id"],
            name="fk_objection_order",
        ),
        ForeignKeyConstraint(["community_code", "responder_id"], ["responder.community_code", "responder.id"]),
        Index("ix_objection_queue", "community_code", "state", "review_by", "id"),
        Index("ix_objection_order", "community_code", "work_order_id", "id"),
        Index(
            "uq_objection_pending",
            "community_code",
            "work_order_id",
            unique=True,
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_objection_due",
            "review_by",
            postgresql_where=text("state = 'pending' AND escalated_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    work_order_id: UUID
    responder_id: UUID
    """Who objects."""
    raised_by: str
    """The account that wrote it down: theirs, or staff's at the duty desk."""
    ground: Ground = Field(sa_type=text_enum(Ground))
    statement: bytes | None = None
    """Sealed under the order's own data key; None once the person it concerns was erased."""
    state: ObjectionState = Field(default=ObjectionState.PENDING, sa_type=text_enum(ObjectionState))
    review_by: datetime
    escalated_at: datetime | None = None
    """Since when only the head may decide, because nobody did in time."""
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: bytes | None = None
    """The reviewer's words, sealed as the statement is."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
