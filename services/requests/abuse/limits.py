"""How much anybody may submit. Counted in PostgreSQL by what is there already, so any number of processes agree.

Submissions of one person or phone wait for each other, so however many come at once, no limit is passed. Those of one
client do not: it speaks for many, and may pass its own limit by as many as it has in flight.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.requests.abuse.errors import IntakeBlocked, TooManySubmissions
from services.requests.categories.models import Urgency

BURST, DAY = timedelta(minutes=10), timedelta(days=1)
FLAGS_THAT_BLOCK, FLAGS_COUNT_FOR = 3, timedelta(days=30)
_URGENT_FACTOR = 3
"""Who is in danger may call more often; but every urgent request wakes somebody, so there is an end to it too."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests a person or phone, and a partner's client, may submit within 10 minutes and 24 hours."""

    person_per_10_minutes: int = 3
    person_per_day: int = 10
    client_per_10_minutes: int = 1_000
    anonymous_per_day: int = 3
    """By one person, whatever the category."""


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class Submitter:
    """Whose submissions are counted."""

    person_id: UUID | None = None
    phone_index: bytes | None = None
    client_id: str | None = None


NOBODY = Submitter()
"""What the office takes in is not counted."""


def check(limits: Limits, terms: Row[Any], now: datetime) -> None:
    """Refuse what is too much, by the counts that were read with the terms.

    Raises TooManySubmissions, or IntakeBlocked for whoever was flagged for abuse; never the latter for what is urgent.
    """
    is_urgent = terms.urgency is Urgency.URGENT
    if terms.third_flag_at is not None and not is_urgent:
        raise IntakeBlocked(terms.third_flag_at + FLAGS_COUNT_FOR)
    factor = _URGENT_FACTOR if is_urgent else 1
    per_day, daily = (terms.person_day_count, terms.person_day_from), limits.person_per_day * factor
    if terms.daily_limit is not None:
        per_day, daily = (terms.category_day_count, terms.category_day_from), terms.daily_limit
    counted = (
        (*per_day, daily, DAY),
        (terms.person_burst_count, terms.person_burst_from, limits.person_per_10_minutes * factor, BURST),
        (terms.phone_day_count, terms.phone_day_from, limits.person_per_day * factor, DAY),
        (terms.client_burst_count, terms.client_burst_from, limits.client_per_10_minutes, BURST),
    )
    for count, earliest, allowed, window in counted:
        if count >= allowed:
            raise TooManySubmissions(allowed, window, earliest + window - now)
