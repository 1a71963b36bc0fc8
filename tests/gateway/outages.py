"""Services that are away, stop while they are in use, refuse, or never answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.http_client import Upstream
from tests.apps import serving
from tests.gateway.conftest import NOBODY, Town


@asynccontextmanager
async def reached_at(town: Town, url: str, *names: str) -> AsyncIterator[None]:
    """The gateway finds these services at `url` meanwhile."""
    upstreams = town.gateway.state.upstreams
    before = {name: upstreams[name] for name in names}
    upstreams.update({name: Upstream(name, url) for name in names})
    try:
        yield
    finally:
        for name in names:
            await upstreams[name].close()
        upstreams.update(before)


@asynccontextmanager
async def away(town: Town, *names: str) -> AsyncIterator[None]:
    """Nothing listens where these services should be."""
    async with reached_at(town, NOBODY, *names):
        yield


class Hung:
    """How many requests waited for an answer at the same time."""

    waiting = most = 0


@asynccontextmanager
async def hanging(town: Town, *names: str) -> AsyncIterator[Hung]:
    """These services take every request and answer none."""
    hung = Hung()

    async def wait(request: Request) -> Response:
        hung.waiting += 1
        hung.most = max(hung.most, hung.waiting)
        while (await request.receive())["type"] != "http.disconnect":
            pass
        hung.waiting -= 1
        return Response(status_code=204)

    app = Starlette(routes=[Route("/{path:path}", wait, methods=["GET", "POST"])])
    async with serving(app) as url, reached_at(town, url, *names):  # type: ignore[arg-type]
        yield hung


@asynccontextmanager
async def refusing(town: Town, status: int, *names: str) -> AsyncIterator[None]:
    """These services answer everything with a problem."""

    async def refuse(_: Request) -> Response:
        return JSONResponse({"code": "refused", "status": status}, status, media_type="application/problem+json")

    app = Starlette(routes=[Route("/{path:path}", refuse, methods=["GET", "POST"])])
    async with serving(app) as url, reached_at(town, url, *names):  # type: ignore[arg-type]
        yield
