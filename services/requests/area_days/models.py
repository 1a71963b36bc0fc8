from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Date, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.requests.tables import Base
from shared.clock import utc_now
from shared.db import Tenant
from shared.ids import new_id


class AreaDay(Base, Tenant, table=True):
    """A day off or a make-up day (放假·调休) that a district or city announces to every community under it.

    `community_code` is here the area's own code, a prefix of the communities' codes: whoever sees one community only
    does not see the row, but what it does to their calendar.
    """

    __tablename__ = "area_day"
    __table_args__ = (
        CheckConstraint("length(community_code) < 12", name="area"),
        Index(
            "uq_area_day_on",
            "community_code",
            "day",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    day: date = Field(sa_column=Column(Date, nullable=False))
    definition: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    """`calendars.schemas.Day`."""
    created_by: str
    created_at: datetime = Field(default_factory=utc_now)
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None
