from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.requests.mediations.models import (
    Confirmation,
    Ending,
    Failure,
    Form,
    How,
    Kind,
    Matter,
    MediatorRole,
    SessionState,
    Side,
    Step,
    TermState,
)
from services.requests.mediations.states import State
from shared.dates import Day, Instant
from shared.errors import both, invalid
from shared.identity import FreeText, PersonName, PhoneText


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PartyCreate(Schema):
    """Somebody with a record (`person_id`), or a name; a phone if there is one."""

    side: Side
    person_id: UUID | None = None
    name: PersonName | None = None
    phone: PhoneText | None = None

    @model_validator(mode="after")
    def _is_somebody(self) -> "PartyCreate":
        if self.person_id is None and self.name is None:
            raise ValueError(both("请填写 person_id 或 name", "A party needs a person_id or a name"))
        return self


class MediatorCreate(Schema):
    """A responder of dispatch, and in which role they mediate."""

    responder_id: UUID
    role: MediatorRole


class MediationCreate(Schema):
    kind: Kind
    request_id: UUID | None = None
    """The request it comes of. From then on only its requester, the mediators and the head read that."""
    matter: FreeText | None = None
    """What the dispute is about."""
    parties: Annotated[list[PartyCreate], Field(min_length=2, max_length=20)]
    mediators: Annotated[list[MediatorCreate], Field(max_length=10)] = []

    def check(self) -> None:
        """Both sides are there, and nobody twice."""
        if {party.side for party in self.parties} != set(Side):
            raise invalid("/parties", "sides", "须有申请人和被申请人", "Name an applicant and a respondent")
        people = [party.person_id for party in self.parties if party.person_id]
        responders = [mediator.responder_id for mediator in self.mediators]
        if len(set(people)) < len(people):
            raise invalid("/parties", "twice", "同一人不能重复", "Nobody is a party twice")
        if len(set(responders)) < len(responders):
            raise invalid("/mediators", "twice", "同一人不能重复", "Nobody mediates twice")


class Said(Schema):
    """A mediator says how the party told them; parties leave it out."""

    how: How | None = None


class Consent(Said):
    willing: bool
    """False ends it: mediation is voluntary (People's Mediation Law, art. 3)."""


class Answer(Said):
    """Yes to the extension, or to the text of the agreement, of this number (`proposal_count`, `agreement_count`)."""

    number: Annotated[int, Field(ge=1)]


class Withdraw(Said):
    party_id: UUID


class MediatorAccept(Schema):
    no_conflict_of_interest: bool
    """That they are no party, no relative of one, and have nothing to gain."""


class MediatorDecline(Schema):
    reason: Ending


class MediatorRefuse(Said):
    party_id: UUID
    """Which party does not want them. Nobody has to say why."""


class SessionCreate(Schema):
    starts_at: Instant
    place: PersonName | None = None


class SessionHold(Schema):
    minutes: FreeText
    party_ids: Annotated[list[UUID], Field(min_length=1, max_length=20)]
    responder_ids: Annotated[list[UUID], Field(min_length=1, max_length=10)]


class ExtensionCreate(Schema):
    until: Day


class TermCreate(Schema):
    party_id: UUID
    """Whose promise it is."""
    text: FreeText
    due_on: Day


class AgreementCreate(Schema):
    """The text laid before the parties. A new one replaces it, and every party has to confirm anew."""

    form: Form = Form.WRITTEN
    text: FreeText
    terms: Annotated[list[TermCreate], Field(min_length=1, max_length=30)]
    follow_up_on: Day | None = None
    """When to ask whether it holds; default: fifteen days after the last term."""


class TermSettle(Schema):
    kept: bool
    on: Day


class ConfirmationApply(Schema):
    on: Day


class ConfirmationDecide(Schema):
    confirmed: bool
    on: Day


class FollowUpCreate(Schema):
    holds: bool
    """False: the quarrel is back, and the mediation has failed after all."""
    note: FreeText


class Fail(Schema):
    reason: Failure
    note: FreeText | None = None


class MediationReceipt(BaseModel):
    """What whoever opened it keeps: nothing of what it is about."""

    id: UUID
    community_code: str
    kind: Kind
    state: State
    created_at: datetime
    version: int


class MediationSummary(MediationReceipt):
    request_id: UUID | None
    accepted_at: datetime | None
    limit_on: date | None
    agreed_at: datetime | None
    follow_up_on: date | None
    ended_at: datetime | None
    failure: Failure | None
    updated_at: datetime


class PartyRead(BaseModel):
    id: UUID
    side: Side
    person_id: UUID | None
    """Mediators and the head only."""
    name: str | None
    phone: str | None
    """Masked; in the clear by `reveal`."""
    mine: bool
    assents: list[Matter]
    """What of the present questions this party has said yes to."""


class MediatorRead(BaseModel):
    responder_id: UUID
    role: MediatorRole
    accepted_at: datetime | None
    ended_at: datetime | None
    ending: Ending | None


class SessionReceipt(BaseModel):
    id: UUID
    state: SessionState
    starts_at: datetime


class SessionRead(SessionReceipt):
    place: str | None
    minutes: str | None
    held_at: datetime | None
    party_ids: list[UUID]
    responder_ids: list[UUID]


class TermRead(BaseModel):
    id: UUID
    party_id: UUID
    text: str | None
    due_on: date
    state: TermState
    settled_on: date | None


class EntryRead(BaseModel):
    step: Step
    state: State
    by: str
    detail: dict[str, object]
    at: datetime


class MediationRead(MediationSummary):
    """Texts are null once a party has been erased."""

    matter: str | None
    proposed_limit_on: date | None
    proposal_count: int
    extension_count: int
    agreement_count: int
    """Which text it is; what a party confirms names it, so that nobody confirms one that they have not seen."""
    agreement_form: Form | None
    agreement: str | None
    confirm_until_on: date | None
    confirmation: Confirmation | None
    confirmation_on: date | None
    fulfilled_at: datetime | None
    followed_up_at: datetime | None
    closing_note: str | None
    """Mediators and the head only."""
    parties: list[PartyRead]
    mediators: list[MediatorRead]
    sessions: list[SessionRead]
    terms: list[TermRead]
    record: list[EntryRead]


class RevealedParty(BaseModel):
    id: UUID
    side: Side
    person_id: UUID | None
    name: str | None
    phone: str | None


class Revealed(BaseModel):
    parties: list[RevealedParty]


class Counts(BaseModel):
    """Mediations that were opened in the period, by how far they came."""

    opened: int
    accepted: int
    """All parties wanted it."""
    agreed: int
    fulfilled: int
    closed: int
    failed: int
    withdrawn: int
    success_rate: float | None
    """Agreed among those that all parties had accepted and that came to a decision; null if none has."""


class KindCounts(Counts):
    kind: Kind


class Statistics(BaseModel):
    """Counts only: who sees them learns of no mediation."""

    since_on: date
    until_on: date
    kinds: list[KindCounts]
    total: Counts
