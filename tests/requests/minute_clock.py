"""The clocks of a request, minute by minute: nothing but counting, to check the arithmetic of deadlines against.

Every minute of the story is looked at in turn. A minute counts for a clock if it is worked and the clock runs; when the
minutes that counted reach a share of what was promised, the share is told. It knows no dates to come, adds nothing up
ahead and takes nothing back.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from shared.clock import CHINA

MINUTE = timedelta(minutes=1)
SHARES = (50, 80, 100)

OFF_2026 = {
    date(2026, month, day)
    for month, first, last in ((1, 1, 3), (2, 15, 23), (4, 4, 6), (5, 1, 5), (6, 19, 21), (9, 25, 27), (10, 1, 7))
    for day in range(first, last + 1)
}
MAKE_UP_2026 = {date(2026, *day) for day in ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10))}
"""The arrangement of 2026: General Office of the State Council, 4 November 2025."""

Spells = tuple[tuple[time, time], ...]


@dataclass(frozen=True)
class Office:
    """When it is open: the usual spells, days of the week with their own, and single days with theirs."""

    usual: Spells = ((time(9), time(12)), (time(13, 30), time(17, 30)))
    weekdays: dict[int, Spells] = field(default_factory=dict)
    days: dict[date, Spells] = field(default_factory=dict)

    def is_open(self, minute: datetime) -> bool:
        local = minute.astimezone(CHINA)
        return any(
            opens <= local.time() and (closes == time(0) or local.time() < closes)
            for opens, closes in self._spells(local.date())
        )

    def _spells(self, day: date) -> Spells:
        if day in self.days:
            return self.days[day]
        if day in MAKE_UP_2026:
            return self.usual
        if day in OFF_2026:
            return ()
        if day.isoweekday() in self.weekdays:
            return self.weekdays[day.isoweekday()]
        return self.usual if day.isoweekday() <= 5 else ()


def always_open(_minute: datetime) -> bool:
    return True


@dataclass
class Counter:
    """One deadline: how many of its minutes have counted."""

    promised: int
    counted: int = 0
    told: int = 0
    running: bool = False
    met: bool = False


@dataclass
class MinuteClock:
    """A request's clocks. `happens` says what is done to it; `run_until` lets the minutes pass."""

    is_open: Callable[[datetime], bool]
    accept: int
    respond: int
    resolve: int
    reopened: int
    now: datetime
    told: list[tuple[str, int, datetime]] = field(default_factory=list)
    waiting: bool = False
    open: bool = True
    mediated: bool = False
    """A mediation's term stands in place of the promise: the minutes that were left of it wait."""

    def __post_init__(self) -> None:
        self.counters = {
            "accept": Counter(self.accept, running=True),
            "first_response": Counter(self.respond, running=True),
            "resolution": Counter(self.resolve),
        }

    def run_until(self, moment: datetime) -> None:
        while self.now < moment:
            worked = self.is_open(self.now)
            self.now += MINUTE
            if worked and self.open and not self.waiting:
                self._count()

    def _count(self) -> None:
        """One more minute. Accepted or not, the minutes to accept go on: they say from when the resolution's run."""
        should_be_accepted = self.counters["accept"].counted >= self.accept
        for name, counter in self.counters.items():
            if name == "resolution" and should_be_accepted:
                counter.running = True
            if counter.running and not (name == "resolution" and self.mediated):
                counter.counted += 1
            self._tell(name, counter)

    def _tell(self, name: str, counter: Counter) -> None:
        reached = [share for share in SHARES if counter.counted * 100 >= counter.promised * share]
        if counter.running and not counter.met and reached and reached[-1] > counter.told:
            counter.told = reached[-1]
            self.told.append((name, counter.told, self.now))

    def happens(self, what: str) -> None:
        match what:
            case "accept":
                self.counters["accept"].met = True
            case "dispatch":
                self.counters["accept"].met = True
                self.counters["resolution"].running = True
            case "respond":
                self.counters["first_response"].met = True
            case "mediate":
                self.counters["accept"].met = self.counters["first_response"].met = True
                self.counters["resolution"].running = self.mediated = True
                self.waiting = False
            case "give up":
                self.mediated = False
            case "wait":
                self.counters["first_response"].met = True
                self.waiting = True
            case "answer":
                self.waiting = False
            case "resolve":
                self.waiting = self.open = False
                self.counters["first_response"].met = True
            case "reopen":
                self.open, self.mediated = True, False
                self.counters["resolution"] = Counter(self.reopened, running=True)
            case _:
                """A hand-back, a transfer, a new policy, a note: no clock hears of it."""


def shares(told: Iterable[tuple[str, int, datetime]]) -> list[tuple[str, int, datetime]]:
    """In an order that both sides agree on: by time, then by deadline."""
    return sorted(told, key=lambda each: (each[2], each[0]))
