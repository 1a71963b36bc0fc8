from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.requests.moderation.models import Reason, Target
from services.requests.service_requests.schemas import Schema
from shared.audit import Purpose
from shared.errors import both
from shared.identity import FreeText, PersonName

_OWN_WORDS = (Target.TITLE, Target.DESCRIPTION)


class RedactionCreate(Schema):
    """What is to be taken out of sight, and what is shown instead."""

    target: Target
    target_id: UUID | None = None
    """The update, rating or attachment; absent for title and description."""
    text: FreeText | None = None
    """What is shown instead, e.g. the same without the name; absent: nothing."""
    reason: Reason

    @model_validator(mode="after")
    def _names_its_target(self) -> Self:
        if (self.target in _OWN_WORDS) != (self.target_id is None):
            raise ValueError(
                both(
                    "标题和描述不填 target_id, 其余必填",
                    "Leave target_id out for title and description; name it for the rest",
                )
            )
        if self.target is Target.ATTACHMENT and self.text is not None:
            raise ValueError(both("照片没有替代文字", "A photo has no text"))
        return self


class RedactionRead(BaseModel):
    """That something was redacted, not what."""

    id: UUID
    target: Target
    target_id: UUID | None
    reason: Reason
    by: str
    """The role of whoever redacted it."""
    created_at: datetime


class Redactions(BaseModel):
    items: list[RedactionRead]


class RevealOriginal(Schema):
    purpose: Purpose
    """Why the original must be read; it is put on record."""


class OriginalRead(BaseModel):
    text: str


class Release(Schema):
    """What everybody may read. Absent: title and description as they now stand."""

    title: PersonName | None = None
    description: FreeText | None = None
    update_ids: Annotated[list[UUID], Field(default_factory=list, max_length=100)]
    """Lines of the timeline whose words, written by the office, everybody may read as well."""
    attachment_ids: Annotated[list[UUID], Field(default_factory=list, max_length=20)]
    """Photos that everybody may see as well: nobody can be recognised on them, nor where anybody lives."""


class ReleasedRead(BaseModel):
    title: str | None
    description: str | None
    released_at: datetime
