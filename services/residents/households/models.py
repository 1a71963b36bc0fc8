from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.residents.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class Tenure(StrEnum):
    """By what right the members live in their home."""

    OWNER_OCCUPIED = "owner_occupied"
    """自有住房"""
    RENTED = "rented"
    """租赁"""
    PUBLIC_RENTAL = "public_rental"
    """公租房"""
    LENT = "lent"
    """借住"""
    OTHER = "other"


class Household(Base, Tenant, table=True):
    """A household (户): the people who live behind one door.

    Compound, building and unit are places and stay readable, since the grid follows from them. The door itself is
    personal beside what is known of those behind it: the room is sealed, and unique by its blind index.
    """

    __tablename__ = "household"
    __table_args__ = (
        one_of("tenure", Tenure),
        Index(
            "uq_household_address",
            "community_code",
            "compound",
            "building",
            "unit",
            "room_index",
            unique=True,
            postgresql_where=text("ended_on IS NULL"),
        ),
        Index("ix_household_grid", "community_code", "grid_code", "id"),
        Index("ix_household_place", "community_code", "compound", "building", "unit"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    compound: str
    """Residential compound (小区)."""
    building: str
    unit: str
    """Entrance of the building (单元); empty where a building has one only."""
    room: bytes
    room_index: bytes
    grid_code: str | None = Field(default=None, max_length=15)
    """None while no published grid answers for the address."""
    tenure: Tenure | None = Field(default=None, sa_type=text_enum(Tenure))
    """None: nobody has asked."""
    ended_on: date | None = None
    """The day from which nobody belongs to it any more: dissolved, or left. Its address is free again."""
    field_versions: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    """{field: version, time and role of its last change}, kept by a trigger: whose edits concern the same field."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class HomeOwner(Base, Tenant, table=True):
    """Who owns a home that its members do not (房主): a resident, or somebody with name and phone.

    Name and phone are sealed under the household's key; they are empty where the owner is in the registry.
    """

    __tablename__ = "home_owner"
    __table_args__ = (
        CheckConstraint("(owner_id IS NULL) = (name IS NOT NULL)", name="somebody"),
        ForeignKeyConstraint(
            ["community_code", "household_id"],
            ["household.community_code", "household.id"],
            name="fk_home_owner_household",
        ),
        ForeignKeyConstraint(
            ["community_code", "owner_id"], ["person.community_code", "person.id"], name="fk_home_owner_owner"
        ),
        Index("ix_home_owner_owner", "community_code", "owner_id"),
    )

    household_id: UUID = Field(primary_key=True)
    owner_id: UUID | None = None
    name: bytes | None = None
    phone: bytes | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
