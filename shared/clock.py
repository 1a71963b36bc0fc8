"""The one place that asks what time it is, so that tests can travel."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
"""Days, weeks, opening hours and offers follow this zone wherever the server stands."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def china_today(at: datetime | None = None) -> date:
    """The calendar date in Asia/Shanghai at an aware instant (default: now)."""
    return (at or utc_now()).astimezone(CHINA).date()
