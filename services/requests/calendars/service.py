"""Use cases of a community's working calendar. They flush and never commit: the edge does."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from services.requests.calendars import repository
from services.requests.calendars.calendars import build
from services.requests.calendars.errors import DayExists, TooManyDays
from services.requests.calendars.models import CommunityCalendar
from services.requests.calendars.schemas import CalendarUpdate, Day, DayCreate, Kind, definition_of
from shared.auth import Principal
from shared.clock import china_today
from shared.concurrency import check_version
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.worktime import OFFICE_HOURS, Hours, WorkingCalendar, is_announced

MOST_DAYS = 500
_KEPT = timedelta(days=400)
"""Days longer ago are not carried into the next version; requests keep theirs."""
_STANDARD = WorkingCalendar()


async def get_calendar(session: AsyncSession, community_code: str, number: int | None = None) -> dict[str, Any]:
    """The calendar in force, or the version under which a request was promised something."""
    if not number:
        latest = await repository.find_latest(session, community_code) if number is None else None
        return present(latest or _standard(community_code))
    known = await repository.find_version(session, community_code, number)
    if known is None:
        raise NotFound
    return present(known)


async def change_week(
    session: AsyncSession, principal: Principal, data: CalendarUpdate, expected: int
) -> dict[str, Any]:
    """Other hours from now on; what runs keeps its promises."""

    def change(calendar: CommunityCalendar) -> None:
        check_version(calendar.calendar_version, expected)
        if "hours" in data.model_fields_set:
            calendar.hours = data.hours
        if "weekdays" in data.model_fields_set:
            calendar.weekdays = data.weekdays

    return present(await _next_version(session, principal, change))


async def add_day(session: AsyncSession, principal: Principal, data: DayCreate) -> dict[str, Any]:
    """A closure, an emergency shift, or a holiday that was announced after this release."""

    def change(calendar: CommunityCalendar) -> None:
        if data.on.isoformat() in calendar.days:
            raise DayExists
        calendar.days = calendar.days | {data.on.isoformat(): definition_of(data)}

    await _next_version(session, principal, change)
    return _day(data.on, definition_of(data))


async def change_day(session: AsyncSession, principal: Principal, on: date, data: Day, expected: int) -> dict[str, Any]:
    def change(calendar: CommunityCalendar) -> None:
        _check_known(calendar, on, expected)
        calendar.days = calendar.days | {on.isoformat(): definition_of(data)}

    await _next_version(session, principal, change)
    return _day(on, definition_of(data))


async def drop_day(session: AsyncSession, principal: Principal, on: date, expected: int) -> None:
    """The day is again what the announcement and the week say."""

    def change(calendar: CommunityCalendar) -> None:
        _check_known(calendar, on, expected)
        calendar.days = {day: said for day, said in calendar.days.items() if day != on.isoformat()}

    await _next_version(session, principal, change)


async def effective_days(session: AsyncSession, community_code: str, first: date, last: date) -> dict[str, Any]:
    """What each day is by the calendar in force."""
    stored = await repository.find_latest(session, community_code)
    calendar = build(stored) if stored else _STANDARD
    own, announced = (stored.days, stored.area_days) if stored else ({}, {})
    items = [
        _effective(day, calendar.hours_of(day), own.get(day.isoformat()), announced.get(day.isoformat()))
        for day in _each(first, last)
    ]
    return {"items": items, "announced": all(is_announced(year) for year in range(first.year, last.year + 1))}


def present(calendar: CommunityCalendar) -> dict[str, Any]:
    return {
        "community_code": calendar.community_code,
        "version": calendar.calendar_version,
        "hours": calendar.hours,
        "weekdays": calendar.weekdays,
        "days": [_day(date.fromisoformat(on), said) for on, said in sorted(calendar.days.items())],
        "area_days": [_day(date.fromisoformat(on), said) for on, said in sorted(calendar.area_days.items())],
        "created_at": calendar.created_at if calendar.calendar_version else None,
    }


async def _next_version(
    session: AsyncSession, principal: Principal, change: Callable[[CommunityCalendar], None]
) -> CommunityCalendar:
    """A copy of the latest version with the change made to it."""
    community_code = principal.community_code
    latest = await repository.lock_latest(session, community_code) or _standard(community_code)
    changed = CommunityCalendar(
        community_code=community_code,
        calendar_version=latest.calendar_version,
        hours=latest.hours,
        weekdays=latest.weekdays,
        days=latest.days,
        area_days=latest.area_days,
        created_by=principal.subject,
    )
    change(changed)
    forgotten = (china_today() - _KEPT).isoformat()
    changed.days = {on: said for on, said in changed.days.items() if on >= forgotten}
    if len(changed.days) > MOST_DAYS:
        raise TooManyDays
    changed.calendar_version += 1
    session.add(changed)
    await session.flush()
    return changed


def _standard(community_code: str) -> CommunityCalendar:
    return CommunityCalendar(
        community_code=community_code,
        calendar_version=0,
        hours=STANDARD_HOURS,
        weekdays={},
        days={},
        area_days={},
        created_by="",
    )


def _check_known(calendar: CommunityCalendar, on: date, expected: int) -> None:
    if on.isoformat() not in calendar.days:
        raise NotFound
    check_version(calendar.calendar_version, expected)


def _effective(day: date, hours: Hours, own: dict[str, Any] | None, announced: dict[str, Any] | None) -> dict[str, Any]:
    said = own or announced
    kind = Kind.OWN if own else Kind.AREA if announced else _kind(day)
    return {"on": day, "kind": kind, "hours": _spells(hours), "note": said["note"] if said else None}


def _kind(day: date) -> Kind:
    worked, weekend = _STANDARD.is_workday(day), day.isoweekday() > 5
    if worked:
        return Kind.MAKE_UP if weekend else Kind.WORKDAY
    return Kind.WEEKEND if weekend else Kind.HOLIDAY


def _day(on: date, said: dict[str, Any]) -> dict[str, Any]:
    return {"on": on, **said}


def _spells(hours: Hours) -> list[list[str]]:
    return [[opens.isoformat("minutes"), closes.isoformat("minutes")] for opens, closes in hours]


STANDARD_HOURS = _spells(OFFICE_HOURS)


def _each(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
