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

Hours = tuple[tuple[time, time], ...]
"""Open spells of one day, each ending after it starts and the next not before; an end of 00:00 is midnight."""

OFFICE_HOURS: Hours = ((time(9), time(12)), (time(13, 30), time(17, 30)))
_NONE = timedelta(0)
_DAY = timedelta(days=1)


class WorkingCalendar:
    """Which instants count as working time; immutable and safe to share.

    `hours` are those of a working day. `weekdays` gives days of the week (Monday is 1) hours of their own, or none;
    they yield to public holidays, and a make-up workday is worked as any other. `overrides` says of single days whether
    they are worked, or when, whatever the announcement says.
    """

    def __init__(
        self,
        hours: Hours = OFFICE_HOURS,
        *,
        timezone: tzinfo = CHINA,
        weekdays: Mapping[int, Hours] = MappingProxyType({}),
        overrides: Mapping[date, bool | Hours] = MappingProxyType({}),
        every_day: bool = False,
    ) -> None:
        if not hours:
            raise ValueError("a working day needs at least one spell of hours")
        for each in (hours, *weekdays.values(), *(own for own in overrides.values() if not isinstance(own, bool))):
            _check(each)
        self._hours = hours
        self._timezone = timezone
        self._weekdays = dict(weekdays)
        self._overrides = dict(overrides)
        self._every_day = every_day
        self._spells: dict[date, tuple[tuple[datetime, datetime], ...]] = {}

    @classmethod
    def around_the_clock(cls, timezone: tzinfo = CHINA) -> Self:
        """The calendar of urgent work: every hour of every day counts."""
        return cls(((time(0), time(0)),), timezone=timezone, every_day=True)

    def is_workday(self, day: date) -> bool:
        """Whether the office works on this day of the calendar's own time zone."""
        return bool(self.hours_of(day))

    def hours_of(self, day: date) -> Hours:
        """When the office works on this day of the calendar's own time zone; empty: it does not."""
        worked = self._overrides.get(day)
        if worked is not None and not isinstance(worked, bool):
            return worked
        usual = self._weekdays.get(day.isoweekday(), self._hours if self._every_day or day.weekday() < 5 else ())
        if worked is not None:
            return (usual or self._hours) if worked else ()
        if self._every_day:
            return usual
        days_off, worked_weekends = _announcement(day.year)
        if day in worked_weekends:
            return self._hours
        return () if day in days_off else usual

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

    def subtract(self, end: datetime, working: timedelta) -> datetime:
        """The earliest instant from which `working` time passes until `end`: what `add` makes of it leads back.

        Like `add` it falls inside or at the end of a spell; zero returns `end` itself. Raises ValueError as `add` does.
        """
        if working < _NONE:
            raise ValueError("working time to subtract must not be negative")
        left, instant = working, _aware(end)
        if not left:
            return end.astimezone(self._timezone)
        for opens, closes in self._spells_before(instant):
            ends = min(closes, instant)
            if left < ends - opens:
                return (ends - left).astimezone(self._timezone)
            left -= ends - opens
        raise OverflowError("working time reaches before the calendar")

    def _spells_from(self, instant: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open spells in UTC that end after `instant`, in order."""
        day = instant.astimezone(self._timezone).date()
        while day < date.max:
            for spell in self._spells_on(day):
                if spell[1] > instant:
                    yield spell
            day += _DAY

    def _spells_before(self, instant: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open spells in UTC that begin before `instant`, the last first."""
        day = instant.astimezone(self._timezone).date()
        while day > date.min:
            for spell in reversed(self._spells_on(day)):
                if spell[0] < instant:
                    yield spell
            day -= _DAY

    def _spells_on(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The spells of one day in UTC, worked out once."""
        known = self._spells.get(day)
        if known is None:
            known = self._spells[day] = tuple(
                (self._instant(day, opens), self._instant(day + _DAY if closes == time(0) else day, closes))
                for opens, closes in self.hours_of(day)
            )
        return known

    def _instant(self, day: date, moment: time) -> datetime:
        return datetime.combine(day, moment, self._timezone).astimezone(UTC)


def is_announced(year: int) -> bool:
    """Whether the installed holiday data knows the official arrangement of this year."""
    return year in ChinaStaticHolidays.special_public_holidays


@cache
def _announcement(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """(days off, weekends worked) of a year. New Year's exchange days of the next year may lie in this December.

    A weekend that touches a day off is off as well: the announcement counts it in ("1 May, Friday, to 5 May").
    """
    china = holidays.country_holidays("CN", years=[year - 1, year, year + 1])
    worked, off = frozenset(china.weekend_workdays), set(china)
    for day in list(off):
        for step in (-_DAY, _DAY):
            beside = day + step
            while beside.weekday() >= 5 and beside not in worked | off:
                off.add(beside)
                beside += step
    return frozenset(day for day in off if day.year == year), worked


def _check(hours: Hours) -> None:
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
