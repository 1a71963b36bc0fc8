from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from services.residents.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id
from shared.states import NamedState


class DuplicateKind(StrEnum):
    """Why two records may be of one person, the strongest reason first.

    The same identity number or passport is no suspicion: a second record under it is refused when it is entered.
    """

    REPORTED = "reported"
    """Somebody says so."""
    SAME_PHONE = "same_phone"
    SAME_NAME_AND_BIRTH_DATE = "same_name_and_birth_date"
    """In one building, and the names are the same or sound the same."""

    @property
    def strength(self) -> int:
        """1 is the strongest."""
        return list(DuplicateKind).index(self) + 1


class CandidateState(NamedState):
    OPEN = "open", "待核实"
    DISMISSED = "dismissed", "已排除"
    MERGED = "merged", "已合并"


class DismissReason(StrEnum):
    DIFFERENT_PEOPLE = "different_people"
    SHARED_PHONE = "shared_phone"
    """One phone in a family."""
    NAMESAKES = "namesakes"
    """The same name and birth date by chance, or twins."""
    UNDONE = "undone"
    """They were merged, and that was wrong."""


class DuplicateCandidate(Base, Tenant, table=True):
    """Two records that may be of one person (疑似重复). Nothing is merged before a person has decided.

    A pair stands here once, the smaller id first. What was dismissed stays so until a stronger reason turns up.
    """

    __tablename__ = "duplicate_candidate"
    __table_args__ = (
        one_of("kind", DuplicateKind),
        one_of("state", CandidateState),
        one_of("dismissed_because", DismissReason),
        CheckConstraint("person_id < other_id", name="pair_in_order"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        ForeignKeyConstraint(
            ["community_code", "person_id"],
            ["person.community_code", "person.id"],
            name="fk_duplicate_candidate_person",
        ),
        ForeignKeyConstraint(
            ["community_code", "other_id"], ["person.community_code", "person.id"], name="fk_duplicate_candidate_other"
        ),
        Index("uq_duplicate_candidate_pair", "community_code", "person_id", "other_id", unique=True),
        Index("ix_duplicate_candidate_other", "community_code", "other_id"),
        Index("ix_duplicate_candidate_queue", "community_code", "state", "strength", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
    other_id: UUID
    kind: DuplicateKind = Field(sa_type=text_enum(DuplicateKind))
    strength: int
    """Of the kind: what the queue is ordered by."""
    state: CandidateState = Field(default=CandidateState.OPEN, sa_type=text_enum(CandidateState))
    dismissed_because: DismissReason | None = Field(default=None, sa_type=text_enum(DismissReason))
    decided_at: datetime | None = None
    decided_by: str | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class DuplicateCheck(Base, Tenant, table=True):
    """A person whose record changed and who is to be compared with the others. Written by a trigger on `person`."""

    __tablename__ = "duplicate_check"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
