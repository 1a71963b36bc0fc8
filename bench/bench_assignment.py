"""How work is given out: our rules beside "always the owner", in one simulation of a month.

Twelve grids, three rows of four, a worker each. Demand is skewed (the busiest grid gets ten times what the quietest
gets), and each worker is away for some days. Both policies see the same requests, absences and service times; a request
waits from when it comes until its worker begins on it. Everybody works around the clock here, so hours are hours.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bench.result import Result
from services.dispatch.policies.schemas import DEFAULT_RULES
from services.dispatch.work_orders.assignment import Candidate, Task, choose
from shared.geo import LonLat

GRIDS, DAYS, SEED = 12, 30, 365
CAPS = (3, 4, 20)
"""Open orders that a worker may hold: a low cap shortens waits, a high one keeps work in its own grid."""
PER_DAY = 50
"""Requests of the whole community; twelve workers who are away four days in thirty can do 62."""
SERVICE_HOURS = 4.0
"""Mean; exponentially distributed."""
ABSENT_DAYS = 4
START = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class Worker:
    number: int
    absences: list[tuple[float, float]]
    free_at: float = 0.0
    open_until: list[float] = field(default_factory=list)
    """When each order they hold will be done, as a heap."""
    last_at: float = -1.0

    def is_absent(self, at: float) -> bool:
        return any(begin <= at < end for begin, end in self.absences)

    def load(self, at: float) -> int:
        while self.open_until and self.open_until[0] <= at:
            heapq.heappop(self.open_until)
        return len(self.open_until)

    def take(self, at: float, hours: float) -> float:
        """Do an order after those held already; the hours that it waits."""
        begin = max(at, self.free_at)
        for away, back in self.absences:
            if away <= begin < back:
                begin = back
        self.free_at = begin + hours
        self.last_at = at
        heapq.heappush(self.open_until, self.free_at)
        return begin - at


@dataclass(frozen=True)
class Outcome:
    own_grid_share: float
    mean_wait_hours: float


Policy = Callable[[list[Worker], int, float], Worker]


def place(grid: int) -> LonLat:
    """Centres some 340 m apart."""
    return 109.97 + grid % 4 * 0.004, 40.62 + grid // 4 * 0.003


def always_the_owner(workers: list[Worker], grid: int, at: float) -> Worker:
    return workers[grid]


def by_the_rules(cap: int) -> Policy:
    """Our rules for workers who may each hold `cap` open orders; when all are full, the owner takes it on top."""
    return lambda workers, grid, at: _chosen(workers, grid, at, cap)


def _chosen(workers: list[Worker], grid: int, at: float, cap: int) -> Worker:
    candidates = [
        Candidate(
            id=UUID(int=worker.number),
            generalist=True,
            skills=frozenset(),
            capacity=cap,
            load=worker.load(at),
            absent=worker.is_absent(at),
            place=place(worker.number),
            last_assigned_at=START + timedelta(hours=worker.last_at),
        )
        for worker in workers
    ]
    task = Task(own_worker_id=UUID(int=grid), place=place(grid))
    chosen = choose(task, candidates, metres_per_order=DEFAULT_RULES.metres_per_order).chosen
    return workers[chosen.int if chosen is not None else grid]


def simulate(policy: Policy, seed: int = SEED) -> Outcome:
    """The month under one policy; the same seed gives the same month."""
    chance = random.Random(seed)
    workers = []
    for number in range(GRIDS):
        away = chance.uniform(0, (DAYS - ABSENT_DAYS) * 24)
        workers.append(Worker(number, [(away, away + ABSENT_DAYS * 24)]))
    demand = [1 + 9 * ((grid * 5) % GRIDS) / (GRIDS - 1) for grid in range(GRIDS)]
    at, own, waits = 0.0, 0, []
    while (at := at + chance.expovariate(PER_DAY / 24)) < DAYS * 24:
        grid = chance.choices(range(GRIDS), demand)[0]
        worker = policy(workers, grid, at)
        own += worker.number == grid
        waits.append(worker.take(at, chance.expovariate(1 / SERVICE_HOURS)))
    return Outcome(own / len(waits), sum(waits) / len(waits))


async def run() -> list[Result]:
    owners = simulate(always_the_owner)
    results = []
    for cap in CAPS:
        ours = simulate(by_the_rules(cap))
        name = f"mean wait, cap {cap}: {ours.own_grid_share:.0%} of work in its own grid"
        results.append(Result(name, ours.mean_wait_hours, "h", "always the owner", owners.mean_wait_hours))
    return results
