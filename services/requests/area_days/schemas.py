from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from services.requests.calendars.schemas import Day

AreaCode = Annotated[str, StringConstraints(pattern=r"^\d{2,11}$")]


class AreaDayCreate(Day):
    on: date
    area: AreaCode | None = None
    """Which part of the caller's area; default: all of it."""


class AreaDayRead(Day):
    id: UUID
    area: str
    on: date
    created_at: datetime
    withdrawn_at: datetime | None


class Announced(AreaDayRead):
    changed: int
    """How many communities have a new version of their calendar by it."""
