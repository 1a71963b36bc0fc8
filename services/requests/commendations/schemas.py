from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.requests.service_requests.vocabulary import Commendation


class CommendationRead(BaseModel):
    """Thanks that somebody left with their judgement, without their name."""

    id: UUID
    commendation: Commendation
    responder_id: UUID | None
    """Who answered for the request."""
    category_class: str
    request_id: UUID | None
    """Null for residents."""
    score: int
    text: str | None
    may_publish: bool
    created_at: datetime
