"""Where a found person was seen, and whom they may be."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field

from services.residents.found_persons.models import Source
from services.residents.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


def of_case(table: str) -> ForeignKeyConstraint:
    """What belongs to a case."""
    return ForeignKeyConstraint(
        ["community_code", "found_person_id"],
        ["found_person.community_code", "found_person.id"],
        name=f"fk_{table}_found_person",
    )


class FoundSighting(Base, Tenant, table=True):
    """One point of a found person's trail (行踪), told by somebody who was with them. The place is sealed."""

    __tablename__ = "found_sighting"
    __table_args__ = (
        one_of("source", Source),
        of_case("found_sighting"),
        Index("ix_found_sighting_found_person", "community_code", "found_person_id", "seen_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    found_person_id: UUID
    source: Source = Field(sa_type=text_enum(Source))
    content: bytes
    """Sealed JSON: `longitude` and `latitude` (WGS 84), `place_text`."""
    seen_at: datetime
    created_at: datetime = Field(default_factory=utc_now)


class FoundPersonCandidate(Base, Tenant, table=True):
    """Somebody whom the registry suggested a found person may be. Who was suggested may be identified."""

    __tablename__ = "found_person_candidate"
    __table_args__ = (of_case("found_person_candidate"),)

    found_person_id: UUID = Field(primary_key=True)
    person_id: UUID = Field(primary_key=True)
    score: int
    """How much of what is known fits; the highest is shown first."""
    suggested_at: datetime = Field(default_factory=utc_now)
