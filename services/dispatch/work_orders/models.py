from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.dispatch.tables import Base
from services.dispatch.work_orders.vocabulary import (
    Cause,
    Ending,
    EscalatedTo,
    HandBackReason,
    Outcome,
    State,
    Tier,
    Urgency,
)
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class WorkOrder(Base, Tenant, table=True):
    """What a responder must do (工单), made from a resident's request; a reopened request gets another one."""

    __tablename__ = "work_order"
    __table_args__ = (
        UniqueConstraint("community_code", "request_id", "sequence"),
        ForeignKeyConstraint(["community_code", "responder_id"], ["responder.community_code", "responder.id"]),
        ForeignKeyConstraint(["community_code", "previous_id"], ["work_order.community_code", "work_order.id"]),
        one_of("urgency", Urgency),
        one_of("state", State),
        one_of("tier", Tier),
        one_of("outcome", Outcome),
        one_of("escalated_to", EscalatedTo),
        Index("ix_work_order_community_code_due_at", "community_code", "due_at", "id"),
        Index("ix_work_order_community_code_grid_code", "community_code", "grid_code", "due_at", "id"),
        Index(
            "ix_work_order_origin",
            "community_code",
            text("(origin ->> 'id')"),
            postgresql_where=text("origin IS NOT NULL"),
        ),
        Index(
            "ix_work_order_supervised",
            "community_code",
            "due_at",
            "id",
            postgresql_where=text("supervised_at IS NOT NULL"),
        ),
        Index("ix_work_order_escalate_at", "escalate_at", postgresql_where=text("escalate_at IS NOT NULL")),
        Index(
            "ix_work_order_requester",
            "community_code",
            "requester_person_id",
            postgresql_where=text("requester_person_id IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    request_id: UUID
    sequence: int = 1
    previous_id: UUID | None = None
    """The order that did not settle the request."""
    request_version: int
    """Of the event that made this order; older news of the request does not touch it."""
    grid_code: str | None = Field(default=None, max_length=15)
    category: str
    urgency: Urgency = Field(sa_type=text_enum(Urgency))
    channel: str | None = None
    responder_kind: str | None = Field(default=None, max_length=40)
    """Who usually answers for the category, as requests told: asked unless the policy names skills for it."""
    confidential: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    """Its request is closed to others: only whoever was asked, and the head, know of the order. It stays so."""
    origin: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    requester_person_id: UUID | None = None
    household_id: UUID | None = None
    state: State = Field(default=State.CREATED, sa_type=text_enum(State))
    responder_id: UUID | None = None
    """Who answers for it: the first asked until another has accepted (首接负责)."""
    tier: Tier | None = Field(default=None, sa_type=text_enum(Tier))
    considered: list[dict[str, Any]] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    """Why nobody could be asked, while nobody is."""
    due_at: datetime
    """Until when its request is to be resolved, as that last said."""
    due_version: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    """The version of the request that told `due_at`; what an older one tells late is not news."""
    policy_number: int
    """The dispatch policy in force when the order was made."""
    escalation_level: int = 0
    """0 nobody else was asked, 1 the backup was, 2 the duty desk was."""
    escalate_at: datetime | None = None
    """When the next is asked as well, or, while nobody is, when it is tried again."""
    escalated_to: EscalatedTo | None = Field(default=None, sa_type=text_enum(EscalatedTo))
    """How far up a missed deadline of the request has brought it."""
    supervised_at: datetime | None = None
    """Since when the subdistrict supervises it (督办)."""
    assigned_at: datetime | None = None
    acknowledged_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    outcome: Outcome | None = Field(default=None, sa_type=text_enum(Outcome))
    note: bytes | None = None
    """What the responder found, sealed under the order's own data key."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class WorkOrderAssignment(Base, Tenant, table=True):
    """Somebody was asked: why they, who else was considered, and how it ended. Open rows are what a responder holds."""

    __tablename__ = "work_order_assignment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["community_code", "work_order_id"],
            ["work_order.community_code", "work_order.id"],
            name="fk_work_order_assignment_order",
        ),
        ForeignKeyConstraint(["community_code", "responder_id"], ["responder.community_code", "responder.id"]),
        one_of("tier", Tier),
        one_of("cause", Cause),
        one_of("ending", Ending),
        one_of("hand_back_reason", HandBackReason),
        Index(
            "uq_work_order_assignment_open",
            "community_code",
            "work_order_id",
            "responder_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_work_order_assignment_work_order", "community_code", "work_order_id"),
        Index("ix_work_order_assignment_responder", "community_code", "responder_id", "work_order_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    work_order_id: UUID
    responder_id: UUID
    tier: Tier = Field(sa_type=text_enum(Tier))
    cause: Cause = Field(sa_type=text_enum(Cause))
    policy_number: int
    considered: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """`Verdict` by responder; empty when a person or the duty desk's turn decided."""
    decided_by: str
    """The account that decided, or `dispatch`."""
    reason: bytes | None = None
    """A person's reason, sealed under the order's own data key as column `reason` of the order."""
    assigned_at: datetime = Field(default_factory=utc_now)
    ended_at: datetime | None = None
    ending: Ending | None = Field(default=None, sa_type=text_enum(Ending))
    hand_back_reason: HandBackReason | None = Field(default=None, sa_type=text_enum(HandBackReason))
