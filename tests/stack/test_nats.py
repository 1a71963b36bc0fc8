"""What one service's NATS user may do, asked of the real server with the shipped configuration."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import nats.errors
import pytest
from nats.aio.client import Client
from nats.js import api

from stack import nats as server
from stack.topology import DISPATCH, OPERATOR, REQUESTS, RESIDENTS
from tests import servers
from tests.servers import NatsServer


@pytest.fixture(scope="module")
def own_server() -> Iterator[NatsServer]:
    with servers.running_nats() as running:
        yield running


@asynccontextmanager
async def connected(running: NatsServer, user: str) -> AsyncIterator[tuple[Client, asyncio.Queue[Exception]]]:
    """A client, and what the server objects to what it does."""
    objections: asyncio.Queue[Exception] = asyncio.Queue()
    client = Client()
    await client.connect(
        running.url,
        user=user,
        password=running.password,
        inbox_prefix=f"_INBOX_{user}".encode(),
        error_cb=objections.put,
        allow_reconnect=False,
    )
    try:
        yield client, objections
    finally:
        await client.close()


async def objection(objections: asyncio.Queue[Exception]) -> str:
    return str(await asyncio.wait_for(objections.get(), 5)).lower()


async def _with_streams(running: NatsServer) -> None:
    for service in (RESIDENTS, REQUESTS, DISPATCH):
        async with connected(running, service.name) as (client, _):
            await client.jetstream().add_stream(name=service.stream, subjects=[service.subjects])


def test_committed_configuration_is_the_generated_one() -> None:
    assert server.CONFIGURATION.read_text() == server.configuration()


async def test_a_service_publishes_its_own_events_and_reads_its_sources(own_server: NatsServer) -> None:
    await _with_streams(own_server)
    async with connected(own_server, "requests") as (client, _):
        await client.jetstream().publish("kaiyuan.requests.150207007005.request_submitted", b"{}")
    async with connected(own_server, "dispatch") as (client, objections):
        jetstream, durable = client.jetstream(), DISPATCH.consumer_of("requests")
        config = api.ConsumerConfig(name=durable, durable_name=durable, ack_policy=api.AckPolicy.EXPLICIT)
        for _ in range(2):  # created, then updated
            await jetstream.add_consumer(REQUESTS.stream, config)
        subscription = await jetstream.pull_subscribe_bind(durable, stream=REQUESTS.stream)
        (message,) = await subscription.fetch(1, timeout=5)
        await message.ack_sync(timeout=5)
        floor = (await subscription.consumer_info()).ack_floor
        assert floor is not None and floor.stream_seq == 1
        assert objections.empty()


@pytest.mark.parametrize("user", ["residents", "requests", "merchants"])
async def test_nobody_publishes_on_anothers_subject(own_server: NatsServer, user: str) -> None:
    async with connected(own_server, user) as (client, objections):
        await client.publish("kaiyuan.dispatch.150207007005.work_order_created", b"{}")
        assert "permissions violation for publish" in await objection(objections)


@pytest.mark.parametrize(
    "subject",
    [
        "$JS.API.STREAM.DELETE.DISPATCH",
        "$JS.API.STREAM.PURGE.DISPATCH",
        "$JS.API.STREAM.MSG.GET.REQUESTS",
        "$JS.API.STREAM.CREATE.REQUESTS",
        "$JS.API.CONSUMER.DELETE.REQUESTS.dispatch__requests",
        "$JS.API.CONSUMER.CREATE.REQUESTS.residents__requests",
        "$JS.API.CONSUMER.MSG.NEXT.REQUESTS.residents__requests",
        "$JS.API.CONSUMER.CREATE.MERCHANTS.dispatch__merchants",
        "$JS.API.CONSUMER.CREATE.DISPATCH.dispatch__dispatch",
        "$JS.ACK.REQUESTS.residents__requests.1.1.1.1.1",
    ],
)
async def test_dispatch_is_refused(own_server: NatsServer, subject: str) -> None:
    async with connected(own_server, "dispatch") as (client, objections):
        await client.publish(subject, b"{}")
        assert "permissions violation for publish" in await objection(objections)


@pytest.mark.parametrize("subject", ["kaiyuan.>", "kaiyuan.dispatch.>", "_INBOX.>", "_INBOX_residents.>", ">"])
async def test_dispatch_hears_nothing_but_its_inbox(own_server: NatsServer, subject: str) -> None:
    async with connected(own_server, "dispatch") as (client, objections):
        await client.subscribe(subject)
        assert "permissions violation for subscription" in await objection(objections)


async def test_the_operator_inspects_and_purges(own_server: NatsServer) -> None:
    await _with_streams(own_server)
    async with connected(own_server, OPERATOR) as (client, _):
        assert await client.jetstream().purge_stream(REQUESTS.stream)
        assert (await client.jetstream().stream_info(REQUESTS.stream)).state.messages == 0


async def test_a_wrong_password_is_refused(own_server: NatsServer) -> None:
    client = Client()
    with pytest.raises(nats.errors.Error):
        await client.connect(
            own_server.url, user="dispatch", password="wrong", allow_reconnect=False, max_reconnect_attempts=0
        )
    await client.close()
