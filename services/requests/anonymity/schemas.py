from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.requests.service_requests.schemas import UpdateRead
from services.requests.service_requests.states import State
from shared.codes import CommunityCode
from shared.identity import FreeText

FollowUpCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z -]{26,40}$")]


class FollowUp(BaseModel):
    """Whoever holds the code may ask; it is sent in the body, as addresses end up in logs."""

    model_config = ConfigDict(extra="forbid")

    community_code: CommunityCode
    code: FollowUpCode


class FollowUpAnswer(FollowUp):
    text: FreeText


class FollowUpRead(BaseModel):
    """An anonymous request as its requester sees it."""

    state: State
    category: str
    accept_by: datetime
    respond_by: datetime
    resolve_by: datetime
    waiting_since: datetime | None
    """Since when the office waits for an answer."""
    created_at: datetime
    updates: list[UpdateRead]
    """The newest 100 public lines, oldest first."""
