"""Small applications for measurements of the kit alone."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from shared import errors
from shared.http_client import Upstream
from shared.middleware import install_middleware
from shared.settings import CommonSettings
from shared.telemetry import Telemetry

BODY = b'{"items":[' + b",".join(b'{"id":"01a2081974327051a0e3398fff6a6ce8","state":"open"}' for _ in range(20)) + b"]}"
UPSTREAM_VARIABLE = "BENCH_UPSTREAM"


def bare():
    """The least an ASGI server can be asked to do: a fixed answer of 1 KiB."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": BODY})

    return app


def plain() -> FastAPI:
    """A FastAPI route with the same answer and nothing around it."""
    app = FastAPI(openapi_url=None)

    @app.get("/v1/items/{id}")
    async def show(id: str) -> Response:
        return Response(BODY, media_type="application/json")

    return app


def wrapped() -> FastAPI:
    """The same with everything the kit puts around a route."""
    app = plain()
    errors.install(app)
    install_middleware(app, settings(), Telemetry("bench", settings()))
    return app


def passing() -> FastAPI:
    """The kit's pass-through: middleware, then `Upstream.forward`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.upstream = Upstream("bench", os.environ[UPSTREAM_VARIABLE])
        yield
        await app.state.upstream.close()

    app = FastAPI(openapi_url=None, lifespan=lifespan)

    async def forward(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        answer = await app.state.upstream.forward(
            scope["method"], scope["raw_path"].decode(), scope["headers"], body, scope["query_string"]
        )
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    app.mount("/v1", forward)

    errors.install(app)
    install_middleware(app, settings(), Telemetry("bench", settings()))
    return app


def settings() -> CommonSettings:
    """Settings of an application that needs neither keys nor a database."""
    unused = dict.fromkeys(("database_url", "issuer", "key_encryption_keys", "index_key", "signing_key"), "unused")
    return CommonSettings(**unused, log_level="WARNING")  # pyright: ignore[reportArgumentType]
