"""Service applications in the test's own process, started once per worker with all their workers and real servers.

    dispatch = await client_of("dispatch", role="staff", area=community)
    response = await dispatch.post("/v1/grids", json={…})

`app_of` gives the running application (its database, its keyring), `url_of` a real socket for those who need one.
"""

import asyncio
import importlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from typing import Any, Protocol

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from shared.bus import Bus
from stack.topology import application
from tests.principals import ISSUER, bearer, jwks_url
from tests.servers import NatsServer

START_SECONDS = 30

SettingsEnvironment = Callable[[str], Awaitable[dict[str, str]]]
AppOf = Callable[[str], Awaitable[FastAPI]]
UrlOf = Callable[[str], Awaitable[str]]


class ClientOf(Protocol):
    """What the fixture `client_of` gives."""

    async def __call__(self, service: str, *, role: str | None = None, **claims: Any) -> httpx.AsyncClient: ...


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[FastAPI]:
    """The application between start-up and shutdown, both in one task of their own as its lifespan requires."""
    started, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.router.lifespan_context(app):
            started.set()
            await stop.wait()

    life = asyncio.ensure_future(live())
    waiting = asyncio.ensure_future(started.wait())
    await asyncio.wait((life, waiting), timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not started.is_set():
        life.cancel()
        await life
    try:
        yield app
    finally:
        stop.set()
        await life


class _Server(uvicorn.Server):
    """Leaves signals to pytest, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    def capture_signals(self) -> Any:
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@asynccontextmanager
async def serving(app: FastAPI, port: int = 0) -> AsyncIterator[str]:
    """The base URL of a running application on a free port of 127.0.0.1, or on `port`."""
    server = _Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_config=None, access_log=False)
    )
    listener = server.config.bind_socket()
    task = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.wait_for(server.listening.wait(), START_SECONDS)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


def client_for(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    """A client of an application in this process. Exceptions become answers, as on a socket."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers, timeout=30)


@pytest.fixture(scope="session")
async def app_of(settings_values: SettingsEnvironment, nats_server: NatsServer) -> AsyncIterator[AppOf]:
    """`await app_of("dispatch")`: that service, running on this worker's database and NATS."""
    found: dict[str, FastAPI] = {}
    lock = asyncio.Lock()
    async with AsyncExitStack() as stack:

        async def start(service: str) -> FastAPI:
            async with lock:
                if service not in found:
                    await declare_sources(service, nats_server)
                    app = await create(service, settings_values)
                    found[service] = await stack.enter_async_context(running(app))
                return found[service]

        yield start


def bus_of(service: str, server: NatsServer) -> Bus:
    """A connection with the rights of `service`, e.g. to say what it would say."""
    return Bus(server.url, service, server.password, name=f"{service}-test")


async def declare_sources(service: str, server: NatsServer) -> None:
    """Make the streams that `service` reads, so that its consumers need not wait for applications nobody started."""
    for source in application(service).reads:
        bus = bus_of(source, server)
        try:
            await bus.declare_stream(source)
        finally:
            await bus.close()


async def create(service: str, settings_values: SettingsEnvironment, **overrides: Any) -> FastAPI:
    """The application of `service`, not started yet."""
    package = importlib.import_module(application(service).package + ".main")
    values = await settings_values(service) | {"issuer": ISSUER, "jwks_url": jwks_url()} | overrides
    return package.create_app(package.Settings(**values))


@pytest.fixture(scope="session")
async def client_of(app_of: AppOf) -> AsyncIterator[ClientOf]:
    """`await client_of("dispatch", role="staff", area=community)`: a client with that caller's token, or without."""
    async with AsyncExitStack() as stack:

        async def client(service: str, *, role: str | None = None, **claims: Any) -> httpx.AsyncClient:
            headers = bearer(role, **claims) if role else {}
            return await stack.enter_async_context(client_for(await app_of(service), **headers))

        yield client


@pytest.fixture(scope="session")
async def url_of(app_of: AppOf) -> AsyncIterator[UrlOf]:
    """`await url_of("dispatch")`: the same application on a real socket."""
    found: dict[str, str] = {}
    async with AsyncExitStack() as stack:

        async def url(service: str) -> str:
            if service not in found:
                found[service] = await stack.enter_async_context(serving(await app_of(service)))
            return found[service]

        yield url
