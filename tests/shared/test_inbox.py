"""Handled once, forgotten when no replay reaches it any more, and a failure kept once however often it is written."""

import asyncio
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from shared import inbox
from shared.codes import EVERYWHERE
from shared.db import AsyncSession
from shared.ids import new_id
from shared.outbox import RETENTION as OUTBOX_RETENTION
from shared.replay import get_dead_letter, list_dead_letters
from shared.timers import Timer, sweep_once
from tests.toy.pair import COMMUNITY, OTHER_COMMUNITY, Pair


async def claim(session: AsyncSession, event_id: UUID, consumer: str = "dispatch__requests") -> bool:
    return await inbox.claim(session, community_code=COMMUNITY, consumer=consumer, event_id=event_id)


async def test_one_of_two_at_once_handles_an_event(pair: Pair) -> None:
    event_id, first_may_commit, first_has_claimed = new_id(), asyncio.Event(), asyncio.Event()

    async def first() -> bool:
        async with pair.target.transaction(COMMUNITY) as session:
            claimed = await claim(session, event_id)
            first_has_claimed.set()
            await first_may_commit.wait()
            return claimed

    async def second() -> bool:
        await first_has_claimed.wait()
        async with pair.target.transaction(COMMUNITY) as session:
            asyncio.get_running_loop().call_soon(first_may_commit.set)
            return await claim(session, event_id)

    assert await asyncio.gather(first(), second()) == [True, False]


async def test_a_rolled_back_claim_is_none(pair: Pair) -> None:
    event_id = new_id()
    try:
        async with pair.target.transaction(COMMUNITY) as session:
            assert await claim(session, event_id)
            raise LookupError
    except LookupError:
        async with pair.target.transaction(COMMUNITY) as session:
            assert await claim(session, event_id)


async def test_consumers_claim_independently(pair: Pair) -> None:
    event_id = new_id()
    async with pair.target.transaction(COMMUNITY) as session:
        assert await claim(session, event_id)
        assert await claim(session, event_id, "dispatch__residents")


async def test_what_was_handled_is_remembered_longer_than_it_can_be_replayed(pair: Pair) -> None:
    remembered, forgotten = new_id(), new_id()
    async with pair.target.transaction(COMMUNITY) as session:
        assert await claim(session, remembered)
        assert await claim(session, forgotten)
        age = text("UPDATE inbox SET handled_at = now() - cast(:age AS interval) WHERE event_id = :id")
        await session.execute(age, {"age": inbox.RETENTION + timedelta(minutes=1), "id": forgotten})
        await session.execute(age, {"age": OUTBOX_RETENTION + timedelta(days=1), "id": remembered})
    timer = Timer("forget", timedelta(hours=1), inbox.forget_handled)
    assert await sweep_once(pair.target, timer) == 1
    assert await sweep_once(pair.target, timer) == 0
    async with pair.target.transaction(EVERYWHERE) as session:
        assert (await session.execute(text("SELECT event_id FROM inbox"))).scalars().all() == [remembered]


async def test_the_same_failure_is_one_dead_letter_and_opens_again(pair: Pair) -> None:
    event_id = new_id()

    async def bury(attempts: int) -> UUID:
        async with pair.target.transaction(OTHER_COMMUNITY) as session:
            return await inbox.bury(
                session,
                community_code=OTHER_COMMUNITY,
                consumer="dispatch__requests",
                event_id=event_id,
                type="requests.happened.v1",
                subject="things/a",
                envelope={"id": str(event_id)},
                error="LookupError",
                attempts=attempts,
            )

    letter_id = await bury(8)
    async with pair.target.transaction(EVERYWHERE) as session:
        await session.execute(text("UPDATE dead_letter SET replayed_at = now()"))
    assert await list_dead_letters(pair.target) == []
    assert await bury(9) == letter_id
    assert [each.attempts for each in await list_dead_letters(pair.target)] == [9]
    assert (await get_dead_letter(pair.target, letter_id)).community_code == OTHER_COMMUNITY
