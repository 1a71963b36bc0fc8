from datetime import datetime
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field

from services.requests.tables import Base
from shared.clock import utc_now
from shared.db import Tenant

_UUIDS = ARRAY(PgUuid(as_uuid=True))


class FollowedMerge(Base, Tenant, table=True):
    """A merge of two records in the registry, and which requests it moved to the person who was kept."""

    __tablename__ = "followed_merge"

    merge_id: UUID = Field(primary_key=True)
    requested: list[UUID] = Field(default_factory=list, sa_column=Column(_UUIDS, nullable=False))
    """Requests whose requester was the merged record."""
    concerned: list[UUID] = Field(default_factory=list, sa_column=Column(_UUIDS, nullable=False))
    """Requests that concerned the merged record."""
    votes: list[UUID] = Field(default_factory=list, sa_column=Column(_UUIDS, nullable=False))
    """What the merged record said of articles."""
    parties: list[UUID] = Field(default_factory=list, sa_column=Column(_UUIDS, nullable=False))
    """Parties of mediations who were the merged record."""
    participations: list[UUID] = Field(default_factory=list, sa_column=Column(_UUIDS, nullable=False))
    """Seats of the merged record at deliberations."""
    inspections: list[UUID] = Field(default_factory=list, sa_column=Column(_UUIDS, nullable=False))
    """Inspections of projects by the merged record."""
    followings: list[UUID] = Field(default_factory=list, sa_column=Column(_UUIDS, nullable=False))
    """Requests that the merged record supported or followed."""
    ratings: list[UUID] = Field(default_factory=list, sa_column=Column(_UUIDS, nullable=False, server_default="{}"))
    """What the merged record said of outcomes."""
    is_undone: bool = False
    created_at: datetime = Field(default_factory=utc_now)
