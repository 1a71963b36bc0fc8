from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.requests.tables import Base
from shared.clock import utc_now
from shared.db import Tenant


class CommunityCalendar(Base, Tenant, table=True):
    """When a community's office works (工作日历), where that differs from the usual hours and the announced holidays.

    Rows are never changed: each change is a new version, and a request keeps the one under which it was promised
    something. A community without a row works by the standard calendar.
    """

    __tablename__ = "community_calendar"
    __table_args__ = (CheckConstraint("calendar_version > 0", name="calendar_version"),)

    calendar_version: int = Field(primary_key=True)
    hours: list[list[str]] = Field(sa_column=Column(JSONB, nullable=False))
    """Open spells of a working day, `["09:00", "12:00"]`, in order."""
    weekdays: dict[str, list[list[str]]] = Field(sa_column=Column(JSONB, nullable=False))
    """Days of the week with hours of their own, Monday is "1"; an empty list: closed."""
    days: dict[str, dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """Single dates that differ from the announcement: `schemas.Day` without its date."""
    area_days: dict[str, dict[str, Any]] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'"))
    )
    """The same, of what the community's district or city has announced, with the `area`; `days` goes before it."""
    created_by: str
    created_at: datetime = Field(default_factory=utc_now)
