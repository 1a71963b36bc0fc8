from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.requests.deliberations.rules import Majority, Outcome, Quorum
from services.requests.deliberations.states import DeliberationState
from services.requests.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id

_DELIBERATION = ["deliberation.community_code", "deliberation.id"]


class ParticipantRole(StrEnum):
    CHAIR = "chair"
    RECORDER = "recorder"
    MEMBER = "member"
    OBSERVER = "observer"


VOTES = frozenset({ParticipantRole.CHAIR, ParticipantRole.MEMBER})


class Capacity(StrEnum):
    """For whom somebody sits at the table."""

    RESIDENT = "resident"
    REPRESENTATIVE = "representative"
    """居民代表: chosen by the residents of a building or group."""
    OWNER = "owner"
    UNIT = "unit"
    OFFICE = "office"
    EXPERT = "expert"


class Reply(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class Ballot(StrEnum):
    OPEN = "open"
    SECRET = "secret"  # noqa: S105 - no password
    """Who has voted is kept, what they voted is not: only the tally knows."""


class Choice(StrEnum):
    IN_FAVOUR = "in_favour"
    AGAINST = "against"
    ABSTAINED = "abstained"


class Deliberation(Base, Tenant, table=True):
    """A joint deliberation (联合议事): residents, units and the office decide together what many have asked for.

    Title, purpose, agenda and resolution are the office's public words and stand in the clear; who said what at the
    table is in the minutes, which are sealed under the deliberation's own key.
    """

    __tablename__ = "deliberation"
    __table_args__ = (
        one_of("state", DeliberationState),
        one_of("quorum", Quorum),
        CheckConstraint(
            "state IN ('proposed', 'cancelled') OR num_nulls(begins_at, venue, quorum) = 0",
            name="scheduled",
        ),
        CheckConstraint("num_nulls(decided_at, resolution, is_resolved) IN (0, 3)", name="decided"),
        CheckConstraint("(state IN ('resolved', 'rejected', 'published')) = (decided_at IS NOT NULL)", name="decision"),
        CheckConstraint("minutes_approved_at IS NULL OR minutes_sealed IS NOT NULL", name="minutes"),
        Index(None, "community_code", "state", "id"),
        Index("ix_deliberation_remind_at", "remind_at", postgresql_where=text("remind_at IS NOT NULL")),
        Index("ix_deliberation_warn_on", "warn_on", postgresql_where=text("warn_on IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    state: DeliberationState = Field(default=DeliberationState.PROPOSED, sa_type=text_enum(DeliberationState))
    title: str
    purpose: str
    agenda: list[str] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    """议题, in order."""
    raised_by: str
    begins_at: datetime | None = None
    venue: str | None = None
    quorum: Quorum | None = Field(default=None, sa_type=text_enum(Quorum))
    remind_at: datetime | None = None
    """When who has not declined is reminded; None: they have been, or there is nothing to be reminded of."""
    held_at: datetime | None = None
    minutes_sealed: bytes | None = None
    minutes_approved_at: datetime | None = None
    minutes_approved_by: str | None = None
    decided_at: datetime | None = None
    is_resolved: bool | None = None
    resolution: str | None = None
    """What was resolved, or why nothing was; public."""
    carry_out_by: date | None = None
    """The term (期限): by when it must have been done."""
    warn_on: date | None = None
    """When the office is told that the term has passed; None: it need not be."""
    carried_out_at: datetime | None = None
    published_at: datetime | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class DeliberationRequest(Base, Tenant, table=True):
    """A request that a deliberation was raised for."""

    __tablename__ = "deliberation_request"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "deliberation_id"], _DELIBERATION),
        ForeignKeyConstraint(
            ["community_code", "request_id"], ["service_request.community_code", "service_request.id"]
        ),
        Index(None, "community_code", "request_id"),
    )

    deliberation_id: UUID = Field(primary_key=True)
    request_id: UUID = Field(primary_key=True)
    created_at: datetime = Field(default_factory=utc_now)


class Participant(Base, Tenant, table=True):
    """Somebody invited to the table: a resident, a responder (unit, mediator, lawyer) or an account of the office."""

    __tablename__ = "deliberation_participant"
    __table_args__ = (
        one_of("role", ParticipantRole),
        one_of("capacity", Capacity),
        one_of("reply", Reply),
        CheckConstraint("num_nonnulls(person_id, responder_id, account) <= 1", name="one_identity"),
        CheckConstraint("area_dm2 > 0", name="area"),
        ForeignKeyConstraint(["community_code", "deliberation_id"], _DELIBERATION),
        Index(None, "community_code", "person_id", postgresql_where=text("person_id IS NOT NULL")),
        Index(None, "community_code", "responder_id", postgresql_where=text("responder_id IS NOT NULL")),
        *(
            Index(
                f"uq_deliberation_participant_{column}",
                "community_code",
                "deliberation_id",
                column,
                unique=True,
                postgresql_where=text(f"{column} IS NOT NULL"),
            )
            for column in ("person_id", "responder_id", "account")
        ),
        Index(
            "uq_deliberation_participant_office",
            "community_code",
            "deliberation_id",
            "role",
            unique=True,
            postgresql_where=text("role IN ('chair', 'recorder')"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    deliberation_id: UUID
    person_id: UUID | None = None
    """All three are null once a person was erased; their vote stays counted."""
    responder_id: UUID | None = None
    account: str | None = None
    role: ParticipantRole = Field(sa_type=text_enum(ParticipantRole))
    capacity: Capacity = Field(sa_type=text_enum(Capacity))
    area_dm2: int | None = None
    """Exclusive floor area of an owner in square decimetres, as the deed's square metres with two decimals."""
    reply: Reply = Field(default=Reply.PENDING, sa_type=text_enum(Reply))
    replied_at: datetime | None = None
    checked_in_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)


class Motion(Base, Tenant, table=True):
    """A motion (表决事项) and the tally of its votes."""

    __tablename__ = "deliberation_motion"
    __table_args__ = (
        one_of("ballot", Ballot),
        one_of("majority", Majority),
        one_of("outcome", Outcome),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed"),
        CheckConstraint(
            "majority NOT IN ('owners', 'owners_special') OR (electorate > 0 AND electorate_area_dm2 > 0)",
            name="electorate",
        ),
        CheckConstraint("least(in_favour, against, abstained) >= 0", name="tally"),
        ForeignKeyConstraint(["community_code", "deliberation_id"], _DELIBERATION),
        Index(None, "community_code", "deliberation_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    deliberation_id: UUID
    words: str
    """What is put to the vote; public."""
    ballot: Ballot = Field(sa_type=text_enum(Ballot))
    majority: Majority = Field(sa_type=text_enum(Majority))
    electorate: int | None = None
    """Of owners' rules: how many owners the matter concerns, there or not."""
    electorate_area_dm2: int | None = None
    in_favour: int = 0
    against: int = 0
    abstained: int = 0
    in_favour_dm2: int = 0
    against_dm2: int = 0
    abstained_dm2: int = 0
    outcome: Outcome | None = Field(default=None, sa_type=text_enum(Outcome))
    closed_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)


class Vote(Base, Tenant, table=True):
    """That a participant has voted; of an open ballot also what. Its key is the rule: one vote a member."""

    __tablename__ = "deliberation_vote"
    __table_args__ = (
        one_of("choice", Choice),
        ForeignKeyConstraint(
            ["community_code", "motion_id"], ["deliberation_motion.community_code", "deliberation_motion.id"]
        ),
        ForeignKeyConstraint(
            ["community_code", "participant_id"],
            ["deliberation_participant.community_code", "deliberation_participant.id"],
        ),
    )

    motion_id: UUID = Field(primary_key=True)
    participant_id: UUID = Field(primary_key=True)
    choice: Choice | None = Field(default=None, sa_type=text_enum(Choice))
    """None: the ballot is secret."""
    is_by_hand: bool = False
    """The office wrote down a show of hands."""
