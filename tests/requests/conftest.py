from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from fastapi import FastAPI

from tests.apps import create, running
from tests.requests.world import World, found


@pytest.fixture(scope="session")
async def api(settings_values: Callable[[str], Awaitable[dict[str, str]]]) -> AsyncIterator[FastAPI]:
    """The service without its workers: nothing happens but what a test does."""
    async with running(await create("requests", settings_values, role="api")) as app:
        yield app


@pytest.fixture
async def world(api: FastAPI) -> World:
    return await found(api)
