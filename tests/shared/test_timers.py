"""A sweep runs in one process at a time, again while there is work, and after every failure."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import text

from shared.codes import EVERYWHERE
from shared.db import AsyncSession
from shared.timers import Timer, run_timers, sweep_once
from tests.toy.pair import COMMUNITY, OTHER_COMMUNITY, Pair, eventually

LONG = timedelta(hours=1)


async def add_rows(pair: Pair, count: int, community: str) -> None:
    async with pair.target.transaction(community) as session:
        await session.execute(
            text("INSERT INTO seen SELECT :community, 'things/' || n, '{}' FROM generate_series(1, :count) n"),
            {"community": community, "count": count},
        )


async def take_ten(session: AsyncSession) -> int:
    rows = await session.execute(
        text(
            "DELETE FROM seen WHERE (community_code, subject) IN (SELECT community_code, subject FROM seen LIMIT 10)"
            " RETURNING subject"
        )
    )
    return len(rows.all())


def timers(*timers: Timer, pair: Pair) -> Callable[[asyncio.Event], Awaitable[None]]:
    return lambda stop: run_timers(pair.target, timers, stop)


async def nothing_left(pair: Pair) -> bool:
    return await pair.seen() == {}


async def test_a_sweep_runs_again_at_once_while_it_finds_rows_of_any_community(pair: Pair) -> None:
    await add_rows(pair, 25, COMMUNITY)
    await add_rows(pair, 20, OTHER_COMMUNITY)
    pair.start(timers(Timer("take", LONG, take_ten), pair=pair))
    await eventually(lambda: nothing_left(pair))


async def test_a_sweep_runs_every_so_often(pair: Pair) -> None:
    pair.start(timers(Timer("take", timedelta(seconds=0.02), take_ten), pair=pair))
    for _ in range(3):
        await add_rows(pair, 5, COMMUNITY)
        await eventually(lambda: nothing_left(pair))


async def test_a_failed_sweep_leaves_nothing_and_is_tried_again(pair: Pair) -> None:
    tries = 0

    async def fail_twice(session: AsyncSession) -> int:
        nonlocal tries
        tries += 1
        taken = await take_ten(session)
        if tries <= 2:
            raise LookupError
        return taken

    await add_rows(pair, 10, COMMUNITY)
    pair.start(timers(Timer("fail", timedelta(seconds=0.05), fail_twice), pair=pair))
    await eventually(lambda: nothing_left(pair))
    assert tries >= 3


async def test_one_process_sweeps_at_a_time(pair: Pair) -> None:
    inside, leave = asyncio.Event(), asyncio.Event()

    async def wait(session: AsyncSession) -> int:
        inside.set()
        await leave.wait()
        return 0

    timer = Timer("alone", LONG, wait)
    first = asyncio.ensure_future(sweep_once(pair.target, timer))
    await asyncio.wait_for(inside.wait(), 10)
    assert await sweep_once(pair.target, timer) is None
    assert await sweep_once(pair.target, Timer("another", LONG, take_ten)) == 0
    leave.set()
    assert await first == 0
    assert await sweep_once(pair.target, timer) == 0


async def test_the_lock_goes_with_a_sweep_that_failed(pair: Pair) -> None:
    async def fail(_: AsyncSession) -> int:
        raise LookupError

    results = await asyncio.gather(sweep_once(pair.target, Timer("same", LONG, fail)), return_exceptions=True)
    assert [type(each) for each in results] == [LookupError]
    assert await sweep_once(pair.target, Timer("same", LONG, take_ten)) == 0


async def test_stopping_lets_a_sweep_end(pair: Pair) -> None:
    inside, leave = asyncio.Event(), asyncio.Event()

    async def wait_and_take(session: AsyncSession) -> int:
        inside.set()
        await leave.wait()
        return await take_ten(session)

    await add_rows(pair, 10, COMMUNITY)
    end = pair.start(timers(Timer("slow", LONG, wait_and_take), pair=pair))
    await asyncio.wait_for(inside.wait(), 10)
    ending = asyncio.ensure_future(end())
    await asyncio.sleep(0)
    leave.set()
    await ending
    async with pair.target.transaction(EVERYWHERE) as session:
        assert (await session.execute(text("SELECT count(*) FROM seen"))).scalar_one() == 0
