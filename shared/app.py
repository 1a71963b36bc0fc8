"""Assembly: what every service's `create_app` hands over, and the order in which it starts and stops."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from shared import audit, errors, idempotency
from shared.auth import TokenVerifier
from shared.bus import Bus
from shared.concurrency import NotModified
from shared.consumer import Consumer, Handlers
from shared.crypto import Keyring
from shared.db import Database
from shared.health import Health, health_router
from shared.idempotency import Replayed
from shared.inbox import forget_handled
from shared.middleware import install_middleware
from shared.relay import Relay
from shared.sender import sender_from
from shared.settings import CommonSettings, ServiceSettings
from shared.telemetry import Telemetry
from shared.timers import HOURLY, Timer, run_timers

log = structlog.get_logger(__name__)

STOP_SECONDS = 10
"""How long workers may take to finish what they hold before they are cancelled."""


@dataclass(frozen=True)
class Service:
    """One application: its name, its doors, what it listens to and what it does by the clock."""

    name: str
    title: str
    description: str
    routers: Sequence[APIRouter]
    consumers: Mapping[str, Handlers] = field(default_factory=dict)
    """Source service → handlers by event type."""
    timers: Sequence[Timer] = ()
    large_bodies: Mapping[str, int] = field(default_factory=dict)
    """Route templates whose bodies may be larger than 1 MiB, and how many MiB they may have."""
    streams: Sequence[str] = ()
    """Paths whose answers stay open; they end when `app.state.draining` is set."""
    prepare: Callable[[FastAPI], Awaitable[None]] | None = None
    """Runs once before the first request, e.g. to put the service's own keys on `app.state`.

    What it opens is closed at the end through `app.state.closing` (an AsyncExitStack).
    """


def build_app(service: Service, settings: CommonSettings) -> FastAPI:
    """The ASGI application of one service or of the gateway (which has no bus)."""
    telemetry = Telemetry(service.name, settings)
    health = Health()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            app.state.closing = stack
            app.state.draining = asyncio.Event()
            await _open(service, app, health, stack)
            if service.prepare is not None:
                await service.prepare(app)
            workers = _workers(service, app)
            await stack.enter_async_context(_running(workers, health))
            yield

    app = FastAPI(
        title=service.title,
        description=service.description,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        separate_input_output_schemas=False,
    )
    app.state.telemetry = telemetry
    _keep_settings(app, settings)
    errors.install(app)
    app.add_exception_handler(Replayed, _answer_again)
    app.add_exception_handler(NotModified, _answer_not_modified)
    for router in service.routers:
        app.include_router(router)
    app.include_router(health_router(health, telemetry))
    install_middleware(app, settings, telemetry, service.large_bodies, service.streams)
    return app


def _keep_settings(app: FastAPI, settings: CommonSettings) -> None:
    """Put the settings, and what follows from them alone, where requests find it."""
    signing_key = settings.signing_key.get_secret_value()
    app.state.settings = settings
    app.state.signing_key = base64.urlsafe_b64decode(signing_key + "==")
    app.state.keyring = Keyring.of(settings)
    app.state.audit_signer = audit.signer_from(signing_key)
    app.state.sender = sender_from(settings)


async def _open(service: Service, app: FastAPI, health: Health, stack: AsyncExitStack) -> None:
    """Open what the application works with; the stack closes it again."""
    settings: CommonSettings = app.state.settings
    database = Database(settings.database_url, pool_size=settings.database_pool_size, application_name=service.name)
    stack.push_async_callback(database.close)
    stack.push_async_callback(app.state.sender.close)
    app.state.database = database
    health.add("database", database.is_ready)
    if isinstance(settings, ServiceSettings):
        app.state.verifier = TokenVerifier(settings.jwks_url, settings.issuer)
        bus = Bus(settings.nats_url, settings.nats_user, settings.nats_password.get_secret_value(), name=service.name)
        stack.push_async_callback(bus.close)
        app.state.bus = bus
        health.add("bus", bus.is_ready)


def _workers(service: Service, app: FastAPI) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """What runs beside the API in this process, each until its stop event is set."""
    settings, database = app.state.settings, app.state.database
    timers = [Timer("forget_idempotency_keys", HOURLY, idempotency.forget_old), *service.timers]

    async def sweep(stop: asyncio.Event) -> None:
        await run_timers(database, timers, stop)

    if not isinstance(settings, ServiceSettings):
        return [sweep]
    if settings.role == "api":
        return []
    bus = app.state.bus
    timers.append(Timer("forget_handled_events", HOURLY, forget_handled))
    relay = Relay(database, bus, service.name)
    consumers = [
        Consumer(database, bus, service=service.name, source=source, handlers=handlers)
        for source, handlers in service.consumers.items()
    ]

    return [*(consumer.run for consumer in consumers), sweep, relay.run]


@asynccontextmanager
async def _running(
    workers: Sequence[Callable[[asyncio.Event], Awaitable[None]]], health: Health
) -> AsyncIterator[None]:
    """Run the workers; stop consumers and timers first and the relay last, so that it can flush the outbox."""
    stops = [asyncio.Event() for _ in workers]
    tasks = [asyncio.ensure_future(worker(stop)) for worker, stop in zip(workers, stops, strict=True)]
    for task in tasks:
        health.watch(task)
    try:
        yield
    finally:
        health.stopping = True
        for group in (slice(0, -1), slice(-1, None)):
            for stop in stops[group]:
                stop.set()
            if tasks[group]:
                _, late = await asyncio.wait(tasks[group], timeout=STOP_SECONDS / 2)
                for task in late:
                    log.warning("worker_cancelled")
                    task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer_again(_: Request, error: Exception) -> Response:
    assert isinstance(error, Replayed)
    return error.response


async def _answer_not_modified(_: Request, error: Exception) -> Response:
    assert isinstance(error, NotModified)
    return Response(status_code=304, headers={"ETag": error.tag})
