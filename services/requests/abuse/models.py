from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from services.requests.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class AbuseReason(StrEnum):
    """Why the office holds a request for an abuse. Never a free text: nothing is written about a person here."""

    FALSE_REPORT = "false_report"
    """虚假诉求: knowingly untrue."""
    ADVERTISING = "advertising"
    INSULTS = "insults"
    FLOODING = "flooding"
    """恶意重复: the same again and again."""


class AbuseFlag(Base, Tenant, table=True):
    """A request that the office holds for an abuse of intake (滥用). Three within 30 days stop further ones.

    Whose they are is what the request says: flags follow merged records and are void once the requester is erased.
    """

    __tablename__ = "abuse_flag"
    __table_args__ = (
        one_of("reason", AbuseReason),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted"),
        ForeignKeyConstraint(
            ["community_code", "request_id"], ["service_request.community_code", "service_request.id"]
        ),
        Index("uq_abuse_flag_request", "community_code", "request_id", unique=True),
        Index("ix_abuse_flag_standing", "community_code", "created_at", postgresql_where=text("lifted_at IS NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    request_id: UUID
    reason: AbuseReason = Field(sa_type=text_enum(AbuseReason))
    flagged_by: str
    lifted_at: datetime | None = None
    """Since when it counts no more: the office saw that it was wrong."""
    lifted_by: str | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
