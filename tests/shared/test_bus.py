"""The connection is kept whatever happens to the server, and says truly what JetStream stored."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import nats
import pytest
from nats.js import api

from shared.bus import DUPLICATE_WINDOW, STREAM_AGE, Bus, ConnectionLost, Outgoing, Refused
from shared.ids import new_id
from stack.processes import free_port
from stack.topology import OPERATOR
from tests.faults.killable import Killable, killable_nats
from tests.servers import NatsServer
from tests.toy.fixtures import wipe_jetstream
from tests.toy.pair import eventually

SUBJECT = "kaiyuan.requests.150299001001.happened"


@pytest.fixture
async def bus(toy_nats: NatsServer) -> AsyncIterator[Bus]:
    await wipe_jetstream(toy_nats)
    made = Bus(toy_nats.url, "requests", toy_nats.password, name="test")
    yield made
    await made.close()


@pytest.fixture
def mortal() -> Iterator[tuple[Killable, str, str]]:
    with killable_nats() as three:
        yield three


async def is_connected(bus: Bus) -> bool:
    return bus.is_connected


async def is_closed(bus: Bus) -> bool:
    return not await bus.is_ready()


def message(payload: bytes = b"{}", subject: str = SUBJECT, message_id: str = "") -> Outgoing:
    return Outgoing(subject, payload, message_id or str(new_id()))


async def test_connects_by_itself_when_asked_whether_it_is_ready(bus: Bus) -> None:
    assert await bus.is_ready() is False
    await eventually(bus.is_ready)


async def test_a_stream_is_kept_as_declared(bus: Bus, toy_nats: NatsServer) -> None:
    await bus.declare_stream("requests")
    operator = await nats.connect(toy_nats.url, user=OPERATOR, password=toy_nats.password)
    try:
        jetstream = operator.jetstream()
        config = (await jetstream.stream_info("REQUESTS")).config
        await jetstream.update_stream(config.evolve(max_age=3600.0, description="changed by hand"))
        await bus.declare_stream("requests")
        found = (await jetstream.stream_info("REQUESTS")).config
    finally:
        await operator.close()
    assert found.subjects == ["kaiyuan.requests.>"]
    assert found.max_age == STREAM_AGE.total_seconds()
    assert found.duplicate_window == DUPLICATE_WINDOW.total_seconds()
    assert (found.storage, found.retention) == (api.StorageType.FILE, api.RetentionPolicy.LIMITS)
    assert found.description is None


async def test_publish_tells_for_each_message_what_became_of_it(bus: Bus) -> None:
    await bus.declare_stream("requests")
    twice = message(message_id="twice")
    outcomes = await bus.publish(
        "requests", [twice, message(b"x" * 1_100_000), message(subject="kaiyuan. .x"), twice, message()]
    )
    assert [type(each) for each in outcomes] == [type(None), Refused, Refused, type(None), type(None)]
    assert (await (await bus.jetstream()).stream_info("REQUESTS")).state.messages == 2


async def test_publish_into_no_stream_is_no_success(bus: Bus) -> None:
    await bus.jetstream()
    outcomes = await bus.publish("requests", [message(), message()])
    assert len(outcomes) == 2
    assert all(isinstance(each, Exception) and not isinstance(each, Refused) for each in outcomes)


async def test_publish_without_a_connection_fails_at_once() -> None:
    bus = Bus(f"nats://127.0.0.1:{free_port()}", "requests", "secret", name="test")
    async with asyncio.timeout(1):
        outcomes = await bus.publish("requests", [message()])
        assert [type(each) for each in outcomes] == [ConnectionLost]
        assert not await bus.is_ready()
    async with asyncio.timeout(5):
        await bus.close()


async def test_connects_to_a_server_that_starts_later(mortal: tuple[Killable, str, str]) -> None:
    server, url, password = mortal
    server.kill()
    bus = Bus(url, "requests", password, name="test")
    waiting = asyncio.ensure_future(bus.declare_stream("requests"))
    assert not await bus.is_ready()
    await server.restart()
    await asyncio.wait_for(waiting, 10)
    assert await bus.is_ready()
    await bus.close()


async def test_what_was_in_flight_when_the_server_died_is_not_taken_for_stored(
    mortal: tuple[Killable, str, str],
) -> None:
    server, url, password = mortal
    bus = Bus(url, "requests", password, name="test")
    await bus.declare_stream("requests")
    messages = [message() for _ in range(2000)]
    publishing = asyncio.ensure_future(bus.publish("requests", messages))
    await asyncio.sleep(0)
    server.kill()
    outcomes = await publishing
    await server.restart()
    await eventually(lambda: is_connected(bus))
    stored = (await (await bus.jetstream()).stream_info("REQUESTS")).state.messages
    assert stored >= outcomes.count(None)
    again = [each for each, outcome in zip(messages, outcomes, strict=True) if outcome is not None]
    assert await bus.publish("requests", again) == [None] * len(again)
    assert (await (await bus.jetstream()).stream_info("REQUESTS")).state.messages == 2000
    await bus.close()


async def test_a_closed_connection_is_not_ready_and_is_made_again(
    mortal: tuple[Killable, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, url, password = mortal
    bus = Bus(url, "requests", password, name="test")
    await bus.jetstream()
    client = bus._client
    assert client is not None
    monkeypatch.setattr(bus, "connect", lambda: None)
    await client._process_err("'maximum connections exceeded'")
    await eventually(lambda: is_closed(bus))
    monkeypatch.undo()
    await eventually(bus.is_ready)
    await bus.declare_stream("requests")
    assert bus._client is not client
    await bus.close()
