from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.residents.found_persons.relay_models import Side
from services.residents.found_persons.schemas import Schema
from shared.identity import FreeText

MessageText = Annotated[FreeText, Field(max_length=500)]


class MessageCreate(Schema):
    text: MessageText
    """Phone numbers are taken out: nobody needs to give theirs."""


class MessageRead(BaseModel):
    id: UUID
    side: Side
    is_mine: bool
    text: str
    at: datetime


class MessageSent(MessageRead):
    is_masked: bool
    """Whether a phone number was taken out."""


class Messages(BaseModel):
    items: list[MessageRead]
    """The latest 200, oldest first."""
    is_open: bool
    """Whether one may still write."""


class FamilyState(StrEnum):
    """All that a family learns of where the case stands."""

    LOOKED_AFTER = "looked_after"
    """Found, and somebody is with them or on the way."""
    SAFE = "safe"
    """Safely handed over."""
    ENDED = "ended"


class FamilyView(BaseModel):
    state: FamilyState
    meeting_place: str | None
    """As the community wrote it; null while none is arranged, and once the person is safe."""
    meeting_at: datetime | None
    is_open: bool
