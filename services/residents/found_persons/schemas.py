from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.residents.found_persons.models import Channel, EntryKind, Outcome, UnfoundedReason
from services.residents.found_persons.states import CaseState
from services.residents.people.models import Relation
from shared.errors import both
from shared.geo import Position
from shared.identity import FreeText, PersonName, PhoneText

Note = Annotated[FreeText, Field(max_length=1000)]
PlaceText = Annotated[FreeText, Field(max_length=300)]
PlaceName = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FoundReportCreate(Schema):
    """What a finder tells. Everything is optional: scanning the card alone already says that somebody needs help."""

    place_text: PlaceText | None = None
    position: Position | None = None
    finder_phone: PhoneText | None = None
    finder_name: PersonName | None = None
    note: Note | None = None


class Address(Schema):
    compound: PlaceName
    building: PlaceName
    unit: Annotated[str, StringConstraints(max_length=20, strip_whitespace=True)] = ""


class FoundPersonCreate(FoundReportCreate):
    """A case without a card: somebody phoned, or staff met the person."""

    channel: Literal[Channel.PHONE, Channel.STAFF]
    address: Address | None = None


class FoundReportCreated(BaseModel):
    report_id: UUID
    state: "FinderState"
    follow_token: str
    """Shown once. With it the finder may ask what became of the report."""


class FinderState(StrEnum):
    """All that a finder learns."""

    RECEIVED = "received"
    ON_THE_WAY = "on_the_way"
    SAFE = "safe"
    """Safely handed over."""
    ENDED = "ended"
    """Closed without a handover."""


class FinderView(BaseModel):
    report_id: UUID
    state: FinderState


class Identify(Schema):
    person_id: UUID
    note: Note | None = None


class CallWay(StrEnum):
    MESSAGE = "message"
    """A text to the contact's phone."""
    CALL = "call"
    """The caller phoned them and says whether they were reached."""


class CallResult(StrEnum):
    REACHED = "reached"
    COMING = "coming"
    """Reached, and on the way."""
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    WRONG_NUMBER = "wrong_number"


TOLD = frozenset({CallResult.REACHED, CallResult.COMING})
"""The family knows."""


class NotifyFamily(Schema):
    contact_id: UUID | None = None
    """Default: the next contact in order that was not tried yet."""
    way: CallWay = CallWay.MESSAGE
    result: CallResult | None = None
    eta_minutes: Annotated[int, Field(ge=0, le=1440)] | None = None
    """In how many minutes whoever is coming will be there."""
    note: Note | None = None

    @model_validator(mode="after")
    def _a_call_has_a_result(self) -> "NotifyFamily":
        if (self.way is CallWay.CALL) != (self.result is not None):
            raise ValueError(both("result 只用于 call, 且必填", "result is for a call, and needed there"))
        if self.eta_minutes is not None and self.result is not CallResult.COMING:
            raise ValueError(both("eta_minutes 只用于 coming", "eta_minutes is for coming only"))
        return self


class ReceiverKind(StrEnum):
    FAMILY = "family"
    POLICE = "police"
    RESCUE_STATION = "rescue_station"
    """救助站"""


class IdentityCheck(StrEnum):
    """What the receiver's identity was seen from."""

    IDENTITY_CARD = "identity_card"
    HOUSEHOLD_REGISTER = "household_register"
    """户口簿: shows the relation as well."""
    SERVICE_CARD = "service_card"
    """警官证、工作证"""
    OTHER = "other"


class HandOver(Schema):
    receiver_kind: ReceiverKind = ReceiverKind.FAMILY
    receiver_name: PersonName
    relation: Relation | None = None
    """Needed for the family."""
    identity_checked: Literal[True]
    """That the caller saw the receiver's identity document or service card."""
    identity_document: IdentityCheck | None = None
    witness_name: PersonName
    place: PlaceText
    photo_id: UUID | None = None
    """Of kind `hand_over`, sent to this case before."""
    note: Note | None = None

    @model_validator(mode="after")
    def _family_is_related(self) -> "HandOver":
        if (self.receiver_kind is ReceiverKind.FAMILY) != (self.relation is not None):
            raise ValueError(both("只有家属须填写 relation", "relation is for the family, and needed there"))
        return self


class Close(Schema):
    outcome: Literal[Outcome.RETURNED_HOME, Outcome.IN_CARE, Outcome.WITH_POLICE]
    note: Note | None = None


class WithNote(Schema):
    note: Note | None = None


class Dismiss(WithNote):
    reason: UnfoundedReason = UnfoundedReason.OTHER


class RevealField(StrEnum):
    NAME = "name"
    ADDRESS = "address"
    CAUTIONS = "cautions"
    FAMILY_CONTACTS = "family_contacts"
    FINDER = "finder"
    """Every report: where the person is, and who said so."""
    NOTES = "notes"
    """What was written on the timeline, receiver and witness included."""
    DESCRIPTION = "description"
    """What the person can say, and what they look like."""


class Reveal(Schema):
    fields: Annotated[list[RevealField], Field(min_length=1, max_length=len(RevealField))]


class FoundPersonRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    state: CaseState
    channel: Channel
    grid_code: str | None
    card_id: UUID | None
    presumed_person_id: UUID | None
    person_id: UUID | None
    household_id: UUID | None
    due_at: datetime
    hand_over_by: datetime
    escalated_at: datetime | None
    police_called_at: datetime | None
    identified_at: datetime | None
    handed_over_at: datetime | None
    outcome: Outcome | None
    unfounded_reason: UnfoundedReason | None
    closed_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class MaskedPerson(BaseModel):
    id: UUID
    name: str


class MaskedContact(BaseModel):
    id: UUID
    relation: Relation
    name: str
    phone: str
    is_tried: bool


class ReportRead(BaseModel):
    """One report, without what it says."""

    id: UUID
    channel: Channel
    created_at: datetime


class AttemptResult(StrEnum):
    """How one attempt to tell the family ended: as the caller says, or as the text's delivery shows."""

    REACHED = "reached"
    COMING = "coming"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    WRONG_NUMBER = "wrong_number"
    MESSAGE_PENDING = "message_pending"
    MESSAGE_SENT = "message_sent"
    MESSAGE_DELIVERED = "message_delivered"
    """The family has opened the page whose address the text gave them."""
    MESSAGE_FAILED = "message_failed"


class AttemptRead(BaseModel):
    """One attempt to tell the family."""

    id: UUID
    contact_id: UUID
    way: CallWay
    result: AttemptResult
    eta_minutes: int | None
    actor: str
    at: datetime


class EntryRead(BaseModel):
    id: UUID
    kind: EntryKind
    actor: str
    detail: dict[str, str]
    has_note: bool
    at: datetime


class FoundPersonDetail(FoundPersonRead):
    person: MaskedPerson | None
    candidates: list[MaskedPerson]
    """Who the card may belong to and whom the registry suggested, while nobody is identified."""
    has_description: bool
    family_contacts: list[MaskedContact]
    """In order of call."""
    next_contact_id: UUID | None
    attempts: list[AttemptRead]
    """To tell the family, in the order in which they were made."""
    reports: list[ReportRead]
    timeline: list[EntryRead]


class RevealedContact(BaseModel):
    id: UUID
    relation: Relation
    name: str
    phone: str


class RevealedReport(BaseModel):
    id: UUID
    place_text: str | None = None
    longitude: float | None = None
    """WGS 84."""
    latitude: float | None = None
    finder_name: str | None = None
    finder_phone: str | None = None
    note: str | None = None


class Revealed(BaseModel):
    """Only the fields that were asked for are present."""

    name: str | None = None
    address: str | None = None
    cautions: str | None = None
    family_contacts: list[RevealedContact] | None = None
    finder: list[RevealedReport] | None = None
    notes: dict[UUID, dict[str, str]] | None = None
    """By timeline entry."""
    description: dict[str, Any] | None = None
    """As it was described."""


class FamilyNotified(BaseModel):
    found_person: FoundPersonRead
    contact: MaskedContact
    delivery_id: UUID | None
    next_contact_id: UUID | None
