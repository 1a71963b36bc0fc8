from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.requests.service_requests.models import Step
from services.requests.service_requests.schemas import Refused, Schema
from services.requests.service_requests.states import State
from services.requests.service_requests.texts import Place
from services.requests.service_requests.vocabulary import Commendation
from services.requests.tracking.models import LinkState
from shared.errors import both
from shared.identity import FreeText

FollowUpCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z -]{26,40}$")]
LinkToken = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{20,100}$")]


class LinkRead(BaseModel):
    """A link to give to the requester. It is shown once and opens once."""

    reference: str
    url: str
    expires_at: datetime
    state: LinkState
    """`pending`: it goes to the phone that the requester left."""


class Opening(Schema):
    """One of the two."""

    token: LinkToken | None = None
    """Of a one-time link."""
    code: FollowUpCode | None = None
    """The `follow_up_code` of an anonymous request."""

    @model_validator(mode="after")
    def is_one(self) -> Self:
        if (self.token is None) == (self.code is None):
            raise ValueError(both("请提供 token 或 code 之一", "Give either token or code"))
        return self


class Opened(BaseModel):
    session: str
    """What the browser keeps; sent back as `Tracking-Session`."""
    until: datetime


class Named(BaseModel):
    zh: str
    en: str


class TrackedLine(BaseModel):
    """One public step. Words are there for the holder of a link, and for everybody if the office released them."""

    step: Step
    state: State
    at: datetime
    mine: bool
    """What the requester's side said."""
    text: str | None
    refusal: Refused | None


class TrackedPhoto(BaseModel):
    """At `…/photos/{id}`."""

    id: UUID
    width: int
    """Pixels, as of `height`."""
    height: int
    created_at: datetime


class Tracked(BaseModel):
    """What may be known of a request by its reference. Without a link: nothing, unless it is about public space."""

    reference: str
    community_code: str
    is_shown: bool
    """False: only the holder of a link may see more, and all below is empty."""
    is_holder: bool
    category: Named | None = None
    state: State | None = None
    submitted_at: datetime | None = None
    resolve_by: datetime | None = None
    """When an answer is expected; null when nobody owes one."""
    title: str | None = None
    description: str | None = None
    question: str | None = None
    """What the office waits to be told."""
    answer: str | None = None
    merged_into: str | None = None
    """The reference of the request that this one went into, and with which it is answered."""
    place: Place | None = None
    """Where the matter is; for the holder."""
    photos: list[TrackedPhoto] = []
    """For the holder those that the requester may see, for everybody those that the office released."""
    lines: list[TrackedLine] = []
    may: list[str] = []
    """What the holder can do now: `comment`, `answer`, `photo`, `withdraw`, `confirm`, `reopen`, `rate`."""


class Said(Schema):
    text: FreeText


class Verdict(Schema):
    """Solved or not, in the requester's words."""

    text: FreeText | None = None


class TrackedRating(Schema):
    score: Annotated[int, Field(ge=1, le=5)]
    solved: bool
    satisfied: bool
    commendation: Commendation | None = None
    may_publish: bool = False
    """The words may be shown to everybody, without a name."""
    text: FreeText | None = None


class LinkWish(Schema):
    phone_end: Annotated[str, StringConstraints(pattern=r"^\d{4}$")]
    """The last four digits of the phone that was left with the request."""
