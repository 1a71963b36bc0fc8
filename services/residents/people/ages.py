"""Ages in full years (周岁), and the groups that follow from them."""

from datetime import date, timedelta
from enum import StrEnum


class AgeGroup(StrEnum):
    """Groups by age. Several may hold at once."""

    CHILD = "child"
    """Under 14: data about them is sensitive and needs a guardian's consent (PIPL, art. 28 and 31)."""
    MINOR = "minor"
    """Under 18 (Law on the Protection of Minors, art. 2)."""
    ELDERLY = "elderly"
    """60 and over (Law on the Protection of the Rights and Interests of the Elderly, art. 2)."""
    YOUNGER_ELDERLY = "younger_elderly"
    """低龄老人: 60 to 69, as the Seventh National Population Census counts them."""
    VERY_OLD = "very_old"
    """高龄老人: 80 and over, the age from which the old-age allowance is paid (same law, art. 33)."""


_GROUPS = (
    (AgeGroup.CHILD, 0, 13),
    (AgeGroup.MINOR, 0, 17),
    (AgeGroup.ELDERLY, 60, 999),
    (AgeGroup.YOUNGER_ELDERLY, 60, 69),
    (AgeGroup.VERY_OLD, 80, 999),
)


def age_on(birth_on: date, day: date) -> int:
    """Full years on `day`; who was born on 29 February grows older on 1 March of other years."""
    return day.year - birth_on.year - ((day.month, day.day) < (birth_on.month, birth_on.day))


def age_groups(age: int) -> list[AgeGroup]:
    return [group for group, youngest, oldest in _GROUPS if youngest <= age <= oldest]


OLDEST = 130
"""Nobody has been older (the record is 122)."""


def birth_periods(youngest: int, oldest: int, day: date) -> list[str]:
    """The days on which someone was born who is `youngest` to `oldest` years old on `day`, in as few periods as may be:
    `1946` for a whole year, `1945-06` for a month, `1945-05-30` for a day."""
    first = _on_or_after(day, day.year - min(oldest, OLDEST) - 1) + timedelta(days=1)
    last = _on_or_after(day, day.year - min(youngest, OLDEST))
    periods: list[str] = []
    while first <= last:
        length, following = next(
            (length, following)
            for length, following in (
                (4, date(first.year + 1, 1, 1) if (first.month, first.day) == (1, 1) else first),
                (7, (first.replace(day=28) + timedelta(days=4)).replace(day=1) if first.day == 1 else first),
                (10, first + timedelta(days=1)),
            )
            if first < following <= last + timedelta(days=1)
        )
        periods.append(first.isoformat()[:length])
        first = following
    return periods


def _on_or_after(day: date, year: int) -> date:
    """The last birthday in `year` of somebody who has grown older by `day`: on 28 February also none of the 29th."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
