from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from services.requests.service_requests.schemas import Schema
from services.requests.service_requests.vocabulary import CallbackChannel, Commendation
from shared.identity import FreeText


class RatingCreate(Schema):
    score: Annotated[int, Field(ge=1, le=5)]
    solved: bool
    satisfied: bool
    commendation: Commendation | None = None
    may_publish: bool = False
    """The words may be shown to everybody, without a name."""
    how: CallbackChannel | None = None
    """Needed when the office writes down what the requester said; absent when they say it themselves."""
    text: FreeText | None = None


class RatingRead(RatingCreate):
    model_config = ConfigDict(extra="ignore")

    id: UUID
    created_at: datetime
