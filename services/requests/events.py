"""What requests publishes. Payloads carry ids, codes and states only."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.envelope import Event


class Origin(BaseModel):
    """The case of another service that a request was made from."""

    model_config = ConfigDict(frozen=True)

    type: Literal["found_person"]
    id: UUID


class RequestSubmitted(Event):
    type: ClassVar[str] = "requests.request_submitted.v1"

    request_id: UUID
    state: str
    """`submitted`, or `accepted` for urgent ones, which are accepted as they come."""
    category: str
    urgency: str
    grid_code: str | None
    channel: str
    responder_kind: str | None = None
    """Who usually answers for the category; dispatch's own policy goes before it."""
    origin: Origin | None
    requester_person_id: UUID | None
    household_id: UUID | None
    resolve_by: datetime
    """Until the first dispatch: the latest that it can become."""
    confidential: bool = False
    """Its category closes it: nobody but whoever is asked, and the head, may learn of the work either."""


class RequestChanged(Event):
    """Base of what is told of every public step, so that progress and result reach the requester."""

    request_id: UUID
    state: str
    step: str
    """What happened: `timeline.Step`."""
    requester_person_id: UUID | None
    household_id: UUID | None
    grid_code: str | None
    category: str
    urgency: str
    resolve_by: datetime
    follower_person_ids: list[UUID] = Field(default_factory=list)
    """Who besides the requester hears of it: supporters, and requesters of what was merged into it; nobody muted."""
    watcher_accounts: list[str] = Field(default_factory=list)
    """Accounts of the office and its workers that follow it and may read it; nobody muted, nor who did it."""
    requester_muted: bool = False
    """The requester wants no notices of this request."""
    confidential: bool = False
    """Its category or a mediation closes it: nobody but its requester and whoever was asked to act may be told."""


class RequestAccepted(RequestChanged):
    type: ClassVar[str] = "requests.request_accepted.v1"


class RequestProgressed(RequestChanged):
    """Any public step that has no event of its own, rejection included."""

    type: ClassVar[str] = "requests.request_progressed.v1"


class RequestNoted(Event):
    """A step that the requester is not told of: the office's and its workers' own, or what the requester said. It keeps
    the lists of whoever works on the request current, and tells those of them who follow it."""

    type: ClassVar[str] = "requests.request_noted.v1"

    request_id: UUID
    state: str
    step: str
    grid_code: str | None
    category: str
    urgency: str
    resolve_by: datetime | None = None
    watcher_accounts: list[str] = Field(default_factory=list)


class RequestRejected(RequestChanged):
    """Nobody need act any more. The requester is told by `request_progressed`."""

    type: ClassVar[str] = "requests.request_rejected.v1"


class RequestResolved(RequestChanged):
    type: ClassVar[str] = "requests.request_resolved.v1"


class RequestConfirmed(RequestChanged):
    type: ClassVar[str] = "requests.request_confirmed.v1"


class RequestReopened(RequestChanged):
    type: ClassVar[str] = "requests.request_reopened.v1"


class RequestWithdrawn(RequestChanged):
    type: ClassVar[str] = "requests.request_withdrawn.v1"


class RequestMerged(RequestChanged):
    """It asks what another asks, and went into that one: nobody need work on it any more."""

    type: ClassVar[str] = "requests.request_merged.v1"

    merged_into_id: UUID


class RequestUnmerged(RequestChanged):
    """The merge was a mistake: it stands where it stood, under the same clock, and somebody must be asked again."""

    type: ClassVar[str] = "requests.request_unmerged.v1"


class RequestTransferred(RequestChanged):
    """Another category, grid or unit (转办), under the same clock. Who was asked first stays until another accepts."""

    type: ClassVar[str] = "requests.request_transferred.v1"

    to_responder_id: UUID | None
    """Whom staff want to be asked; None: whom the rules choose."""
    responder_kind: str | None = None
    """Who usually answers for the category that it came to; None: the category is the same."""


class RequestMadeConfidential(Event):
    """A mediation took it in: from now on others may learn nothing of it, nor of the work that it made."""

    type: ClassVar[str] = "requests.request_made_confidential.v1"

    request_id: UUID
    confidential: Literal[True] = True


class _DeadlineEvent(Event):
    request_id: UUID
    deadline: str
    """`accept`, `first_response` or `resolution`."""
    due_at: datetime
    state: str
    grid_code: str | None
    category: str
    urgency: str
    responder_id: UUID | None
    """Who answers for the request, if somebody was asked."""


class DeadlineWarned(_DeadlineEvent):
    """A share of a deadline's working time has passed without its being met."""

    type: ClassVar[str] = "requests.deadline_warned.v1"

    percent: int
    """50 or 80."""


class DeadlineBreached(_DeadlineEvent):
    type: ClassVar[str] = "requests.deadline_breached.v1"
