"""Stored calendars as arithmetic. Versions never change, so each is built once a process."""

from datetime import date, datetime
from typing import Any, Protocol

from services.requests.calendars.models import CommunityCalendar
from services.requests.calendars.schemas import hours_of
from shared.worktime import Hours, WorkingCalendar

STANDARD = WorkingCalendar()
AROUND_THE_CLOCK = WorkingCalendar.around_the_clock()
_MOST_BUILT = 5_000

_built: dict[tuple[str, int, datetime], WorkingCalendar] = {}


class Definition(Protocol):
    """A `CommunityCalendar`, or a row that was joined with one."""

    hours: Any
    weekdays: Any
    days: Any
    area_days: Any


def build(stored: Definition) -> WorkingCalendar:
    return WorkingCalendar(
        hours_of(stored.hours),
        weekdays={int(day): hours_of(spells) for day, spells in stored.weekdays.items()},
        overrides={date.fromisoformat(on): _said(day) for on, day in (stored.area_days | stored.days).items()},
    )


def calendar_of(stored: Any) -> WorkingCalendar:
    """The calendar of a stored version; the standard one for None.

    Its time is part of what it is known by: a version that was rolled back may be numbered anew.
    """
    if stored is None:
        return STANDARD
    name = (stored.community_code, stored.calendar_version, stored.created_at)
    known = _built.get(name)
    if known is None:
        if len(_built) >= _MOST_BUILT:
            _built.clear()
        known = _built[name] = build(stored)
    return known


def calendar_in(community_code: str, row: Any) -> CommunityCalendar | None:
    """The calendar that a query read beside other things; None where the community has none of its own."""
    if row.calendar_version is None:
        return None
    return CommunityCalendar(
        community_code=community_code,
        calendar_version=row.calendar_version,
        hours=row.hours,
        weekdays=row.weekdays,
        days=row.days,
        area_days=row.area_days,
        created_by="",
        created_at=row.calendar_created_at,
    )


def _said(day: dict[str, Any]) -> bool | Hours:
    return hours_of(day["hours"]) if day["hours"] else day["worked"]
