"""What surrounds every request. Pure ASGI only: one `BaseHTTPMiddleware` costs 120 µs a request, all of these some 40.

From the outside in: `RequestId`, `Observed`, `SecurityHeaders`, `Recovered`, `Overload`, `BodyLimit`, the application.
What one of them refuses therefore still has an id, is logged and counted, and carries the headers.
"""

import re
import time
from collections.abc import Iterable, Mapping

import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Overloaded, Problem, both, problem_of, render
from shared.ids import new_id
from shared.logs import request_id
from shared.settings import CommonSettings
from shared.telemetry import Telemetry, end_server_span, start_server_span

log = structlog.get_logger(__name__)

MIB = 1024 * 1024
BODY_LIMIT = 1 * MIB
PROBES = ("/health/live", "/health/ready", "/metrics")
"""Answered even under overload, and not worth a log line each."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class TooLarge(Problem):
    status = 413
    code = "body-too-large"
    title = both("提交的内容太大", "The body is too large")

    def __init__(self, limit: int) -> None:
        size = f"{limit // MIB} MiB"
        super().__init__(
            both(f"最多 {size}, 请缩小或分次提交。", f"At most {size}. Make it smaller or send it in parts."),
            headers={"Connection": "close"},
        )


def install_middleware(
    app: FastAPI,
    settings: CommonSettings,
    telemetry: Telemetry,
    large_bodies: Mapping[str, int] | None = None,
    streams: Iterable[str] = (),
) -> None:
    """Wrap `app`. `large_bodies` are route templates (`/v1/people/{id}/photo`) that may take more, and how many MiB;
    `streams` are paths whose answers stay open."""
    # Each addition goes around those before it.
    app.add_middleware(BodyLimit, large_bodies=large_bodies or {})
    app.add_middleware(Overload, limit=settings.max_requests_in_flight, free=streams)
    app.add_middleware(Recovered)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observed, telemetry=telemetry)
    app.add_middleware(RequestId)


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first value of a request header; `name` in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return value
    return None


def route_of(scope: Scope) -> str:
    """The template of the route that answered, e.g. `/v1/people/{id}`; `unmatched` when there was none.

    A pass-through route may name the true one in `request.state.route_template`.
    """
    named = scope.get("state", {}).get("route_template")
    return named or getattr(scope.get("route"), "path", None) or "unmatched"


async def refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a problem document, in the language that the request prefers."""
    accept_language = header(scope, b"accept-language")
    response = render(problem, accept_language.decode("latin-1") if accept_language else None)
    await response(scope, receive, send)


class RequestId:
    """Gives every request an id, the caller's own `X-Request-Id` if it is a plain one, and tells it in the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = header(scope, b"x-request-id")
        current = given if given is not None and _REQUEST_ID.fullmatch(given) else new_id().hex.encode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", current)]
            await send(message)

        token = request_id.set(current.decode())
        try:
            await self.app(scope, receive, send_with_id)
        finally:
            request_id.reset(token)


class Observed:
    """One span, one log line and one count for each request: method, route template, status and time, nothing sent."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self.app = app
        self.telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        traceparent = header(scope, b"traceparent")
        entered = start_server_span(method, traceparent.decode("latin-1") if traceparent else None)
        self.telemetry.in_flight.inc()
        started = time.perf_counter()
        try:
            await self.app(scope, receive, send_and_note)
        finally:
            self.telemetry.in_flight.dec()
            self._tell(scope, method, status or 499, time.perf_counter() - started)
            end_server_span(entered, method, route_of(scope), status or 499)

    def _tell(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        """Status 499 stands for a caller who left before there was an answer."""
        route = route_of(scope)
        self.telemetry.observe_request(method, route, status, seconds)
        if route not in PROBES:
            log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


class SecurityHeaders:
    """Headers for answers that are data, not pages. A route that serves a page sets its own and they stay."""

    DEFAULTS = (
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"no-referrer"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"cache-control", b"no-store"),
    )
    HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        defaults = (*self.DEFAULTS, self.HTTPS_ONLY) if scope.get("scheme") == "https" else self.DEFAULTS

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message.get("headers", ())}
                missing = (default for default in defaults if default[0] not in present)
                message["headers"] = [*message.get("headers", ()), *missing]
            await send(message)

        await self.app(scope, receive, send_with_headers)


class Recovered:
    """Answers what nobody else handled, so that even a failure is a problem document with an id and is logged once."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception as error:
            problem = problem_of(error)
            if problem.status >= 500:
                log.error("request_failed", exc_info=error)
            if started:
                raise  # the server can only break the connection off now
            await refuse(problem, scope, receive, send)


class Overload:
    """Answers 503 at once when `limit` requests are in flight: shedding is cheap, a growing queue is not.

    Probes and streams are `free`: a stream mostly waits, and whoever opens it counts those that are open.
    """

    def __init__(self, app: ASGIApp, limit: int, free: Iterable[str] = ()) -> None:
        self.app = app
        self.limit = limit
        self.free = frozenset((*PROBES, *free))
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self.free:
            return await self.app(scope, receive, send)
        if self.in_flight >= self.limit:
            return await refuse(Overloaded(), scope, receive, send)
        self.in_flight += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.in_flight -= 1


class BodyLimit:
    """Refuses a body that says it is too large before reading it, and one that does not say as soon as it is."""

    def __init__(self, app: ASGIApp, limit: int = BODY_LIMIT, large_bodies: Mapping[str, int] | None = None) -> None:
        self.app = app
        self.limit = limit
        self.large = [
            (re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))), mebibytes * MIB)
            for template, mebibytes in (large_bodies or {}).items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        limit = next((large for path, large in self.large if path.fullmatch(scope["path"])), self.limit)
        declared = header(scope, b"content-length")
        if declared is None:
            return await self._count(limit, scope, receive, send)
        if not declared.isdigit() or int(declared[:20]) > limit:
            return await refuse(TooLarge(limit), scope, receive, send)
        await self.app(scope, receive, send)  # the server holds the sender to what it declared

    async def _count(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Cut the body off at `limit`. Applications see a caller who left; whatever they answer to that is dropped."""
        received, exceeded, started = 0, False, False

        async def counted() -> Message:
            nonlocal received, exceeded
            message = await receive()
            received += len(message.get("body", b""))
            exceeded = exceeded or received > limit
            return {"type": "http.disconnect"} if exceeded else message

        async def guarded(message: Message) -> None:
            nonlocal started
            if not exceeded or started:
                started = True
                await send(message)

        try:
            await self.app(scope, counted, guarded)
        except Exception:
            if not exceeded:
                raise
        if exceeded and not started:
            await refuse(TooLarge(limit), scope, receive, send)
