from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.residents.found_persons.states import CaseState
from services.residents.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id

_IS_OPEN = "state IN ('reported', 'identified', 'family_notified')"


class Channel(StrEnum):
    CARD = "card"
    """Somebody scanned a contact card."""
    PHONE = "phone"
    STAFF = "staff"
    """Staff or a grid worker met the person."""


class Outcome(StrEnum):
    RETURNED_HOME = "returned_home"
    IN_CARE = "in_care"
    """Hospital, rescue station or nursing home."""
    WITH_POLICE = "with_police"
    UNFOUNDED = "unfounded"


class UnfoundedReason(StrEnum):
    """Why nobody had to be brought home."""

    NOT_LOST = "not_lost"
    """They knew where they were and where they were going."""
    NOBODY_THERE = "nobody_there"
    WENT_HOME = "went_home"
    """They were home by themselves before anybody came."""
    SCANNED_BY_MISTAKE = "scanned_by_mistake"
    MISUSE = "misuse"
    REPORTED_TWICE = "reported_twice"
    """Another case is about the same person."""
    OTHER = "other"


class Source(StrEnum):
    """Who said so, or took the picture."""

    FINDER = "finder"
    COMMUNITY = "community"


class EntryKind(StrEnum):
    REPORTED = "reported"
    REPORTED_AGAIN = "reported_again"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    HANDED_BACK = "handed_back"
    IDENTIFIED = "identified"
    FAMILY_MESSAGED = "family_messaged"
    FAMILY_REACHED = "family_reached"
    FAMILY_NOT_REACHED = "family_not_reached"
    DESCRIBED = "described"
    SIGHTED = "sighted"
    PHOTO_ADDED = "photo_added"
    CANDIDATES_SUGGESTED = "candidates_suggested"
    MEETING_ARRANGED = "meeting_arranged"
    ESCALATED = "escalated"
    """Time ran out."""
    POLICE_CALLED = "police_called"
    HANDED_OVER = "handed_over"
    CLOSED = "closed"
    DISMISSED = "dismissed"


class FoundPerson(Base, Tenant, table=True):
    """A found-person case (走失人员): from the report to the handover. Nothing personal stands in it in the clear.

    What people wrote, the finder's phone and every place are sealed under the case's own data key, in its reports and
    timeline entries.
    """

    __tablename__ = "found_person"
    __table_args__ = (
        one_of("state", CaseState),
        one_of("channel", Channel),
        one_of("outcome", Outcome),
        one_of("unfounded_reason", UnfoundedReason),
        CheckConstraint("(state = 'unfounded') = (unfounded_reason IS NOT NULL)", name="unfounded"),
        CheckConstraint("(state IN ('closed', 'unfounded')) = (closed_at IS NOT NULL)", name="closed_at"),
        CheckConstraint("state NOT IN ('identified', 'family_notified') OR person_id IS NOT NULL", name="identified"),
        ForeignKeyConstraint(
            ["community_code", "card_id"],
            ["contact_card.community_code", "contact_card.id"],
            name="fk_found_person_contact_card",
        ),
        Index(
            "uq_found_person_open_card",
            "community_code",
            "card_id",
            unique=True,
            postgresql_where=text(_IS_OPEN),
        ),
        Index("ix_found_person_state", "community_code", "state", "id"),
        Index("ix_found_person_created", "community_code", "created_at"),
        Index(
            "ix_found_person_overdue",
            "due_at",
            postgresql_where=text(f"escalated_at IS NULL AND {_IS_OPEN}"),
        ),
        Index(
            "ix_found_person_kept",
            "closed_at",
            postgresql_where=text("closed_at IS NOT NULL AND forgotten_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    state: CaseState = Field(default=CaseState.REPORTED, sa_type=text_enum(CaseState))
    channel: Channel = Field(sa_type=text_enum(Channel))
    grid_code: str | None = Field(default=None, max_length=15)
    """The card's grid, or the one that answers for the place; its worker is sent."""
    card_id: UUID | None = None
    presumed_person_id: UUID | None = None
    """Who the card was issued to. Somebody who meets the person must still confirm it."""
    person_id: UUID | None = None
    household_id: UUID | None = None
    """The household of the person, or before that the card's."""
    opened_by: str
    """The account that opened it, or `public`."""
    due_at: datetime
    """By when the state must have moved on: identified first, then handed over."""
    hand_over_by: datetime
    escalated_at: datetime | None = None
    """Time ran out: the duty desk was told, and dispatch asks the police of the grid."""
    police_called_at: datetime | None = None
    description: bytes | None = None
    """Sealed JSON: what the person can say, and what they look like."""
    identified_at: datetime | None = None
    """For the first time; who was taken for another may be identified anew."""
    handed_over_at: datetime | None = None
    outcome: Outcome | None = Field(default=None, sa_type=text_enum(Outcome))
    unfounded_reason: UnfoundedReason | None = Field(default=None, sa_type=text_enum(UnfoundedReason))
    closed_at: datetime | None = None
    forgotten_at: datetime | None = None
    """When the case's data key was destroyed; ids, codes and times remain for statistics."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class FoundReport(Base, Tenant, table=True):
    """What one finder told. Several people may report the same person by the same card: one case, several reports."""

    __tablename__ = "found_report"
    __table_args__ = (
        one_of("channel", Channel),
        ForeignKeyConstraint(
            ["community_code", "found_person_id"],
            ["found_person.community_code", "found_person.id"],
            name="fk_found_report_found_person",
        ),
        Index("ix_found_report_found_person", "community_code", "found_person_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    found_person_id: UUID
    channel: Channel = Field(sa_type=text_enum(Channel))
    content: bytes
    """Sealed JSON: place, position, finder, note."""
    follow_digest: bytes | None = None
    """SHA-256 of the token with which this finder may ask what became of it."""
    created_at: datetime = Field(default_factory=utc_now)


class FoundPersonEntry(Base, Tenant, table=True):
    """One line of a case's timeline: codes in the clear, words sealed."""

    __tablename__ = "found_person_entry"
    __table_args__ = (
        one_of("kind", EntryKind),
        ForeignKeyConstraint(
            ["community_code", "found_person_id"],
            ["found_person.community_code", "found_person.id"],
            name="fk_found_person_entry_found_person",
        ),
        Index("ix_found_person_entry_found_person", "community_code", "found_person_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    found_person_id: UUID
    kind: EntryKind = Field(sa_type=text_enum(EntryKind))
    actor: str
    """The account that did it; `public`, `timer` or `dispatch` where none did."""
    detail: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    note: bytes | None = None
    """Sealed JSON of what somebody wrote, names of receiver and witness included."""
    at: datetime = Field(default_factory=utc_now)


class FoundPersonResponder(Base, Tenant, table=True):
    """Who was sent, and may therefore open the case: from assignment until it is handed back or another accepts."""

    __tablename__ = "found_person_responder"
    __table_args__ = (
        ForeignKeyConstraint(
            ["community_code", "found_person_id"],
            ["found_person.community_code", "found_person.id"],
            name="fk_found_person_responder_found_person",
        ),
        Index("ix_found_person_responder_responder", "community_code", "responder_id", "found_person_id"),
        Index("ix_found_person_responder_work_order", "community_code", "work_order_id"),
    )

    found_person_id: UUID = Field(primary_key=True)
    responder_id: UUID = Field(primary_key=True)
    work_order_id: UUID
    is_active: bool = True
    accepted_at: datetime | None = None
    order_version: int
    """The work order's version that said so; older news is passed over."""
