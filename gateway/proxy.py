"""Passes on what one service can answer alone. Raw ASGI: as a FastAPI route it would be a third as fast."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.limits import address_of
from gateway.routes import PATIENCE, ROUTES, STREAMS, is_public, prefix_of
from shared.auth import authenticate
from shared.http_client import Forwarded

_NOT_PASSED_ON = frozenset(
    {b"cookie", b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}
    | {b"eligibility-attestations"}
)
"""Services have no use for addresses, so they do not get any; attestations come from us alone."""
_OWN_ANSWER_HEADERS = frozenset({b"date", b"server", b"x-request-id", b"ratelimit", b"ratelimit-policy"})
"""The gateway states these itself."""


class PassThrough:
    """Stands before the router: a request for a service is admitted, handed over, and its answer returned as it came.

    What the gateway answers itself, and what nobody answers, goes on to the router. FastAPI's matching would cost every
    passed request more than everything else here together (200 of 460 µs).
    """

    def __init__(self, router: ASGIApp, own: Mapping[str, re.Pattern[str]]) -> None:
        self._router = router
        self._own = own
        """By method: the gateway's own routes below the table's prefixes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or prefix_of(scope["path"]) is None or self._is_own(scope):
            return await self._router(scope, receive, send)
        request = Request(scope, receive)
        limits = await admit(request)
        if scope["path"] in STREAMS and scope["method"] == "GET":
            return await pass_on_stream(request, limits, send)
        try:
            response = await forward(request)
        except ClientDisconnect:
            return
        response.headers.update(limits)
        await response(scope, receive, send)

    def _is_own(self, scope: Scope) -> bool:
        own = self._own.get(scope["method"])
        return own is not None and own.match(scope["path"]) is not None


def own_routes(app: FastAPI) -> dict[str, re.Pattern[str]]:
    """The routes of `app` that stand in for a service's, by method."""
    found: dict[str, list[str]] = {}
    for route in iter_route_contexts(app.routes):
        if route.path is not None and prefix_of(route.path) is not None:
            for method in route.methods or ():
                found.setdefault(method, []).append(re.sub("[?]P<[^>]+>", "?:", compile_path(route.path)[0].pattern))
    return {method: re.compile("|".join(patterns)) for method, patterns in found.items()}


async def admit(request: Request) -> dict[str, str]:
    """Count the call and check who makes it; returns the rate-limit headers. The service checks the token again."""
    limits = request.app.state.limits
    path = request.scope["path"]
    if is_public(path):
        return limits.of_public(request.method, path, address_of(request))
    return limits.of_caller(await authenticate(request))


async def forward(request: Request, added: Iterable[tuple[bytes, bytes]] = ()) -> Response:
    """The answer of the service behind this request's path, asked with the headers `added`.

    Raises UpstreamUnavailable when there is none.
    """
    scope = request.scope
    prefix = prefix_of(scope["path"])
    assert prefix is not None, "only paths of the route table are passed on"
    request.state.route_template = f"{prefix}/*"
    headers = [pair for pair in scope["headers"] if pair[0] not in _NOT_PASSED_ON]
    headers += added
    answer: Forwarded = await request.app.state.upstreams[ROUTES[prefix]].forward(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        headers,
        await request.body(),
        scope["query_string"],
        PATIENCE.get(prefix),
    )
    return as_response(answer)


async def pass_on_stream(request: Request, limits: Mapping[str, str], send: Send) -> None:
    """Hand on an answer that stays open, piece by piece, until either side or this gateway ends it."""
    scope = request.scope
    prefix = prefix_of(scope["path"])
    assert prefix is not None, "only paths of the route table are passed on"
    request.state.route_template = scope["path"]
    headers = [pair for pair in scope["headers"] if pair[0] not in _NOT_PASSED_ON]
    upstream = request.app.state.upstreams[ROUTES[prefix]]
    async with upstream.open(scope["path"], headers, scope["query_string"]) as answer:
        kept = _own_left_out(answer.headers)
        kept += [(name.lower().encode(), value.encode()) for name, value in limits.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": kept})
        ends = [
            asyncio.ensure_future(_hand_on(answer.pieces, send)),
            asyncio.ensure_future(_leaves(request)),
            asyncio.ensure_future(request.app.state.draining.wait()),
        ]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in ends:
                each.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _hand_on(pieces: AsyncIterator[bytes], send: Send) -> None:
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _leaves(request: Request) -> None:
    """Until the caller is gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def as_response(answer: Forwarded) -> Response:
    response = Response(answer.body, answer.status)
    kept = _own_left_out(answer.headers)
    response.raw_headers = kept if any(name == b"content-length" for name, _ in kept) else kept + _length(answer)
    return response


def _own_left_out(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers if name.lower() not in _OWN_ANSWER_HEADERS]


def _length(answer: Forwarded) -> list[tuple[bytes, bytes]]:
    bodiless = answer.status in (204, 304)
    return [] if bodiless else [(b"content-length", str(len(answer.body)).encode())]


def install(app: FastAPI) -> None:
    """Put the pass-through before the router of an application whose own routes are complete."""
    app.router.middleware_stack = PassThrough(app.router.middleware_stack, own_routes(app))
