"""Ages in full years (周岁), and the groups that follow from them."""

from datetime import date
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
    """`1946` for every year, `1945-05` for every month of the first and last year, in which someone may be born who is
    `youngest` to `oldest` years old on `day`. To the month, not to the day."""
    first = (day.year - min(oldest, OLDEST) - 1) * 12 + day.month - 1
    last = (day.year - min(youngest, OLDEST)) * 12 + day.month - 1
    whole = range(-(-first // 12), (last + 1) // 12)
    months = [month for month in range(first, last + 1) if month // 12 not in whole]
    return [f"{year:04d}" for year in whole] + [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months]
