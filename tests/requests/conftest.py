from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from fastapi import FastAPI

from stack.topology import REQUESTS
from tests import servers
from tests.apps import create, running
from tests.requests.world import World, found
from tests.servers import PostgresServer


@pytest.fixture(scope="session")
async def quiet_urls(postgres_server: PostgresServer, worker: str) -> tuple[str, str]:
    """(Application role's URL, owner's URL) of a database that no application with timers works on.

    Those of other tests sweep all communities of the database that they share, also with travelled time.
    """
    return await servers.clone(postgres_server, REQUESTS, f"requests_quiet_{worker}")


@pytest.fixture(scope="session")
async def api(
    settings_values: Callable[[str], Awaitable[dict[str, str]]], quiet_urls: tuple[str, str]
) -> AsyncIterator[FastAPI]:
    """The service without its workers: nothing happens but what a test does."""
    app = await create("requests", settings_values, role="api", database_url=quiet_urls[0])
    async with running(app):
        yield app


@pytest.fixture
async def world(api: FastAPI) -> World:
    return await found(api)
