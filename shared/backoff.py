"""Waiting between attempts: longer each time, never in step with others, and cut short by a stop."""

import asyncio
import random
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


def jittered(failures: int, *, first: float = 0.1, most: float = 2.0) -> float:
    """Seconds before the next attempt after `failures` in a row: doubles up to `most`, of which half is random."""
    ceiling = min(most, first * 2 ** min(failures, 30))
    return ceiling * random.uniform(0.5, 1.0)


async def pause(stop: asyncio.Event, seconds: float) -> bool:
    """Wait `seconds` or until `stop` is set; whether it was."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
    return stop.is_set()


async def unless_stopped(stop: asyncio.Event, work: Coroutine[object, object, T]) -> T | None:
    """What `work` returns, or None when `stop` was set first; the work is then cancelled."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        stopped.cancel()
        task.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)
