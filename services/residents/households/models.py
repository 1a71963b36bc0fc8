from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from services.residents.tables import Base
from shared.clock import utc_now
from shared.db import Tenant
from shared.ids import new_id


class Household(Base, Tenant, table=True):
    """A household (户): the people who live behind one door.

    Compound, building and unit are places and stay readable, since the grid follows from them. The door itself is
    personal beside what is known of those behind it: the room is sealed, and unique by its blind index.
    """

    __tablename__ = "household"
    __table_args__ = (
        UniqueConstraint("community_code", "compound", "building", "unit", "room_index", name="uq_household_address"),
        Index("ix_household_grid", "community_code", "grid_code", "id"),
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
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
