"""Due work is rows with a due time, swept by one process at a time: nothing in memory that a crash can lose."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import text

from shared.backoff import jittered, pause
from shared.codes import EVERYWHERE
from shared.db import AsyncSession, Database
from shared.failures import describe
from shared.metrics import SWEEP_FAILURES, SWEEP_SECONDS, SWEPT

log = structlog.get_logger()

HOURLY = timedelta(hours=1)

_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('timer:' || :name, 0))")


@dataclass(frozen=True)
class Timer:
    """Runs `sweep` every `every`, in a transaction that sees all communities; the sweep flushes, never commits.

    `sweep` returns how many rows it dealt with; more than none, and it runs again at once, so it should take its due
    rows in batches. It must be right however late it runs.
    """

    name: str
    every: timedelta
    sweep: Callable[[AsyncSession], Awaitable[int]]


async def run_timers(database: Database, timers: Sequence[Timer], stop: asyncio.Event) -> None:
    """Run all timers side by side until `stop`; a sweep that is under way then ends first."""
    async with asyncio.TaskGroup() as group:
        for timer in timers:
            group.create_task(_run(database, timer, stop), name=f"timer {timer.name}")


async def sweep_once(database: Database, timer: Timer) -> int | None:
    """One sweep, or None when another process is sweeping. The lock ends with the transaction, however that ends."""
    async with database.transaction(EVERYWHERE) as session:
        if not (await session.execute(_TRY_LOCK, {"name": timer.name})).scalar_one():
            return None
        return await timer.sweep(session)


async def _run(database: Database, timer: Timer, stop: asyncio.Event) -> None:
    failures = 0
    while not stop.is_set():
        wait, began = timer.every.total_seconds(), time.monotonic()
        try:
            rows = await sweep_once(database, timer)
            failures = 0
            if rows is not None:
                SWEEP_SECONDS.labels(timer.name).observe(time.monotonic() - began)
                SWEPT.labels(timer.name).inc(rows)
            if rows:
                wait = 0.0
        except Exception as error:  # a timer never ends for an error: the next sweep finds the same rows
            SWEEP_FAILURES.labels(timer.name).inc()
            log.warning("timer_failed", timer=timer.name, error=describe(error))
            wait = jittered(failures, most=min(60.0, max(2.0, wait)))
            failures += 1
        await pause(stop, wait)
