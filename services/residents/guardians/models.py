from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from services.residents.tables import Base
from shared.clock import china_today, utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id
from shared.states import NamedState


class GuardianRelation(StrEnum):
    """What a guardian is to the ward (Civil Code, art. 27, 28 and 32)."""

    PARENT = "parent"
    GRANDPARENT = "grandparent"
    SIBLING = "sibling"
    SPOUSE = "spouse"
    CHILD = "child"
    OTHER_RELATIVE = "other_relative"
    OTHER_PERSON = "other_person"
    ORGANISATION = "organisation"
    """The residents' committee, the civil affairs department, or another that is willing and approved."""


class GuardianGround(StrEnum):
    """Why somebody has a guardian."""

    MINOR = "minor"
    """Under 18 (Civil Code, art. 17 and 27). Lapses by itself on the eighteenth birthday."""
    INCAPACITY = "incapacity"
    """An adult without, or with limited, capacity for civil conduct (art. 21, 22 and 28). Until it is ended."""


class GuardianshipState(NamedState):
    """Whether somebody still answers for the ward."""

    IN_FORCE = "in_force", "生效中"
    ENDED = "ended", "已结束"


class Guardianship(Base, Tenant, table=True):
    """Who answers for a person who cannot yet, or can no longer (监护): a resident, or somebody with name and phone.

    Name and phone are sealed under the ward's key; they are empty where the guardian is in the registry.
    """

    __tablename__ = "guardianship"
    __table_args__ = (
        one_of("relation", GuardianRelation),
        one_of("ground", GuardianGround),
        CheckConstraint("ended_on >= began_on", name="dates_in_order"),
        CheckConstraint("(guardian_id IS NULL) = (name IS NOT NULL)", name="somebody"),
        CheckConstraint("guardian_id <> ward_id", name="not_oneself"),
        ForeignKeyConstraint(
            ["community_code", "ward_id"], ["person.community_code", "person.id"], name="fk_guardianship_ward"
        ),
        ForeignKeyConstraint(
            ["community_code", "guardian_id"], ["person.community_code", "person.id"], name="fk_guardianship_guardian"
        ),
        Index("ix_guardianship_ward", "community_code", "ward_id", "began_on"),
        Index("ix_guardianship_guardian", "community_code", "guardian_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    ward_id: UUID
    guardian_id: UUID | None = None
    name: bytes | None = None
    phone: bytes | None = None
    relation: GuardianRelation = Field(sa_type=text_enum(GuardianRelation))
    ground: GuardianGround = Field(sa_type=text_enum(GuardianGround))
    began_on: date = Field(default_factory=china_today)
    ended_on: date | None = None
    """The first day on which it no longer holds."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
