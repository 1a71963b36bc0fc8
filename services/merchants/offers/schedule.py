"""When an offer holds: days, hours, validity and holidays, always in Asia/Shanghai. Pure: no I/O, no clock."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

import holidays
from dateutil.rrule import rrulestr

from shared.clock import CHINA
from shared.errors import both

HORIZON_DAYS = 400
"""How far ahead the next valid day is looked for."""

_DAY = timedelta(days=1)
_MIDNIGHT = time(0)


class OnHolidays(StrEnum):
    """What public holidays (法定节假日, with the days off that are exchanged for them) mean for an offer."""

    ANY = "any"
    """They make no difference."""
    EXCLUDE = "exclude"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Hours:
    """From `opens` until just before `closes`; a `closes` of 00:00 is the midnight that ends the day."""

    opens: time
    closes: time


WHOLE_DAY = Hours(_MIDNIGHT, _MIDNIGHT)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The days and hours of one offer. No `recurrence`: every day; no `hours`: all day."""

    valid_from: date
    valid_to: date | None = None
    """The last day."""
    recurrence: str | None = None
    """As `normalise_recurrence` returns it."""
    hours: tuple[Hours, ...] = ()
    on_holidays: OnHolidays = OnHolidays.ANY

    def occurs_on(self, day: date) -> bool:
        if day < self.valid_from or (self.valid_to is not None and day > self.valid_to):
            return False
        if self.recurrence is not None and day not in _days_of(self.recurrence, self._anchor(day), day.year):
            return False
        if self.on_holidays is OnHolidays.ANY:
            return True
        return is_public_holiday(day) == (self.on_holidays is OnHolidays.ONLY)

    def is_open_at(self, when: datetime) -> bool:
        """Whether the offer holds at this aware instant."""
        local = when.astimezone(CHINA)
        return self.occurs_on(local.date()) and any(opens <= local < closes for opens, closes in self._spells(local))

    def next_valid_at(self, when: datetime) -> datetime | None:
        """`when` itself if the offer holds, else the next time it will; None within the next 400 days."""
        local = when.astimezone(CHINA)
        day = max(local.date(), self.valid_from)
        for _ in range(HORIZON_DAYS):
            if self.valid_to is not None and day > self.valid_to:
                return None
            if self.occurs_on(day):
                for opens, closes in self._spells(datetime.combine(day, _MIDNIGHT, CHINA)):
                    if local < closes:
                        return max(local, opens)
            day += _DAY
        return None

    def _spells(self, local: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open spells of the day of `local`, in order."""
        day = local.date()
        for spell in self.hours or (WHOLE_DAY,):
            closing_day = day + _DAY if spell.closes == _MIDNIGHT else day
            yield datetime.combine(day, spell.opens, CHINA), datetime.combine(closing_day, spell.closes, CHINA)

    def _anchor(self, day: date) -> date:
        """Every second Saturday counts from the first day of the offer; every Saturday from anywhere."""
        return self.valid_from if "INTERVAL=" in (self.recurrence or "") else date(day.year, 1, 1)


@lru_cache(maxsize=1024)
def _days_of(recurrence: str, anchor: date, year: int) -> frozenset[date]:
    """The days of one year on which the rule falls: computed once, then a look-up."""
    rule = rrulestr(recurrence, dtstart=datetime.combine(anchor, _MIDNIGHT))
    first, last = datetime(year, 1, 1), datetime(year, 12, 31)  # noqa: DTZ001 - dates only
    return frozenset(moment.date() for moment in rule.between(first, last, inc=True))


def is_public_holiday(day: date) -> bool:
    """Statutory holidays and the days off exchanged for them, as the State Council announces each November."""
    return day in _holidays_of(day.year)


@lru_cache(maxsize=200)
def _holidays_of(year: int) -> frozenset[date]:
    # New Year's exchange days may lie in the December before.
    return frozenset(day for day in holidays.country_holidays("CN", years=[year, year + 1]) if day.year == year)


_WEEKDAY = r"(?:MO|TU|WE|TH|FR|SA|SU)"
_NUMBERED = rf"(?:[+-]?[1-5])?{_WEEKDAY}"
_MONTH_DAY = r"-?(?:[1-9]|[12]\d|3[01])"
_PARTS = {
    "FREQ": r"DAILY|WEEKLY|MONTHLY",
    "INTERVAL": r"[1-9]|[1-4]\d|5[0-2]",
    "BYDAY": rf"{_NUMBERED}(?:,{_NUMBERED}){{0,9}}",
    "BYMONTHDAY": rf"{_MONTH_DAY}(?:,{_MONTH_DAY}){{0,30}}",
}
_RULE_TEXT = both(
    "重复规则为 RFC 5545 的子集: FREQ=WEEKLY;BYDAY=SA 或 FREQ=MONTHLY;BYMONTHDAY=1,15 或 FREQ=MONTHLY;BYDAY=-1SU",
    "Write a subset of RFC 5545: FREQ=WEEKLY;BYDAY=SA or FREQ=MONTHLY;BYMONTHDAY=1,15 or FREQ=MONTHLY;BYDAY=-1SU.",
)


def normalise_recurrence(text: str) -> str:
    """A rule of RFC 5545, 3.3.10, of days only, in one order; ValueError (bilingual) for anything else.

    FREQ is DAILY, WEEKLY (with BYDAY) or MONTHLY (with BYDAY, numbered or not, or BYMONTHDAY). COUNT and UNTIL are
    refused because the validity says it, and times because the hours do.
    """
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in text.upper().strip().split(";"))]
    parts: dict[str, str] = dict(pairs)
    if len(parts) < len(pairs) or not all(
        name in _PARTS and re.fullmatch(_PARTS[name], value) for name, value in pairs
    ):
        raise ValueError(_RULE_TEXT)
    frequency, by_day, by_month_day = parts.get("FREQ"), parts.get("BYDAY"), parts.get("BYMONTHDAY")
    fits = {
        "DAILY": by_month_day is None,
        "WEEKLY": by_day is not None and by_month_day is None,
        "MONTHLY": (by_day is None) != (by_month_day is None),
    }.get(frequency or "", False)
    if not fits or (frequency != "MONTHLY" and re.search(r"\d", by_day or "")):
        raise ValueError(_RULE_TEXT)
    if parts.get("INTERVAL") == "1":
        del parts["INTERVAL"]
    return ";".join(f"{name}={parts[name]}" for name in _PARTS if name in parts)
