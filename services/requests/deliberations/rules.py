"""When a meeting may decide, and what it has decided. Whole numbers only: no vote is lost to rounding."""

from dataclasses import dataclass
from enum import StrEnum


class Quorum(StrEnum):
    """How many of the voting members must be there (法定人数); stated when the meeting is called."""

    HALF = "half"
    MAJORITY = "majority"
    """More than half (过半数)."""
    TWO_THIRDS = "two_thirds"
    ALL = "all"


class Majority(StrEnum):
    """What carries a motion."""

    MAJORITY = "majority"
    """More than half of the votes cast are for it; who abstains has voted."""
    TWO_THIRDS = "two_thirds"
    """At least two thirds of the votes cast are."""
    OWNERS = "owners"
    """Civil Code (民法典), art. 278, para. 2: owners with two thirds of the exclusive floor area and two thirds of
    their number take part; more than half of either among who took part are for it."""
    OWNERS_SPECIAL = "owners_special"
    """The same for raising maintenance funds, rebuilding, or another use of common parts (items 6 to 8): three quarters
    of either among who took part."""


class Outcome(StrEnum):
    CARRIED = "carried"
    FAILED = "failed"
    TOO_FEW = "too_few"
    """Fewer owners took part than the law asks for: nothing is decided."""


OWNERS_RULES = frozenset({Majority.OWNERS, Majority.OWNERS_SPECIAL})
_TAKE_PART = (2, 3)


def is_quorate(quorum: Quorum, *, present: int, members: int) -> bool:
    """Whether `present` of `members` voting members may decide. A meeting without voting members never may."""
    if members == 0:
        return False
    match quorum:
        case Quorum.HALF:
            return 2 * present >= members
        case Quorum.MAJORITY:
            return 2 * present > members
        case Quorum.TWO_THIRDS:
            return 3 * present >= 2 * members
        case Quorum.ALL:
            return present >= members


@dataclass(frozen=True, slots=True)
class Tally:
    """Votes by their number, or by the floor area of those who cast them."""

    in_favour: int = 0
    against: int = 0
    abstained: int = 0

    @property
    def cast(self) -> int:
        return self.in_favour + self.against + self.abstained

    def exceeds_half(self) -> bool:
        return 2 * self.in_favour > self.cast

    def reaches(self, part: int, of: int) -> bool:
        """Whether at least `part`/`of` of what was cast is in favour, and something was cast."""
        return self.cast > 0 and of * self.in_favour >= part * self.cast


def outcome(majority: Majority, heads: Tally, area: Tally, *, electorate: int = 0, electorate_area: int = 0) -> Outcome:
    """What these votes decide. `electorate` and its area count all owners concerned, there or not."""
    if majority not in OWNERS_RULES:
        carried = heads.exceeds_half() if majority is Majority.MAJORITY else heads.reaches(2, 3)
        return Outcome.CARRIED if carried else Outcome.FAILED
    part, of = _TAKE_PART
    if of * heads.cast < part * electorate or of * area.cast < part * electorate_area:
        return Outcome.TOO_FEW
    if majority is Majority.OWNERS:
        carried = heads.exceeds_half() and area.exceeds_half()
    else:
        carried = heads.reaches(3, 4) and area.reaches(3, 4)
    return Outcome.CARRIED if carried else Outcome.FAILED
