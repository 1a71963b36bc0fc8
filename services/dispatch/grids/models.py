from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.dispatch.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.geo import GridKind


class Grid(Base, Tenant, table=True):
    """A grid (网格): about 300 households, or one school or market, looked after by its grid worker."""

    __tablename__ = "grid"
    __table_args__ = (
        one_of("kind", GridKind),
        CheckConstraint("starts_with(code, community_code)", name="code_in_community"),
        ForeignKeyConstraint(["community_code", "responder_id"], ["responder.community_code", "responder.id"]),
        ForeignKeyConstraint(["community_code", "backup_responder_id"], ["responder.community_code", "responder.id"]),
    )

    code: str = Field(primary_key=True, max_length=15)
    name: str
    kind: GridKind = Field(sa_type=text_enum(GridKind))
    boundary_version: int = 0
    """0 until the first boundary is published."""
    centre_longitude: float | None = None
    centre_latitude: float | None = None
    """Of the published boundary, WGS 84; distances between grids are measured from here."""
    responder_id: UUID | None = None
    """The grid's own worker (网格员)."""
    backup_responder_id: UUID | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class GridBoundaryVersion(Base, Tenant, table=True):
    """Every boundary and address table that a grid ever had: "whose street was this in May" stays answerable."""

    __tablename__ = "grid_boundary_version"
    __table_args__ = (ForeignKeyConstraint(["community_code", "grid_code"], ["grid.community_code", "grid.code"]),)

    grid_code: str = Field(primary_key=True, max_length=15)
    number: int = Field(primary_key=True)
    boundary: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    addresses: list[dict[str, str]] = Field(sa_column=Column(JSONB, nullable=False))
    published_at: datetime = Field(default_factory=utc_now)
    published_by: str
