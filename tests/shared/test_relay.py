"""The relay publishes what was committed: all of it, in order for each aggregate, through one leader."""

import asyncio
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from shared import outbox
from shared.codes import EVERYWHERE
from shared.relay import Relay, waves
from tests.toy.pair import COMMUNITY, OTHER_COMMUNITY, Happened, Pair, eventually


async def stored(pair: Pair) -> int:
    """How many messages the stream holds, as its owner sees it."""
    return (await (await pair.source_bus.jetstream()).stream_info("REQUESTS")).state.messages


async def test_publishes_what_was_committed_and_nothing_else(pair: Pair) -> None:
    pair.start_relay()
    try:
        async with pair.source.transaction(COMMUNITY) as session:
            await outbox.add(session, Happened(number=1), community_code=COMMUNITY, subject="things/lost")
            raise LookupError
    except LookupError:
        await pair.publish("things/a", range(1, 6))
    pair.start_consumer()
    await eventually(lambda: all_seen(pair, {"things/a": [1, 2, 3, 4, 5]}))
    assert await pair.unpublished() == 0
    assert await stored(pair) == 5


async def test_two_relays_have_one_leader_and_the_second_takes_over(pair: Pair) -> None:
    end_first = pair.start_relay()
    await pair.publish("things/a", range(1, 4))
    await eventually(lambda: none_left(pair))
    pair.start_relay()
    await pair.publish("things/a", range(4, 7))
    await eventually(lambda: none_left(pair))
    await end_first()
    await pair.publish("things/a", range(7, 10))
    pair.start_consumer()
    await eventually(lambda: all_seen(pair, {"things/a": list(range(1, 10))}))
    assert await stored(pair) == 9


async def test_a_leader_that_loses_its_connection_is_followed(pair: Pair) -> None:
    pair.start_relay()
    pair.start_consumer()
    await pair.publish("things/a", range(1, 4))
    await eventually(lambda: none_left(pair))
    async with pair.source.transaction(EVERYWHERE) as session:
        killed = await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'requests-relay'"
                " AND datname = current_database()"
            )
        )
        assert killed.scalars().all() == [True]
    await pair.publish("things/a", range(4, 7))
    await eventually(lambda: all_seen(pair, {"things/a": [1, 2, 3, 4, 5, 6]}))
    assert await stored(pair) == 6


async def test_flush_publishes_without_running(pair: Pair) -> None:
    await pair.publish("things/a", range(1, 500))
    assert await Relay(pair.source, pair.source_bus, "requests").flush()
    assert await pair.unpublished() == 0
    assert await stored(pair) == 499


async def test_stopping_publishes_what_is_left(pair: Pair) -> None:
    end = pair.start_relay()
    await pair.publish("things/a", range(1, 2))
    await eventually(lambda: none_left(pair))
    await asyncio.gather(pair.publish("things/b", range(1, 300)), pair.publish("things/c", range(1, 300)))
    await end()
    assert await pair.unpublished() == 0


async def test_an_event_that_jetstream_refuses_holds_back_its_aggregate_only(pair: Pair) -> None:
    async with pair.source.transaction(COMMUNITY) as session:
        too_large = {"number": 1, "padding": "x" * 1_100_000}
        row = outbox.row(Happened(number=1), community_code=COMMUNITY, subject="things/large", version=1)
        await outbox.add_many(session, [row | {"data": too_large}])
        odd = outbox.row(Happened(number=1), community_code=COMMUNITY, subject="things/odd", version=1)
        await outbox.add_many(session, [odd | {"type": "no type at all"}])
    await pair.publish("things/large", range(2, 3))
    await pair.publish("things/small", range(1, 4))
    pair.start_relay()
    pair.start_consumer()
    await eventually(lambda: all_seen(pair, {"things/small": [1, 2, 3]}))
    assert await pair.unpublished() == 3


async def test_old_published_rows_go_and_others_stay(pair: Pair) -> None:
    await pair.publish("things/a", range(1, 4))
    assert await Relay(pair.source, pair.source_bus, "requests").flush()
    await pair.publish("things/b", range(1, 2))
    async with pair.source.transaction(EVERYWHERE) as session:
        old = text("UPDATE outbox SET published_at = now() - cast(:age AS interval) WHERE version = :version")
        await session.execute(old, {"age": outbox.RETENTION + timedelta(hours=1), "version": 2})
        await session.execute(old, {"age": outbox.RETENTION - timedelta(hours=1), "version": 3})
    pair.start_relay()

    async def purged() -> bool:
        async with pair.source.transaction(EVERYWHERE) as session:
            rows = await session.execute(text("SELECT subject, version FROM outbox ORDER BY id"))
            return [tuple(row) for row in rows] == [("things/a", 1), ("things/a", 3), ("things/b", 1)]

    await eventually(purged)


async def test_communities_share_a_relay(pair: Pair) -> None:
    await pair.publish("things/a", range(1, 3))
    await pair.publish("things/b", range(1, 3), community=OTHER_COMMUNITY)
    pair.start_relay()
    pair.start_consumer()
    await eventually(lambda: all_seen(pair, {"things/a": [1, 2], "things/b": [1, 2]}))


@given(st.lists(st.tuples(st.sampled_from(["110101001001", "110101001002"]), st.sampled_from("abc"))))
def test_waves_keep_the_order_of_each_aggregate_and_lose_nothing(aggregates: list[tuple[str, str]]) -> None:
    rows = [{"community_code": code, "subject": name, "id": place} for place, (code, name) in enumerate(aggregates)]
    result = waves(rows)
    sent = [row for wave in result for row in wave]
    assert sorted(row["id"] for row in sent) == list(range(len(rows)))
    for wave in result:
        keys = [(row["community_code"], row["subject"]) for row in wave]
        assert len(keys) == len(set(keys))
    for aggregate in set(aggregates):
        of_it = [row["id"] for row in sent if (row["community_code"], row["subject"]) == aggregate]
        assert of_it == sorted(of_it)


async def none_left(pair: Pair) -> bool:
    return await pair.unpublished() == 0


async def all_seen(pair: Pair, expected: dict[str, list[int]]) -> bool:
    return await pair.seen() == expected
