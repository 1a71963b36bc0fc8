"""Passes on what one service can answer alone. Raw ASGI: as a FastAPI route it would be a third as fast."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from gateway.limits import address_of
from gateway.routes import ROUTES, is_public, prefix_of
from shared.auth import authenticate
from shared.errors import NotFound, Problem, both
from shared.http_client import Forwarded

_NOT_PASSED_ON = frozenset(
    {b"cookie", b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}
    | {b"eligibility-attestations"}
)
"""Services have no use for addresses, so they do not get any; attestations come from us alone."""
_OWN_ANSWER_HEADERS = frozenset({b"date", b"server", b"x-request-id", b"ratelimit", b"ratelimit-policy"})
"""The gateway states these itself."""


class MethodNotAllowed(Problem):
    status = 405
    code = "method-not-allowed"
    title = both("不支持这种请求方法", "This method is not supported here")

    def __init__(self, allowed: Iterable[str]) -> None:
        listed = ", ".join(sorted(allowed))
        super().__init__(both(f"可用: {listed}。", f"Use one of: {listed}."), headers={"Allow": listed})


class PassThrough:
    """Admits a request, hands it to the service that the route table names, and returns the answer as it came."""

    def __init__(self, own_routes: list[BaseRoute]) -> None:
        self._own_routes = own_routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Behind a mount, root_path holds what was matched; the path itself is still whole.
        request = Request(scope, receive)
        if prefix_of(scope["path"]) is None:
            raise self._unknown(scope)
        limits = await admit(request)
        try:
            response = await forward(request)
        except ClientDisconnect:
            return
        response.headers.update(limits)
        await response(scope, receive, send)

    def _unknown(self, scope: Scope) -> Problem:
        """A route of the gateway's own that has other methods, or nothing at all."""
        outer = {**scope, "root_path": scope.get("app_root_path", "")}
        methods: set[str] = set()
        for route in self._own_routes:
            match, child = route.matches(outer)
            if match is Match.PARTIAL:
                methods |= _methods(route, child)
        return MethodNotAllowed(methods) if methods else NotFound()


def _methods(route: Any, child: Any) -> set[str]:
    found = getattr(route, "methods", None) or getattr(child.get("route"), "methods", None)
    return set(found or {"GET", "POST"})


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
        scope["method"], scope["raw_path"].decode("latin-1"), headers, await request.body(), scope["query_string"]
    )
    return as_response(answer)


def as_response(answer: Forwarded) -> Response:
    response = Response(answer.body, answer.status)
    kept = [(name.lower(), value) for name, value in answer.headers if name.lower() not in _OWN_ANSWER_HEADERS]
    response.raw_headers = kept if any(name == b"content-length" for name, _ in kept) else kept + _length(answer)
    return response


def _length(answer: Forwarded) -> list[tuple[bytes, bytes]]:
    bodiless = answer.status in (204, 304)
    return [] if bodiless else [(b"content-length", str(len(answer.body)).encode())]


def install(app: FastAPI) -> None:
    """Pass on below `/v1` whatever no route of the gateway itself answers."""
    app.mount("/v1", PassThrough(app.router.routes))
