from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.requests.service_requests.models import Visibility


class AttachmentRead(BaseModel):
    """A photo without its picture, which is asked for on its own."""

    id: UUID
    visibility: Visibility
    media_type: str
    byte_size: int
    width: int
    height: int
    mine: bool
    """Whether the caller sent it, and so may withdraw it."""
    redacted: bool
    """Taken out of sight; the picture is not shown."""
    created_at: datetime


class Attachments(BaseModel):
    items: list[AttachmentRead]
