from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.requests.categories.forms import Answer
from services.requests.categories.models import Privacy, Urgency
from services.requests.categories.schemas import AttributeCode, CategoryCode
from services.requests.service_requests.deadlines import Deadline
from services.requests.service_requests.models import Channel, Step, Visibility
from services.requests.service_requests.refusals import Reason, Remedy
from services.requests.service_requests.states import State
from services.requests.service_requests.texts import Address, Place
from shared.audit import Purpose
from shared.codes import CommunityCode
from shared.geo import Position
from shared.identity import FreeText, PersonName, PhoneText

TemplateCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
ExternalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$")]


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlaceCreate(Schema):
    """Where the matter is. The address is tried first, the position decides when it is unknown or missing."""

    address: Address | None = None
    position: Position | None = None
    """Of the matter, never of whoever reports it."""
    note: PersonName | None = None
    """How to find it, e.g. "behind the north gate"."""


class Requester(Schema):
    """Who called or came in, for the answer."""

    name: PersonName | None = None
    phone: PhoneText | None = None


class ServiceRequestCreate(Schema):
    category: CategoryCode
    title: PersonName | None = None
    description: FreeText | None = None
    urgency: Urgency | None = None
    """Staff and grid workers only; default: the category's."""
    attributes: Annotated[dict[AttributeCode, Answer], Field(max_length=30)] = {}
    place: PlaceCreate | None = None
    share_with_household: bool = True
    """Residents only: false keeps a confidential matter from the others in the household."""
    channel: Channel | None = None
    """Staff and grid workers only: phone, visit or card. The app and partners are known by their token."""
    requester: Requester | None = None
    """Of a request that is written down for somebody else."""
    requester_person_id: UUID | None = None
    """Staff and grid workers only: the requester's record, if they have one."""
    household_id: UUID | None = None
    """Staff and grid workers only: the household concerned."""
    anonymous: bool = False
    """Residents only, where the category allows it: nothing is stored of who asks. The answer's `follow_up_code` is the
    only way back to the request."""
    external_id: ExternalId | None = None
    """Partners only: their own number. The same number again answers with the request it made."""
    community_code: CommunityCode | None = None
    """Needed by partners whose area holds several communities."""


class MaskedRequester(BaseModel):
    name: str | None
    phone: str | None


class OriginRead(BaseModel):
    type: str
    id: UUID


class ServiceRequestSummary(BaseModel):
    id: UUID
    reference: str
    """`K7QM3-XZR4T`: to be read out, and to be typed on the tracking page `/r/{reference}`."""
    community_code: str
    state: State
    category: str
    urgency: Urgency
    channel: Channel
    grid_code: str | None
    title: str | None
    mine: bool
    """A resident's own request, not another's in the household."""
    accept_by: datetime
    respond_by: datetime
    resolve_by: datetime
    waiting_since: datetime | None
    """Since when the clock stands, because the requester was asked something."""
    responder_id: UUID | None
    """Who answers for it: the first asked until another has accepted. Shown to those who handle it."""
    breached: list[Deadline]
    created_at: datetime
    updated_at: datetime
    version: int


class ServiceRequestRead(ServiceRequestSummary):
    """Texts are null for supervisors, and for everybody once the requester has been erased."""

    description: str | None
    attributes: dict[str, Any]
    place: Place | None
    requester: MaskedRequester | None
    requester_person_id: UUID | None
    household_id: UUID | None
    concerned_person_id: UUID | None
    external_id: str | None
    origin: OriginRead | None
    merged_into_id: UUID | None
    """It asks what this one asks, and went into it."""
    split_from_id: UUID | None
    policy_category: str
    """Whose policy it keeps, wherever it was transferred."""
    policy_version: int
    clock_started_at: datetime | None
    resolved_at: datetime | None
    confirm_by: datetime | None
    """While it is resolved: when it counts as confirmed if nobody says otherwise."""
    unreached_count: int
    """How often the office called back in vain."""
    released_at: datetime | None
    """Since when everybody may read what the office has released of it."""
    reopened_count: int
    category_version: int | None
    """Of the form that was answered; null: from before versions were kept."""
    privacy: Privacy
    is_anonymous: bool
    follow_up_code: str | None = None
    """In the answer to an anonymous submission, once; `POST /v1/public/tracked-requests/{reference}/open` takes it."""


class UpdateKind(StrEnum):
    """What a written update is."""

    PROGRESS = "progress"
    """The office tells how it goes."""
    NOTE = "note"
    """The office notes something for itself; always internal."""
    COMMENT = "comment"
    """The requester or their household adds something."""
    ANSWER = "answer"
    """The requester answers a question; the clock runs on. The office may write it down for those without account."""


class UpdateCreate(Schema):
    kind: UpdateKind
    visibility: Visibility = Visibility.PUBLIC
    text: FreeText
    template: TemplateCode | None = None
    """Office and workers only: the answer template that the text was made from, for statistics."""


class Words(BaseModel):
    code: str
    zh: str
    en: str


class Refused(BaseModel):
    """Why a request was declined, and where the requester can turn."""

    reason: Words
    remedies: list[Words]


class UpdateRead(BaseModel):
    id: UUID
    step: Step
    visibility: Visibility
    state: State
    at: datetime
    by: str
    """The role of whoever made the step, or `system`."""
    responder_id: UUID | None
    detail: dict[str, Any]
    refusal: Refused | None = None
    """Of a rejection: its reason and remedies in words."""
    text: str | None


class TextOnly(Schema):
    """What the requester reads."""

    text: FreeText
    template: TemplateCode | None = None
    """The answer template that the text was made from, for statistics."""


class Rejection(Schema):
    """A refusal: why, in a code and in words, and where the requester can turn."""

    reason: Reason
    text: FreeText
    remedies: Annotated[list[Remedy], Field(max_length=5)] | None = None
    """Default: those that go with the reason."""
    remedy_text: FreeText | None = None
    """Whom exactly to turn to, and how."""
    template: TemplateCode | None = None


class RefusalReasons(BaseModel):
    items: list[Refused]


class OptionalText(Schema):
    text: FreeText | None = None


class Reveal(Schema):
    purpose: Purpose
    """Why the requester must be reached; it is put on record."""


class RequesterRead(BaseModel):
    name: str | None
    phone: str | None
