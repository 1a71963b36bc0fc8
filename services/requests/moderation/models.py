from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from services.requests.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class Target(StrEnum):
    """What was written or sent that can be redacted."""

    TITLE = "title"
    DESCRIPTION = "description"
    UPDATE = "update"
    RATING = "rating"
    ATTACHMENT = "attachment"


class Reason(StrEnum):
    """Why something was taken out of sight."""

    PERSONAL_DATA = "personal_data"
    """Somebody's name, phone, address, health."""
    OFFENSIVE = "offensive"
    UNPROVEN = "unproven"
    """An accusation against somebody that nobody has looked into."""
    MISTAKE = "mistake"
    """Written in the wrong place, or by accident."""


class Redaction(Base, Tenant, table=True):
    """A text or photo that was taken out of sight (遮盖). What is shown was replaced; the original stays sealed here.

    Rows are added, never changed: the oldest of a target holds what was written first. Erasing the writer destroys the
    key of the original too.
    """

    __tablename__ = "redaction"
    __table_args__ = (
        one_of("target", Target),
        one_of("reason", Reason),
        CheckConstraint("(target IN ('title', 'description')) = (target_id IS NULL)", name="target_id"),
        ForeignKeyConstraint(
            ["community_code", "request_id"], ["service_request.community_code", "service_request.id"]
        ),
        Index(None, "community_code", "request_id", "id"),
        Index("ix_redaction_key", "community_code", "key_subject_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    request_id: UUID
    target: Target = Field(sa_type=text_enum(Target))
    target_id: UUID | None = None
    """The line of the timeline, the rating or the attachment; None for the request's own words."""
    reason: Reason = Field(sa_type=text_enum(Reason))
    key_subject_id: UUID
    """Whose key seals the original."""
    original_sealed: bytes | None = None
    """None for a photo, whose file stays where it is, and once its writer was erased."""
    redacted_by: str
    redacted_by_role: str
    created_at: datetime = Field(default_factory=utc_now)
