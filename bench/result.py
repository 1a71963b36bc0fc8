"""What a benchmark reports, and how to take the time of one thing fairly."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Result:
    """A measured value beside its limit: the same work without what we add, measured in the same run.

    `unit` is a duration (`µs`, `ms`, `s`: less is better) or a rate (`/s`: more is better). `aim` is the share of the
    limit that the design asks for, if it asks for one.
    """

    name: str
    value: float
    unit: str
    limit_name: str
    limit_value: float
    aim: float | None = None

    @property
    def share(self) -> float:
        """How much of the limit is reached: 1 is the limit itself, whatever the unit."""
        return self.value / self.limit_value if self.unit.endswith("/s") else self.limit_value / self.value

    @property
    def is_met(self) -> bool:
        return self.aim is None or self.share >= self.aim


def microseconds(*functions: Callable[[], object], seconds: float = 0.2) -> list[float]:
    """Time of one call of each function, in µs. They take turns, so that a busy machine is unfair to all alike."""
    counts = [_calls_in(function, seconds / 4) for function in functions]
    rounds = [
        [_time(function, count) for function, count in zip(functions, counts, strict=True)] for _ in range(ROUNDS)
    ]
    return [min(times) * 1e6 for times in zip(*rounds, strict=True)]


def _time(function: Callable[[], object], count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        function()
    return (time.perf_counter() - started) / count


def _calls_in(function: Callable[[], object], seconds: float) -> int:
    function()
    return max(1, int(seconds / max(_time(function, 3), 1e-8)))


async def rates(*calls: Callable[[], Awaitable[object]], concurrency: int = 16, seconds: float = 1.0) -> list[float]:
    """Calls a second of each, by `concurrency` callers at once; the median of rounds in which they take turns."""
    for call in calls:
        await _rate(call, concurrency, 0.2)  # connections, caches
    rounds = [[await _rate(call, concurrency, seconds) for call in calls] for _ in range(ROUNDS)]
    return [statistics.median(each) for each in zip(*rounds, strict=True)]


async def _rate(call: Callable[[], Awaitable[object]], concurrency: int, seconds: float) -> float:
    done = 0
    started = time.perf_counter()
    end = started + seconds

    async def repeat() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await call()
            done += 1

    await asyncio.gather(*(repeat() for _ in range(concurrency)))
    return done / (time.perf_counter() - started)
