"""The toy pair as fixtures: `pair` with empty databases and an empty JetStream.

Its NATS server is not the one of the real applications: they would take its messages, and it wipes their streams.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import nats
import pytest

from shared.migrate import upgrade
from stack import postgres
from stack.topology import OPERATOR, application
from tests.servers import NatsServer, PostgresServer, drop, running_nats
from tests.toy.pair import Pair, running_pair

ToyUrls = Callable[[], Awaitable[tuple[str, str]]]


async def toy_database(server: PostgresServer, service: str) -> str:
    """The application role's URL of a new database with the toy service's tables."""
    this, database = application(service), f"toy_{service}_{secrets.token_hex(4)}"
    password = server.password
    postgres.create_database(
        this, server.as_superuser(), owner_password=password, app_password=password, database=database
    )
    await upgrade(f"tests.toy.{service}", server.url(this.owner_role, database))
    return server.url(this.app_role, database)


async def wipe_jetstream(nats_server: NatsServer) -> None:
    """Delete every stream, as the operator."""
    client = await nats.connect(nats_server.url, user=OPERATOR, password=nats_server.password)
    try:
        jetstream = client.jetstream()
        for stream in await jetstream.streams_info():
            await jetstream.delete_stream(stream.config.name or "")
    finally:
        await client.close()


@pytest.fixture(scope="session")
def toy_nats() -> Iterator[NatsServer]:
    with running_nats() as server:
        yield server


@pytest.fixture
async def pair(postgres_server: PostgresServer, toy_nats: NatsServer) -> AsyncIterator[Pair]:
    urls = [await toy_database(postgres_server, service) for service in ("requests", "dispatch")]
    await wipe_jetstream(toy_nats)
    async with running_pair(*urls, toy_nats.url, toy_nats.password) as both:
        yield both
    for url in urls:
        await drop(postgres_server, url)
