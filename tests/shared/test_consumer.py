"""A consumer handles each event once, keeps what it cannot handle, and ends without leaving anything half done."""

import asyncio
import json
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError
from prometheus_client import REGISTRY
from sqlalchemy import text

from shared import bus, consumer, outbox, replay
from shared.bus import PullSubscription
from shared.codes import EVERYWHERE
from shared.consumer import Handler, subject_of
from shared.db import AsyncSession
from shared.envelope import Envelope
from shared.ids import new_id
from shared.inbox import NOWHERE
from shared.relay import Relay
from shared.telemetry import current_traceparent
from tests.toy.pair import COMMUNITY, OTHER_COMMUNITY, Happened, HappenedOtherwise, Pair, eventually, see

SOON = {"retry_seconds": (0.02,)}


def failing(times: int, then: Handler = see) -> tuple[Handler, Counter[UUID]]:
    """A handler that fails so often for each event, after having written."""
    tries: Counter[UUID] = Counter()

    async def handle(session: AsyncSession, event: Envelope) -> None:
        await then(session, event)
        tries[event.id] += 1
        if tries[event.id] <= times:
            raise LookupError("张三 138 0000 0000")

    return handle, tries


def consumed(outcome: str) -> float:
    return (
        REGISTRY.get_sample_value(
            "kaiyuan_events_consumed_total", {"consumer": "dispatch__requests", "outcome": outcome}
        )
        or 0.0
    )


async def publish_raw(pair: Pair, subject: str, payload: bytes, message_id: str = "") -> None:
    jetstream = await pair.source_bus.jetstream()
    headers = {api.Header.MSG_ID.value: message_id or str(new_id())}
    await jetstream.publish(subject, payload, stream="REQUESTS", headers=headers)


async def acknowledged(pair: Pair) -> bool:
    """Whether JetStream has nothing left for the consumer, neither new nor unacknowledged."""
    info = await (await pair.target_bus.jetstream()).consumer_info("REQUESTS", "dispatch__requests")
    return info.num_pending == 0 and info.num_ack_pending == 0


async def inbox_rows(pair: Pair) -> int:
    async with pair.target.transaction(EVERYWHERE) as session:
        return (await session.execute(text("SELECT count(*) FROM inbox"))).scalar_one()


async def test_a_consumer_waits_for_the_stream_of_a_service_that_has_not_started(pair: Pair) -> None:
    pair.start_consumer()
    await pair.publish("things/a", range(1, 3))
    pair.start_relay()
    await eventually(lambda: sees(pair, {"things/a": [1, 2]}))


async def test_an_event_that_comes_twice_is_handled_once(pair: Pair) -> None:
    await pair.source_bus.declare_stream("requests")
    event = envelope()
    before = consumed("duplicate")
    for delivery in range(3):
        await publish_raw(pair, event.wire_subject, event.model_dump_json().encode(), f"{event.id}/{delivery}")
    pair.start_consumer()

    async def all_settled() -> bool:
        return consumed("duplicate") == before + 2

    await eventually(all_settled)
    await eventually(lambda: acknowledged(pair))
    assert await pair.seen() == {"things/a": [1]}
    assert await inbox_rows(pair) == 1


async def test_two_consumers_of_one_name_share_the_work(pair: Pair) -> None:
    for number in range(40):
        await pair.publish(f"things/{number}", range(1, 6))
    pair.start_relay()
    pair.start_consumer()
    pair.start_consumer()
    await eventually(lambda: sees_all(pair, {f"things/{number}": {1, 2, 3, 4, 5} for number in range(40)}))
    assert all(len(versions) == 5 for versions in (await pair.seen()).values())


async def test_an_event_that_comes_by_the_request_of_an_earlier_fetch_is_handled_at_once(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request may outlive its fetch; what it brings does not wait for the end of the present one."""
    bind, asked = JetStreamContext.pull_subscribe_bind, asyncio.Event()

    async def has_requests(count: int) -> bool:
        info = await (await pair.target_bus.jetstream()).consumer_info("REQUESTS", "dispatch__requests")
        return info.num_waiting == count

    async def bind_and_ask(self: JetStreamContext, *args: Any, **options: Any) -> PullSubscription:
        subscription = await bind(self, *args, **options)
        asking = asyncio.ensure_future(subscription.fetch(1, timeout=60))
        await eventually(lambda: has_requests(1))
        asking.cancel()
        asked.set()
        return subscription

    monkeypatch.setattr(JetStreamContext, "pull_subscribe_bind", bind_and_ask)
    monkeypatch.setattr(consumer, "FETCH_SECONDS", 60.0)
    monkeypatch.setattr(bus, "ACK_WAIT_SECONDS", 60.0)
    pair.start_relay()
    pair.start_consumer()
    await asked.wait()
    await eventually(lambda: has_requests(2))
    await pair.publish("things/a", range(1, 2))
    await eventually(lambda: sees_all(pair, {"things/a": {1}}))


async def test_aggregates_are_handled_side_by_side_and_each_in_order(pair: Pair) -> None:
    at_once, most = 0, 0

    async def slow(session: AsyncSession, event: Envelope) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await session.execute(text("SELECT pg_sleep(0.005)"))
        await see(session, event)
        at_once -= 1

    async with pair.source.transaction(COMMUNITY) as session:
        for version in range(1, 16):
            for name in "abcdefghij":
                await outbox.add(
                    session,
                    Happened(number=version),
                    community_code=COMMUNITY,
                    subject=f"things/{name}",
                    version=version,
                )
    pair.start_relay()
    pair.start_consumer(slow, concurrency=4)
    await eventually(lambda: sees(pair, {f"things/{name}": list(range(1, 16)) for name in "abcdefghij"}))
    assert 1 < most <= 4


async def test_a_failed_handler_leaves_nothing_and_is_tried_again(pair: Pair) -> None:
    handler, tries = failing(times=3)
    await pair.publish("things/a", range(1, 2))
    pair.start_relay()
    pair.start_consumer(handler, **SOON)
    await eventually(lambda: sees(pair, {"things/a": [1]}))
    assert list(tries.values()) == [4]
    assert await replay.list_dead_letters(pair.target) == []


async def test_what_fails_to_the_end_becomes_a_dead_letter_without_data_and_can_be_replayed(pair: Pair) -> None:
    handler, tries = failing(times=4)
    before = consumed("dead")
    await pair.publish("things/a", range(1, 2))
    await pair.publish("things/b", range(1, 2), community=OTHER_COMMUNITY)
    pair.start_relay()
    pair.start_consumer(handler, max_deliver=3, **SOON)

    async def two_are_dead() -> bool:
        return len(await replay.list_dead_letters(pair.target)) == 2 and await acknowledged(pair)

    await eventually(two_are_dead)
    assert set(tries.values()) == {3}
    assert consumed("dead") == before + 2
    assert await pair.seen() == {}
    letter = (await replay.list_dead_letters(pair.target, consumer="dispatch__requests"))[0]
    assert (letter.attempts, letter.type, letter.replayed_at) == (3, "requests.happened.v1", None)
    assert letter.community_code == letter.envelope["community"]
    assert letter.error.startswith("LookupError at test_consumer.py:")
    assert "张三" not in letter.error

    handlers = {"dispatch__requests": {Happened.type: handler}}
    with pytest.raises(LookupError):
        await replay.replay_dead_letter(pair.target, letter.id, handlers)
    assert (await replay.get_dead_letter(pair.target, letter.id)).attempts == 4
    assert await replay.replay_dead_letter(pair.target, letter.id, handlers) is True
    assert await replay.replay_dead_letter(pair.target, letter.id, handlers) is False
    assert await pair.seen() == {letter.subject: [1]}
    assert [each.id for each in await replay.list_dead_letters(pair.target)] != [letter.id]
    assert len(await replay.list_dead_letters(pair.target, include_replayed=True)) == 2


async def test_a_dead_letter_of_nothing_known_is_not_replayed(pair: Pair) -> None:
    with pytest.raises(replay.NoSuchDeadLetter):
        await replay.replay_dead_letter(pair.target, new_id(), {})


@pytest.mark.parametrize(
    ("subject", "payload", "community"),
    [
        ("kaiyuan.requests.150299001001.happened", b"\x00\xff no json", COMMUNITY),
        ("kaiyuan.requests.150299001001.happened", b'{"id":"1"}', COMMUNITY),
        ("kaiyuan.requests.nowhere.happened", b"[]", NOWHERE),
        ("kaiyuan.requests.150299001002.happened", None, OTHER_COMMUNITY),
    ],
    ids=["not json", "not an event", "no community", "another community's event"],
)
async def test_an_unreadable_message_is_dead_at_once(
    pair: Pair, subject: str, payload: bytes | None, community: str
) -> None:
    await pair.source_bus.declare_stream("requests")
    await publish_raw(pair, subject, payload if payload is not None else envelope().model_dump_json().encode())
    pair.start_consumer()

    async def is_dead() -> bool:
        return bool(await replay.list_dead_letters(pair.target)) and await acknowledged(pair)

    await eventually(is_dead)
    (letter,) = await replay.list_dead_letters(pair.target)
    assert (letter.community_code, letter.event_id, letter.attempts) == (community, None, 1)
    assert await inbox_rows(pair) == 0
    with pytest.raises(replay.NotReplayable):
        await replay.replay_dead_letter(pair.target, letter.id, {"dispatch__requests": {Happened.type: see}})


async def test_a_newer_version_is_passed_over(pair: Pair) -> None:
    before = consumed("ignored")
    async with pair.source.transaction(COMMUNITY) as session:
        await outbox.add(session, HappenedOtherwise(number=1), community_code=COMMUNITY, subject="things/a")
    await pair.publish("things/a", range(2, 3))
    pair.start_relay()
    pair.start_consumer()
    await eventually(lambda: sees(pair, {"things/a": [2]}))
    await eventually(lambda: acknowledged(pair))
    assert consumed("ignored") == before + 1


async def test_a_changed_set_of_handlers_changes_the_consumer(pair: Pair) -> None:
    await pair.source_bus.declare_stream("requests")
    end = pair.start(pair.consumer({"requests.renamed.v1": see}).run)

    async def filters(expected: list[str]) -> bool:
        try:
            info = await (await pair.target_bus.jetstream()).consumer_info("REQUESTS", "dispatch__requests")
        except NotFoundError:
            return False
        found = info.config.filter_subjects or [info.config.filter_subject]
        return found == expected

    await eventually(lambda: filters([subject_of("requests.renamed.v1")]))
    await end()
    pair.start(pair.consumer({"requests.renamed.v1": see, Happened.type: see}).run)
    await eventually(lambda: filters(sorted([subject_of("requests.renamed.v1"), subject_of(Happened.type)])))
    await pair.publish("things/a", range(1, 2))
    pair.start_relay()
    await eventually(lambda: sees(pair, {"things/a": [1]}))


async def test_handlers_see_the_events_community_only(pair: Pair) -> None:
    visible: dict[str, int] = {}

    async def look(session: AsyncSession, event: Envelope) -> None:
        await see(session, event)
        visible[event.subject] = (await session.execute(text("SELECT count(*) FROM seen"))).scalar_one()

    await pair.publish("things/a", range(1, 2))
    await pair.publish("things/b", range(1, 2), community=OTHER_COMMUNITY)
    pair.start_relay()
    pair.start_consumer(look)
    await eventually(lambda: sees(pair, {"things/a": [1], "things/b": [1]}))
    assert visible == {"things/a": 1, "things/b": 1}


async def test_a_handler_may_not_write_into_another_community(pair: Pair) -> None:
    async def stray(session: AsyncSession, event: Envelope) -> None:
        await see(session, event.model_copy(update={"community": OTHER_COMMUNITY}))

    await pair.publish("things/a", range(1, 2))
    pair.start_relay()
    pair.start_consumer(stray, max_deliver=1)

    async def is_dead() -> bool:
        return [each.error.split(" at ")[0] for each in await replay.list_dead_letters(pair.target)] == [
            "ProgrammingError 42501"
        ]

    await eventually(is_dead)
    assert await pair.seen() == {}


async def test_stopping_finishes_what_was_begun_and_begins_nothing_more(pair: Pair) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(session: AsyncSession, event: Envelope) -> None:
        begun.set()
        await go_on.wait()
        await see(session, event)

    await pair.publish("things/a", range(1, 2))
    pair.start_relay()
    end = pair.start_consumer(slow)
    await asyncio.wait_for(begun.wait(), 10)
    ending = asyncio.ensure_future(end())
    await asyncio.sleep(0)
    await pair.publish("things/b", range(1, 2))
    go_on.set()
    await ending
    assert await pair.seen() == {"things/a": [1]}
    pair.start_consumer()
    await eventually(lambda: sees(pair, {"things/a": [1], "things/b": [1]}))


async def test_a_slow_handlers_event_is_not_delivered_again_meanwhile(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "ACK_WAIT_SECONDS", 0.6)
    monkeypatch.setattr(consumer, "ACK_WAIT_SECONDS", 0.6)
    before = consumed("duplicate")

    async def slow(session: AsyncSession, event: Envelope) -> None:
        await session.execute(text("SELECT pg_sleep(1.5)"))
        await see(session, event)

    await pair.publish("things/a", range(1, 2))
    pair.start_relay()
    pair.start_consumer(slow)
    await eventually(lambda: sees(pair, {"things/a": [1]}))
    await eventually(lambda: acknowledged(pair))
    info = await (await pair.target_bus.jetstream()).consumer_info("REQUESTS", "dispatch__requests")
    assert info.config.ack_wait == 0.6
    assert info.delivered is not None
    assert info.delivered.consumer_seq == 1
    assert consumed("duplicate") == before


async def test_the_trace_goes_on_in_the_handler(pair: Pair) -> None:
    traces: list[str | None] = []

    async def note(session: AsyncSession, event: Envelope) -> None:
        traces.append(current_traceparent())
        await see(session, event)

    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    row = outbox.row(Happened(number=1), community_code=COMMUNITY, subject="things/a", version=1)
    async with pair.source.transaction(COMMUNITY) as session:
        await outbox.add_many(session, [row | {"traceparent": parent}])
    assert await Relay(pair.source, pair.source_bus, "requests").flush()
    pair.start_consumer(note)
    await eventually(lambda: sees(pair, {"things/a": [1]}))
    assert [trace and trace.split("-")[1] for trace in traces] == [parent.split("-")[1]]


async def test_a_consumer_without_handlers_is_a_mistake(pair: Pair) -> None:
    with pytest.raises(ValueError, match="no handler"):
        pair.consumer({})


def envelope(version: int = 1) -> Envelope:
    return Envelope.model_validate(
        {
            "id": new_id(),
            "source": "/requests",
            "type": Happened.type,
            "subject": "things/a",
            "time": "2026-11-22T08:00:00Z",
            "community": COMMUNITY,
            "aggregateversion": version,
            "data": json.loads(Happened(number=version).model_dump_json()),
        }
    )


async def sees(pair: Pair, expected: dict[str, list[int]]) -> bool:
    return await pair.seen() == expected


async def sees_all(pair: Pair, expected: dict[str, set[int]]) -> bool:
    return {subject: set(versions) for subject, versions in (await pair.seen()).items()} == expected
