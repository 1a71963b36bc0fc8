"""Days as mediations count them: by the calendar in China."""

import calendar
from datetime import date, datetime, time, timedelta

from shared.clock import CHINA

_MORNING = time(9)


def month_after(day: date) -> date:
    """The usual limit: the same day of the next month, or that month's last."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def morning_of(day: date) -> datetime:
    return datetime.combine(day, _MORNING, CHINA)


def end_of(day: date) -> datetime:
    """The first instant after `day`."""
    return datetime.combine(day + timedelta(days=1), time(0), CHINA)
