from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.dispatch.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class Force(StrEnum):
    """The five forces that act together (五社联动), and partner units beside them."""

    COMMUNITY = "community"
    """社区: its own workers."""
    VOLUNTEER = "volunteer"
    """社区志愿者, e.g. the red ties (红领结)."""
    SOCIAL_ORGANISATION = "social_organisation"
    """社会组织"""
    SOCIAL_TALENT = "social_talent"
    """社会治理人才: mediators, lawyers, social workers."""
    CHARITY = "charity"
    """社会慈善资源"""
    PARTNER_UNIT = "partner_unit"
    """共建单位"""


class ResponderKind(StrEnum):
    GRID_WORKER = "grid_worker"
    """网格员"""
    BACKUP = "backup"
    """兼职网格员: part-time, stands in for grid workers."""
    VOLUNTEER = "volunteer"
    MEDIATOR = "mediator"
    """调解员"""
    POLICE = "police"
    JUDICIAL_OFFICER = "judicial_officer"
    LAWYER = "lawyer"
    SOCIAL_WORKER = "social_worker"
    UNIT = "unit"
    DUTY_DESK = "duty_desk"
    """值班台: answers when nobody else does."""


GENERALISTS = frozenset({ResponderKind.GRID_WORKER, ResponderKind.BACKUP})
"""Who is asked for everyday work, which needs no particular skill."""


class DutyPattern(StrEnum):
    STANDING = "standing"
    """On duty unless absent, as full-time grid workers are."""
    ROSTERED = "rostered"
    """On duty only during roster entries."""


class Responder(Base, Tenant, table=True):
    """Anyone who can be given a work order (力量): a grid worker, a volunteer, a mediator, the police, a unit.

    Name and phone are sealed under the responder's own data key.
    """

    __tablename__ = "responder"
    __table_args__ = (
        one_of("force", Force),
        one_of("kind", ResponderKind),
        one_of("duty", DutyPattern),
        CheckConstraint("capacity BETWEEN 0 AND 200", name="capacity"),
        CheckConstraint("open_orders >= 0", name="open_orders"),
        CheckConstraint("(longitude IS NULL) = (latitude IS NULL)", name="position"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    force: Force = Field(sa_type=text_enum(Force))
    kind: ResponderKind = Field(sa_type=text_enum(ResponderKind))
    duty: DutyPattern = Field(sa_type=text_enum(DutyPattern))
    name: bytes
    phone: bytes
    skills: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    languages: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    capacity: int
    """The cap: so many open orders at once, unless staff decide otherwise."""
    home_grid_code: str | None = Field(default=None, max_length=15)
    longitude: float | None = None
    latitude: float | None = None
    """Where they work from, WGS 84; the home grid's centre stands in for it."""
    uscc: str | None = Field(default=None, max_length=18)
    """A unit's unified social credit code (统一社会信用代码)."""
    person_id: UUID | None = None
    household_id: UUID | None = None
    """Their own record as a resident: nobody is given their own household's request."""
    is_public: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    """They agreed that their name and phone stand on the team cards of their grid, or of every grid if they have none.
    Those of a grid's own worker stand on its contact cards in any case: it is their duty phone."""
    active: bool = True
    open_orders: int = 0
    """How many orders they hold; changed only with the assignment rows that it counts."""
    last_assigned_at: datetime | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class RosterEntry(Base, Tenant, table=True):
    """A shift (值班): when a rostered responder is on duty, for one grid or the whole community."""

    __tablename__ = "roster_entry"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "responder_id"], ["responder.community_code", "responder.id"]),
        CheckConstraint("starts_at < ends_at", name="span"),
        Index("ix_roster_entry_community_code_responder_id_ends_at", "community_code", "responder_id", "ends_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    responder_id: UUID
    grid_code: str | None = Field(default=None, max_length=15)
    starts_at: datetime
    ends_at: datetime
    version: int = 1


class Absence(Base, Tenant, table=True):
    """When a responder cannot be asked. Why is nobody's business here: an illness is personal."""

    __tablename__ = "absence"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "responder_id"], ["responder.community_code", "responder.id"]),
        CheckConstraint("starts_at < ends_at", name="span"),
        Index("ix_absence_community_code_responder_id_ends_at", "community_code", "responder_id", "ends_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    responder_id: UUID
    starts_at: datetime
    ends_at: datetime
    version: int = 1
