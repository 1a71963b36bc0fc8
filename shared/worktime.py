"""Arithmetic on the working time of a Chinese community: office hours, public holidays and make-up workdays (调休).

Statutory holidays follow the Regulation on Public Holidays (全国年节及纪念日放假办法, State Council Order 795 of 2024).
Which weekends are worked in exchange is announced each November for the next year by the General Office of the State
Council. The `holidays` package carries those announcements; for a year it does not know yet (`is_announced`) the
statutory days and their replacement days are used and no weekend is worked, until the package is updated or somebody
enters the announcement as overrides. Overrides always win, so a local closure or an emergency shift needs no release.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from types import MappingProxyType
from typing import Self

import holidays
from holidays.countries.china import ChinaStaticHolidays

from shared.clock import CHINA

OFFICE_HOURS = ((time(9), time(12)), (time(13, 30), time(17, 30)))
_NONE = timedelta(0)
_DAY = timedelta(days=1)


class WorkingCalendar:
    """Which instants count as working time; immutable and safe to share.

    `hours` are the open spells of a working day, in order, each ending after it starts; an end of 00:00 is the midnight
    that closes the day. `overrides` says of single days whether they are worked, whatever the announcement says.
    """

    def __init__(
        self,
        hours: tuple[tuple[time, time], ...] = OFFICE_HOURS,
        *,
        timezone: tzinfo = CHINA,
        overrides: Mapping[date, bool] = MappingProxyType({}),
        every_day: bool = False,
    ) -> None:
        _check(hours)
        self._hours = hours
        self._timezone = timezone
        self._overrides = dict(overrides)
        self._every_day = every_day

    @classmethod
    def around_the_clock(cls, timezone: tzinfo = CHINA) -> Self:
        """The calendar of urgent work: every hour of every day counts."""
        return cls(((time(0), time(0)),), timezone=timezone, every_day=True)

    def is_workday(self, day: date) -> bool:
        """Whether the office works on this day of the calendar's own time zone."""
        worked = self._overrides.get(day)
        if worked is not None:
            return worked
        if self._every_day:
            return True
        days_off, worked_weekends = _announcement(day.year)
        return day in worked_weekends if day.weekday() >= 5 else day not in days_off

    def add(self, start: datetime, working: timedelta) -> datetime:
        """The earliest instant by which `working` time has passed since `start`.

        It falls inside or at the end of a spell (17:30, not the next morning's 09:00); zero returns `start` itself.
        Raises ValueError for a naive `start` or a negative `working`.
        """
        if working < _NONE:
            raise ValueError("working time to add must not be negative")
        left, instant = working, _aware(start)
        if not left:
            return start.astimezone(self._timezone)
        for opens, closes in self._spells_from(instant):
            begins = max(opens, instant)
            if left <= closes - begins:
                return (begins + left).astimezone(self._timezone)
            left -= closes - begins
        raise OverflowError("working time reaches beyond the calendar")

    def between(self, earlier: datetime, later: datetime) -> timedelta:
        """Working time that passes from `earlier` to `later`; negative when they are the other way round."""
        first, last = _aware(earlier), _aware(later)
        if last < first:
            return -self.between(later, earlier)
        total = _NONE
        for opens, closes in self._spells_from(first):
            if opens >= last:
                break
            total += min(closes, last) - max(opens, first)
        return total

    def _spells_from(self, instant: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open spells in UTC that end after `instant`, in order."""
        day = instant.astimezone(self._timezone).date()
        while day < date.max:
            if self.is_workday(day):
                for start, end in self._hours:
                    closing_day = day + _DAY if end == time(0) else day
                    closes = datetime.combine(closing_day, end, self._timezone).astimezone(UTC)
                    if closes > instant:
                        yield datetime.combine(day, start, self._timezone).astimezone(UTC), closes
            day += _DAY


def is_announced(year: int) -> bool:
    """Whether the installed holiday data knows the official arrangement of this year."""
    return year in ChinaStaticHolidays.special_public_holidays


@cache
def _announcement(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """(days off, weekends worked) of a year. New Year's exchange days of the next year may lie in this December."""
    china = holidays.country_holidays("CN", years=[year, year + 1])
    return frozenset(day for day in china if day.year == year), frozenset(china.weekend_workdays)


def _check(hours: tuple[tuple[time, time], ...]) -> None:
    if not hours:
        raise ValueError("a working day needs at least one spell of hours")
    edges = [minutes for start, end in hours for minutes in (_offset(start), _offset(end) or _DAY)]
    if any(later <= earlier for earlier, later in zip(edges[::2], edges[1::2], strict=True)):
        raise ValueError("every spell must end after it starts")
    if any(later < earlier for earlier, later in zip(edges[1::2], edges[2::2], strict=False)):
        raise ValueError("spells must follow each other")


def _offset(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without its zone cannot be placed on a calendar")
    return moment.astimezone(UTC)
