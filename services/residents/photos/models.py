from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from services.residents.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class PhotoSubject(StrEnum):
    """Whose data key seals the photo."""

    PERSON = "person"
    FOUND_PERSON = "found_person"


class PhotoKind(StrEnum):
    PORTRAIT = "portrait"
    """What a person looks like, so that they can be recognised. At most one is current."""
    FOUND = "found"
    """Somebody found whom nobody knows yet."""
    SIGHTING = "sighting"
    HAND_OVER = "hand_over"
    """Proof of a hand-over: who took the person into their care."""


class Photo(Base, Tenant, table=True):
    """A photo (照片): the row says of whom and of what kind; the picture is a file, sealed under the subject's key.

    A photo that was removed waits for the sweep that deletes its files; from then on nothing of it is left.
    """

    __tablename__ = "photo"
    __table_args__ = (
        one_of("subject_type", PhotoSubject),
        one_of("kind", PhotoKind),
        CheckConstraint("(kind = 'portrait') = (subject_type = 'person')", name="portrait_of_person"),
        Index("ix_photo_subject", "community_code", "subject_id", "id"),
        Index(
            "uq_photo_portrait",
            "community_code",
            "subject_id",
            unique=True,
            postgresql_where=text("kind = 'portrait' AND removed_at IS NULL"),
        ),
        Index("ix_photo_removed", "removed_at", postgresql_where=text("removed_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    subject_type: PhotoSubject = Field(sa_type=text_enum(PhotoSubject))
    subject_id: UUID
    kind: PhotoKind = Field(sa_type=text_enum(PhotoKind))
    width: int
    """Pixels, as of `height`."""
    height: int
    taken_by: str
    """The account that sent it, or `public`."""
    created_at: datetime = Field(default_factory=utc_now)
    removed_at: datetime | None = None
