from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field

from services.requests.mediations.states import State
from services.requests.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id

_MEDIATION = ["mediation.community_code", "mediation.id"]
_UUIDS = ARRAY(PgUuid(as_uuid=True))


class Kind(StrEnum):
    """What is disputed (纠纷类型)."""

    NEIGHBOUR = "neighbour"
    FAMILY = "family"
    VISITING = "visiting"
    """Who sees the children after a divorce (离异探视)."""
    PROPERTY = "property"
    """With the company that manages the buildings, or about what is owned together."""
    LABOUR = "labour"
    CONSUMER = "consumer"
    DEBT = "debt"
    OTHER = "other"


class Side(StrEnum):
    APPLICANT = "applicant"
    """申请人"""
    RESPONDENT = "respondent"
    """被申请人"""


class MediatorRole(StrEnum):
    MEDIATOR = "mediator"
    """人民调解员"""
    GRID_WORKER = "grid_worker"
    POLICE = "police"
    JUDICIAL_OFFICE = "judicial_office"
    """司法所"""
    LAWYER = "lawyer"


class Ending(StrEnum):
    """Why somebody mediates no longer."""

    CONFLICT_OF_INTEREST = "conflict_of_interest"
    UNAVAILABLE = "unavailable"
    REFUSED_BY_PARTY = "refused_by_party"
    """The parties may choose, and refuse, who mediates (People's Mediation Law, art. 19 and 23)."""
    RELIEVED = "relieved"


class Matter(StrEnum):
    """What every party has to agree to by themself."""

    MEDIATE = "mediate"
    EXTEND = "extend"
    AGREEMENT = "agreement"


class How(StrEnum):
    """How a party said so."""

    SELF = "self"
    """In the app."""
    IN_PERSON = "in_person"
    PHONE = "phone"
    SIGNED = "signed"
    """On paper, before a mediator."""


class Form(StrEnum):
    """Agreements may be written or, if no party wants it in writing, oral (People's Mediation Law, art. 28)."""

    WRITTEN = "written"
    ORAL = "oral"


class Failure(StrEnum):
    NOT_WILLING = "not_willing"
    NO_AGREEMENT = "no_agreement"
    EXPIRED = "expired"
    """The time that the parties had agreed to ended without an agreement."""
    BROKEN = "broken"
    """The agreement was not kept, or did not hold."""


class Confirmation(StrEnum):
    """Of the agreement by the people's court (司法确认), for which both parties apply together."""

    APPLIED = "applied"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class SessionState(StrEnum):
    SCHEDULED = "scheduled"
    HELD = "held"
    CANCELLED = "cancelled"


class TermState(StrEnum):
    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"


class ReminderKind(StrEnum):
    SESSION_NEAR = "session_near"
    LIMIT_NEAR = "limit_near"
    LIMIT_REACHED = "limit_reached"
    TERM_NEAR = "term_near"
    TERM_OVERDUE = "term_overdue"
    FOLLOW_UP_DUE = "follow_up_due"


class Step(StrEnum):
    """What a line of the record says."""

    OPENED = "opened"
    CONSENTED = "consented"
    ACCEPTED = "accepted"
    MEDIATOR_NAMED = "mediator_named"
    MEDIATOR_ACCEPTED = "mediator_accepted"
    MEDIATOR_LEFT = "mediator_left"
    SESSION_SCHEDULED = "session_scheduled"
    SESSION_CANCELLED = "session_cancelled"
    SESSION_HELD = "session_held"
    EXTENSION_PROPOSED = "extension_proposed"
    EXTENSION_CONSENTED = "extension_consented"
    EXTENDED = "extended"
    AGREEMENT_PROPOSED = "agreement_proposed"
    AGREEMENT_CONFIRMED = "agreement_confirmed"
    AGREED = "agreed"
    CONFIRMATION_APPLIED = "confirmation_applied"
    CONFIRMATION_DECIDED = "confirmation_decided"
    TERM_SETTLED = "term_settled"
    FULFILLED = "fulfilled"
    CLOSED = "closed"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    REMINDED = "reminded"


class Mediation(Base, Tenant, table=True):
    """A mediation (矛盾纠纷化解): mediators help the parties of a dispute to an agreement of their own.

    Confidential: only the parties, the mediators and the community's head read it. Everything that somebody said is
    sealed under the mediation's own key (`key_subject_id`).
    """

    __tablename__ = "mediation"
    __table_args__ = (
        one_of("kind", Kind),
        one_of("state", State),
        one_of("failure", Failure),
        one_of("agreement_form", Form),
        one_of("confirmation", Confirmation),
        CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name="failed_why"),
        CheckConstraint("(state IN ('closed', 'failed', 'withdrawn')) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("state NOT IN ('agreed', 'fulfilled', 'closed') OR agreed_at IS NOT NULL", name="agreed"),
        ForeignKeyConstraint(
            ["community_code", "request_id"], ["service_request.community_code", "service_request.id"]
        ),
        Index(
            "uq_mediation_request",
            "community_code",
            "request_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL AND request_id IS NOT NULL"),
        ),
        Index(None, "community_code", "state", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    request_id: UUID | None = None
    """The request it came of; None: somebody asked for it directly."""
    kind: Kind = Field(sa_type=text_enum(Kind))
    state: State = Field(default=State.OPENED, sa_type=text_enum(State))
    opened_by: str
    key_subject_id: UUID
    matter: bytes | None = None
    """What the dispute is about, sealed."""
    accepted_at: datetime | None = None
    limit_on: date | None = None
    """The last day: a month from the acceptance, later only if every party consents."""
    proposed_limit_on: date | None = None
    extension_count: int = 0
    proposal_count: int = 0
    """How many extensions have been proposed; a consent is to one of them."""
    agreement_form: Form | None = Field(default=None, sa_type=text_enum(Form))
    agreement: bytes | None = None
    """Its text, sealed."""
    agreement_count: int = 0
    """How many texts have been laid before the parties; a confirmation is of one of them."""
    agreed_at: datetime | None = None
    confirm_until_on: date | None = None
    """Until when the parties may ask the court to confirm it: 30 days (People's Mediation Law, art. 33)."""
    confirmation: Confirmation | None = Field(default=None, sa_type=text_enum(Confirmation))
    confirmation_on: date | None = None
    fulfilled_at: datetime | None = None
    follow_up_on: date | None = None
    """When to visit the parties and ask whether it holds (回访)."""
    followed_up_at: datetime | None = None
    closing_note: bytes | None = None
    """What the visit found, or why it failed, sealed."""
    ended_at: datetime | None = None
    failure: Failure | None = Field(default=None, sa_type=text_enum(Failure))
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class MediationParty(Base, Tenant, table=True):
    """A party of the dispute (当事人): somebody with a record in the registry, or a name and phone."""

    __tablename__ = "mediation_party"
    __table_args__ = (
        one_of("side", Side),
        ForeignKeyConstraint(["community_code", "mediation_id"], _MEDIATION),
        Index(None, "community_code", "mediation_id"),
        Index(None, "community_code", "person_id", postgresql_where=text("person_id IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    mediation_id: UUID
    side: Side = Field(sa_type=text_enum(Side))
    person_id: UUID | None = None
    key_subject_id: UUID
    """Whose key seals name and phone: the person's, or the party's own."""
    contact: bytes | None = None
    """Name and phone as JSON, sealed."""
    created_at: datetime = Field(default_factory=utc_now)


class MediationMediator(Base, Tenant, table=True):
    """Who mediates (调解员): a responder of dispatch in a role. They read it from being named until they leave."""

    __tablename__ = "mediation_mediator"
    __table_args__ = (
        one_of("role", MediatorRole),
        one_of("ending", Ending),
        CheckConstraint("(ended_at IS NULL) = (ending IS NULL)", name="ended_why"),
        ForeignKeyConstraint(["community_code", "mediation_id"], _MEDIATION),
        Index(None, "community_code", "responder_id", "mediation_id", postgresql_where=text("ended_at IS NULL")),
    )

    mediation_id: UUID = Field(primary_key=True)
    responder_id: UUID = Field(primary_key=True)
    role: MediatorRole = Field(sa_type=text_enum(MediatorRole))
    accepted_at: datetime | None = None
    """When they took it on and declared that they have no interest of their own in it."""
    ended_at: datetime | None = None
    ending: Ending | None = Field(default=None, sa_type=text_enum(Ending))
    created_at: datetime = Field(default_factory=utc_now)


class MediationAssent(Base, Tenant, table=True):
    """A party's yes to one matter: to be mediated, to one extension, to one text of the agreement."""

    __tablename__ = "mediation_assent"
    __table_args__ = (
        one_of("matter", Matter),
        one_of("how", How),
        ForeignKeyConstraint(["community_code", "mediation_id"], _MEDIATION),
        ForeignKeyConstraint(["community_code", "party_id"], ["mediation_party.community_code", "mediation_party.id"]),
    )

    mediation_id: UUID = Field(primary_key=True)
    matter: Matter = Field(primary_key=True, sa_type=text_enum(Matter))
    number: int = Field(primary_key=True)
    party_id: UUID = Field(primary_key=True)
    how: How = Field(sa_type=text_enum(How))
    recorded_by: str
    created_at: datetime = Field(default_factory=utc_now)


class MediationSession(Base, Tenant, table=True):
    """A meeting of parties and mediators (调解会). Its minutes (调解笔录) are sealed."""

    __tablename__ = "mediation_session"
    __table_args__ = (
        one_of("state", SessionState),
        ForeignKeyConstraint(["community_code", "mediation_id"], _MEDIATION),
        Index(None, "community_code", "mediation_id", "starts_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    mediation_id: UUID
    state: SessionState = Field(default=SessionState.SCHEDULED, sa_type=text_enum(SessionState))
    starts_at: datetime
    place: bytes | None = None
    minutes: bytes | None = None
    held_at: datetime | None = None
    party_ids: list[UUID] = Field(default_factory=list, sa_column=Column(_UUIDS, nullable=False))
    """Who of the parties came."""
    responder_ids: list[UUID] = Field(default_factory=list, sa_column=Column(_UUIDS, nullable=False))
    """Which mediators came."""
    created_at: datetime = Field(default_factory=utc_now)


class MediationTerm(Base, Tenant, table=True):
    """One thing that a party promised in the agreement (协议条款), and by when."""

    __tablename__ = "mediation_term"
    __table_args__ = (
        one_of("state", TermState),
        CheckConstraint("(state = 'open') = (settled_on IS NULL)", name="settled"),
        ForeignKeyConstraint(["community_code", "mediation_id"], _MEDIATION),
        ForeignKeyConstraint(["community_code", "party_id"], ["mediation_party.community_code", "mediation_party.id"]),
        Index(None, "community_code", "mediation_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    mediation_id: UUID
    party_id: UUID
    """Whose promise it is."""
    text: bytes | None = None
    due_on: date
    state: TermState = Field(default=TermState.OPEN, sa_type=text_enum(TermState))
    settled_on: date | None = None
    created_at: datetime = Field(default_factory=utc_now)


class MediationReminder(Base, Tenant, table=True):
    """Something to say, or to do, when its time has come. Swept and deleted by a timer."""

    __tablename__ = "mediation_reminder"
    __table_args__ = (
        one_of("kind", ReminderKind),
        ForeignKeyConstraint(["community_code", "mediation_id"], _MEDIATION),
        Index("ix_mediation_reminder_due_at", "due_at"),
        Index(None, "community_code", "mediation_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    mediation_id: UUID
    kind: ReminderKind = Field(sa_type=text_enum(ReminderKind))
    about_id: UUID | None = None
    """The session or term it is about."""
    due_at: datetime


class MediationEntry(Base, Tenant, table=True):
    """One line of a mediation's record: what happened, when, and by whom. Lines are added, never changed."""

    __tablename__ = "mediation_entry"
    __table_args__ = (
        one_of("step", Step),
        one_of("state", State),
        ForeignKeyConstraint(["community_code", "mediation_id"], _MEDIATION),
        Index(None, "community_code", "mediation_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    mediation_id: UUID
    step: Step = Field(sa_type=text_enum(Step))
    state: State = Field(sa_type=text_enum(State))
    actor: str
    actor_role: str
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    """Ids, codes, numbers and dates only."""
    created_at: datetime = Field(default_factory=utc_now)
