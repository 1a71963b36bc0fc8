from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from services.requests.service_requests.models import Visibility
from services.requests.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id

JPEG = "image/jpeg"


class SubjectType(StrEnum):
    """What a photo is attached to."""

    REQUEST = "request"
    MEDIATION = "mediation"
    DELIBERATION = "deliberation"
    PROJECT = "project"


class Attachment(Base, Tenant, table=True):
    """A photo (附件) of a request, or of a mediation, deliberation or project: the row; the picture is a sealed file.

    Whoever sent it may withdraw it: its files are then deleted, and its row with them. Redacted, it is kept sealed and
    shown to nobody but the head, for a purpose.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        one_of("subject_type", SubjectType),
        one_of("visibility", Visibility),
        CheckConstraint("(subject_type = 'request') = (request_id IS NOT NULL)", name="request"),
        CheckConstraint("request_id IS NULL OR request_id = subject_id", name="subject"),
        ForeignKeyConstraint(
            ["community_code", "request_id"], ["service_request.community_code", "service_request.id"]
        ),
        Index("ix_attachment_subject", "community_code", "subject_id", "id"),
        Index("ix_attachment_key", "community_code", "key_subject_id"),
        Index("ix_attachment_withdrawn", "withdrawn_at", postgresql_where=text("withdrawn_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    subject_type: SubjectType = Field(sa_type=text_enum(SubjectType))
    subject_id: UUID
    request_id: UUID | None = None
    """The same as `subject_id` if it is a request's."""
    key_subject_id: UUID
    """Whose key seals the files: the sender's if they are a resident, else the subject's."""
    visibility: Visibility = Field(sa_type=text_enum(Visibility))
    media_type: str = Field(default=JPEG, max_length=40)
    byte_size: int
    width: int
    """Pixels, as of `height`."""
    height: int
    created_by: str
    created_at: datetime = Field(default_factory=utc_now)
    released_at: datetime | None = None
    """Since when everybody may see it, where everybody may know of what it is attached to; the office says so."""
    redacted_at: datetime | None = None
    withdrawn_at: datetime | None = None
