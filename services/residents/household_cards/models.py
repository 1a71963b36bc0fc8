from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.residents.tables import Base
from shared.clock import utc_now
from shared.db import Tenant, text_enum
from shared.ids import new_id
from shared.states import NamedState

DUE_NOW = date(1970, 1, 1)
"""As the date of a derivation: it has to be made again at once."""
NEVER_DUE = date.max
"""As the date of a derivation: the household has ended, and its card stays as it is."""


class SchemeState(NamedState):
    DRAFT = "draft", "草稿"
    PUBLISHED = "published", "已发布"
    SUPERSEDED = "superseded", "已被取代"


class ChangeCause(StrEnum):
    """Why a card says something else than before."""

    DERIVED = "derived"
    """The household's facts, the date or the scheme changed."""
    OVERRIDDEN = "overridden"
    OVERRIDE_CLEARED = "override_cleared"
    OVERRIDE_EXPIRED = "override_expired"


class ColourScheme(Base, Tenant, table=True):
    """What the colours mean in this community (五色户卡方案), version by version. At most one is published."""

    __tablename__ = "colour_scheme"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'published', 'superseded')", name="state"),
        UniqueConstraint("community_code", "number", name="uq_colour_scheme_number"),
        Index(
            "uq_colour_scheme_published", "community_code", unique=True, postgresql_where=text("state = 'published'")
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    number: int
    """Counts the community's schemes: 1, 2, 3 …"""
    state: SchemeState = Field(default=SchemeState.DRAFT, sa_type=text_enum(SchemeState))
    colours: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """In order of precedence; the last one has no rule and takes every household that no other took."""
    published_at: datetime | None = None
    published_by: str | None = None
    recoloured_at: datetime | None = None
    """When every card followed it at last; None before, and for one that was superseded sooner."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class HouseholdCard(Base, Tenant, table=True):
    """The five-colour household card (五色户卡): derived from the scheme, or what staff set instead for a while."""

    __tablename__ = "household_card"
    __table_args__ = (
        ForeignKeyConstraint(
            ["community_code", "household_id"],
            ["household.community_code", "household.id"],
            name="fk_household_card_household",
        ),
        Index("ix_household_card_colour", "community_code", "colour", "household_id"),
        Index("ix_household_card_derived_on", "derived_on"),
        Index(
            "ix_household_card_override",
            "community_code",
            "override_until",
            "household_id",
            postgresql_where=text("override_until IS NOT NULL"),
        ),
    )

    household_id: UUID = Field(primary_key=True)
    scheme_number: int | None = None
    derived_colour: str | None = None
    facts: list[str] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    """The conditions that decided, e.g. `tag:dementia`, `age>=80`: kinds and limits, of nobody in particular."""
    override_colour: str | None = None
    override_until: date | None = None
    """The last day, in Asia/Shanghai, on which the override holds."""
    overridden_by: str | None = None
    colour: str | None = None
    """What the card shows. None until the community has published a scheme."""
    derived_on: date = DUE_NOW
    """The date for which it was derived; a date in the past: it is due, for tags end and people grow older."""
    version: int = 1
    updated_at: datetime = Field(default_factory=utc_now)


class HouseholdCardChange(Base, Tenant, table=True):
    """What a card said from one moment to another, and why: "why was this household yellow in May"."""

    __tablename__ = "household_card_change"
    __table_args__ = (
        CheckConstraint(
            "cause IN ('derived', 'overridden', 'override_cleared', 'override_expired')",
            name="cause",
        ),
        ForeignKeyConstraint(
            ["community_code", "household_id"],
            ["household.community_code", "household.id"],
            name="fk_household_card_change_household",
        ),
        Index("ix_household_card_change_household", "community_code", "household_id", "began_at"),
        Index(
            "uq_household_card_change_open",
            "community_code",
            "household_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    household_id: UUID
    cause: ChangeCause = Field(sa_type=text_enum(ChangeCause))
    scheme_number: int | None
    colour: str | None
    derived_colour: str | None
    rule: dict[str, Any] | None = Field(sa_column=Column(JSONB(none_as_null=True)))
    """The rule of the derived colour as it was then; None for the colour that needs none."""
    facts: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    reason: bytes | None = None
    """Why staff overrode it, sealed under the household's key."""
    made_by: str | None = None
    override_until: date | None = None
    began_at: datetime = Field(default_factory=utc_now)
    ended_at: datetime | None = None
