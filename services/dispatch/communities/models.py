from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlmodel import Field

from services.dispatch.tables import Base
from shared.clock import utc_now
from shared.db import Tenant


class Community(Base, Tenant, table=True):
    """A community (社区) as its people know it: its name, its hotline, and who sits at the duty desk (值班台)."""

    __tablename__ = "community"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "duty_desk_id"], ["responder.community_code", "responder.id"]),
    )

    name: str
    name_en: str
    hotline: str
    """Public, as dialled."""
    duty_desk_id: UUID | None = None
    """The responder who is asked when nobody else answers; takes work above their cap."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
