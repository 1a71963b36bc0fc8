"""Waits grow, differ, end at a stop, and leave nothing running."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from shared.backoff import jittered, pause, unless_stopped


@given(st.integers(0, 10_000), st.floats(0.01, 1), st.floats(1, 60))
def test_a_wait_stays_within_its_bounds(failures: int, first: float, most: float) -> None:
    ceiling = most if failures > 20 else min(most, first * 2**failures)
    assert ceiling / 2 <= jittered(failures, first=first, most=most) <= ceiling


def test_two_waits_differ() -> None:
    assert len({jittered(3) for _ in range(20)}) > 1


async def test_a_pause_ends_by_itself_or_with_the_stop() -> None:
    stop = asyncio.Event()
    assert await pause(stop, 0.001) is False
    waiting = asyncio.ensure_future(pause(stop, 3600))
    await asyncio.sleep(0)
    stop.set()
    assert await asyncio.wait_for(waiting, 1) is True


async def test_work_is_cancelled_by_the_stop_and_its_result_is_not_lost() -> None:
    stop, cancelled = asyncio.Event(), asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def answer() -> int:
        return 42

    assert await unless_stopped(stop, answer()) == 42
    waiting = asyncio.ensure_future(unless_stopped(stop, endless()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stop.set()
    assert await asyncio.wait_for(waiting, 1) is None
    assert cancelled.is_set()
