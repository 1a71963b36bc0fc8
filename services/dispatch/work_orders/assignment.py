"""Who should be asked: a pure function of the task and of everybody who could be.

Hard filters first (present, skilled, no conflict of interest, below their cap). Of those who pass, the grid's own
worker; else the lowest `load × metres per order + distance`, the least recently assigned on a tie. Whoever handed the
task back is asked again only when nobody else passes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.geo import LonLat, distance_m

UNKNOWN_DISTANCE_M = 1_000
"""Half the width of a community: somebody whose place is unknown is neither near nor far."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Ruling(StrEnum):
    """What became of one candidate, and why."""

    CHOSEN = "chosen"
    OUTRANKED = "outranked"
    ALREADY_ASKED = "already_asked"
    OFF_DUTY = "off_duty"
    ABSENT = "absent"
    LACKS_SKILL = "lacks_skill"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    AT_CAPACITY = "at_capacity"
    HANDED_BACK = "handed_back"


@dataclass(frozen=True, slots=True)
class Task:
    """What must be done, as far as it decides who is asked."""

    own_worker_id: UUID | None = None
    """The worker of the task's grid."""
    place: LonLat | None = None
    skills: frozenset[str] = frozenset()
    """What is needed; nothing stands for everyday work, which generalists do."""
    person_id: UUID | None = None
    household_id: UUID | None = None
    """Of the requester."""
    asked: frozenset[UUID] = frozenset()
    """Who holds the task already."""
    handed_back: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    id: UUID
    generalist: bool
    skills: frozenset[str]
    capacity: int
    load: int
    """How many open orders they hold."""
    on_duty: bool = True
    absent: bool = False
    place: LonLat | None = None
    last_assigned_at: datetime | None = None
    person_id: UUID | None = None
    household_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the explanation."""

    responder_id: UUID
    ruling: Ruling
    load: int
    distance_m: int
    score_m: int

    def stored(self) -> dict[str, Any]:
        return {
            "responder_id": str(self.responder_id),
            "ruling": self.ruling.value,
            "load": self.load,
            "distance_m": self.distance_m,
            "score_m": self.score_m,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    chosen: UUID | None
    verdicts: tuple[Verdict, ...]
    """Of everybody who was considered, by responder."""


def choose(task: Task, candidates: Iterable[Candidate], *, metres_per_order: int) -> Decision:
    """Decide who is asked; the same input gives the same answer in whatever order candidates come."""
    everybody = sorted(candidates, key=lambda candidate: candidate.id)
    rulings = {each.id: rule_out(task, each) for each in everybody}
    passing = [each for each in everybody if rulings[each.id] is None]
    if not passing:
        passing = [each for each in everybody if rulings[each.id] is Ruling.HANDED_BACK]
    chosen = min(passing, key=lambda each: _rank(task, each, metres_per_order), default=None)
    verdicts = []
    for each in everybody:
        ruling = Ruling.CHOSEN if each is chosen else rulings[each.id] or Ruling.OUTRANKED
        distance = _distance(task, each)
        verdicts.append(Verdict(each.id, ruling, each.load, distance, each.load * metres_per_order + distance))
    return Decision(chosen.id if chosen else None, tuple(verdicts))


def rule_out(task: Task, candidate: Candidate) -> Ruling | None:
    """The first hard filter that the candidate fails; None if they may be asked."""
    failed = (
        (Ruling.ALREADY_ASKED, candidate.id in task.asked),
        (Ruling.ABSENT, candidate.absent),
        (Ruling.OFF_DUTY, not candidate.on_duty),
        (Ruling.LACKS_SKILL, not (task.skills <= candidate.skills if task.skills else candidate.generalist)),
        (Ruling.CONFLICT_OF_INTEREST, has_conflict(task, candidate.person_id, candidate.household_id)),
        (Ruling.AT_CAPACITY, candidate.load >= candidate.capacity),
        (Ruling.HANDED_BACK, candidate.id in task.handed_back),
    )
    return next((ruling for ruling, fails in failed if fails), None)


def has_conflict(task: Task, person_id: UUID | None, household_id: UUID | None) -> bool:
    """Nobody decides their own household's matter."""
    return (person_id is not None and person_id == task.person_id) or (
        household_id is not None and household_id == task.household_id
    )


def _rank(task: Task, candidate: Candidate, metres_per_order: int) -> tuple[bool, int, datetime, UUID]:
    """Lower is better."""
    return (
        candidate.id != task.own_worker_id,
        candidate.load * metres_per_order + _distance(task, candidate),
        candidate.last_assigned_at or _LONG_AGO,
        candidate.id,
    )


def _distance(task: Task, candidate: Candidate) -> int:
    """Whole metres."""
    if task.place is None or candidate.place is None:
        return UNKNOWN_DISTANCE_M
    return round(distance_m(task.place, candidate.place))
