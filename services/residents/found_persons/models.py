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
    POLICE_ADVISED = "police_advised"
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
        Index(
            "ix_found_person_overdue",
            "due_at",
            postgresql_where=text(f"police_advised_at IS NULL AND {_IS_OPEN}"),
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
    police_advised_at: datetime | None = None
    """Time ran out: calling the police (110) was advised to the duty desk."""
    police_called_at: datetime | None = None
    outcome: Outcome | None = Field(default=None, sa_type=text_enum(Outcome))
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
