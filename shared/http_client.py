"""Calls to another service that stay bounded when it is slow, and stop when it is away.

Every call has a deadline over all of its attempts. What may be repeated safely is repeated, within a budget that keeps
retries under a tenth of the traffic. When a service fails, its breaker opens and callers are told at once.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, NamedTuple, TypeVar

import aiohttp
import httpx
import structlog
from httpx_aiohttp import AiohttpTransport
from yarl import URL

from shared.errors import Problem, both
from shared.logs import request_id
from shared.telemetry import current_traceparent

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 1.0
POOL_SIZE = 100
STREAMS_AT_MOST = 2_000
"""Answers that stay open at once; more wait until the deadline, and are then refused."""
KEEPALIVE_SECONDS = 4.0
"""Shorter than uvicorn's five seconds, so that we never write into a connection that the service is just closing."""
ATTEMPTS = 3
WORTH_REPEATING = (502, 503, 504)
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})

_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
"""Meant for one connection only (RFC 9110, 7.6.1)."""
_OURS = frozenset({"host", "content-length", "expect", "traceparent", "x-request-id"})
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, httpx.ConnectError)
_BROKEN = (aiohttp.ClientError, httpx.TransportError, ConnectionError)

Answer = TypeVar("Answer")
Headers = Iterable[tuple[bytes, bytes]]


class UpstreamUnavailable(Problem):
    """Another service could not be reached, or is known to be away. What was asked of it may not have happened."""

    status = 503
    code = "upstream-unavailable"
    title = both("部分服务暂不可用", "A part of the system is unavailable")
    detail = both(
        "请稍后用同一个 Idempotency-Key 重试。", "Try again shortly, with the same Idempotency-Key if you sent one."
    )

    def __init__(self, name: str) -> None:
        super().__init__(headers={"Retry-After": "2"}, upstream=name)
        self.name = name


class UpstreamTimeout(UpstreamUnavailable):
    """It did not answer before the deadline."""

    status = 504
    code = "upstream-timeout"
    title = both("部分服务没有及时答复", "A part of the system did not answer in time")


class _RepeatableError(UpstreamUnavailable):
    """The connection failed; nothing was answered, and perhaps nothing was even sent."""

    def __init__(self, name: str, *, never_sent: bool) -> None:
        super().__init__(name)
        self.never_sent = never_sent


class Forwarded(NamedTuple):
    """An upstream's answer as it came, without the headers that belong to its connection."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Opened(NamedTuple):
    """An upstream's answer that stays open: its head, and its body as it comes."""

    status: int
    headers: list[tuple[bytes, bytes]]
    pieces: AsyncIterator[bytes]
    """Ends when the upstream ends it, and where the connection breaks."""


class RetryBudget:
    """A token bucket: each call puts in `ratio`, each retry takes one, so an outage is not multiplied by retries."""

    def __init__(self, ratio: float = 0.1, reserve: float = 10.0) -> None:
        self._ratio = ratio
        self._most = self._tokens = reserve

    def deposit(self) -> None:
        self._tokens = min(self._most, self._tokens + self._ratio)

    def withdraw(self) -> bool:
        """Whether one retry is affordable now; if so it is paid."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Breaker:
    """Opens when at least half of the last calls failed; then one probe at a time finds out whether it may close.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        *,
        minimum_calls: int = 5,
        window: int = 20,
        open_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._minimum_calls = minimum_calls
        self._failures: deque[bool] = deque(maxlen=window)
        self._open_seconds = open_seconds
        self._clock = clock
        self._probe_at: float | None = None
        self._probing = False

    @property
    def state(self) -> str:
        """`closed`, `open` or `half_open` (a probe may go or is under way)."""
        if self._probe_at is None:
            return "closed"
        return "half_open" if self._probing or self._clock() >= self._probe_at else "open"

    @contextmanager
    def attempt(self, refusal: Problem) -> Iterator[None]:
        """Make one call; raises `refusal` instead when it should not be made. UpstreamUnavailable counts as failure."""
        probe = self._probe_at is not None
        if probe and (self._probing or self._clock() < (self._probe_at or 0)):
            raise refusal
        self._probing = self._probing or probe
        try:
            yield
        except UpstreamUnavailable:
            self._note(failed=True, probe=probe)
            raise
        else:
            self._note(failed=False, probe=probe)
        finally:
            if probe:  # also when the caller gave up, which says nothing about the service
                self._probing = False

    def _note(self, *, failed: bool, probe: bool) -> None:
        self._failures.append(failed)
        if probe and not failed:
            self._probe_at = None
            self._failures.clear()
        elif failed and (probe or self._mostly_failing()):
            self._probe_at = self._clock() + self._open_seconds

    def _mostly_failing(self) -> bool:
        return len(self._failures) >= self._minimum_calls and sum(self._failures) * 2 >= len(self._failures)


class Upstream:
    """One service as its callers see it. Create it inside the running loop, `close()` it at the end."""

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        deadline: float = 5.0,
        retry_budget: float = 0.1,
        breaker: Breaker | None = None,
    ) -> None:
        self.name = name
        self.deadline = deadline
        self.breaker = breaker or Breaker()
        self._budget = RetryBudget(retry_budget)
        self._base_url = base_url.rstrip("/")
        self._session = _session(POOL_SIZE)
        self._streams = _session(STREAMS_AT_MOST)
        self._client = httpx.AsyncClient(
            base_url=self._base_url,
            transport=AiohttpTransport(client=self._session),
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            trust_env=False,
        )

    async def close(self) -> None:
        """Closes the connections; calls under way fail."""
        await self._client.aclose()
        await self._session.close()
        await self._streams.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
        **more: Any,
    ) -> httpx.Response:
        """A call of our own, with httpx's arguments (`json`, `params`, `content`).

        Any status is an answer; UpstreamUnavailable when there was none, UpstreamTimeout when none came in time.
        """
        sent = httpx.Headers(headers)
        sent.update(_context_headers())

        async def send() -> httpx.Response:
            return await self._client.request(method, path, headers=sent, **more)

        may_repeat = method.upper() in IDEMPOTENT or "idempotency-key" in sent
        return await self._call(send, lambda answer: answer.status_code, may_repeat, deadline or self.deadline)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.request("GET", path, **more)

    async def post(self, path: str, **more: Any) -> httpx.Response:
        return await self.request("POST", path, **more)

    async def forward(
        self,
        method: str,
        path: str,
        headers: Headers = (),
        body: bytes = b"",
        query: bytes = b"",
        deadline: float | None = None,
    ) -> Forwarded:
        """Pass a caller's request through. `path` and `query` stay as they were encoded, the answer as it came."""
        url, sent = self._url(path, query), self._sent(headers)

        async def send() -> Forwarded:
            async with self._session.request(
                method, url, headers=sent, data=body or None, allow_redirects=False
            ) as answer:
                return Forwarded(answer.status, list(_end_to_end(answer.raw_headers, ())), await answer.read())

        may_repeat = method in IDEMPOTENT or any(name.lower() == "idempotency-key" for name, _ in sent)
        return await self._call(send, lambda answer: answer.status, may_repeat, deadline or self.deadline)

    @asynccontextmanager
    async def open(self, path: str, headers: Headers = (), query: bytes = b"") -> AsyncIterator[Opened]:
        """Pass on a GET whose answer stays open. Only its head has a deadline; it uses no connection of the pool."""
        url = self._url(path, query)
        async with AsyncExitStack() as stack:
            with self.breaker.attempt(UpstreamUnavailable(self.name)):
                try:
                    async with asyncio.timeout(self.deadline):
                        call = self._streams.get(url, headers=self._sent(headers), allow_redirects=False)
                        answer = await stack.enter_async_context(call)
                except TimeoutError as error:
                    raise UpstreamTimeout(self.name) from error
                except _BROKEN as error:
                    raise UpstreamUnavailable(self.name) from error
            yield Opened(answer.status, list(_end_to_end(answer.raw_headers, ())), _pieces(answer))

    def _url(self, path: str, query: bytes) -> URL:
        return URL(f"{self._base_url}{path}{'?' + query.decode('latin-1') if query else ''}", encoded=True)

    def _sent(self, headers: Headers) -> list[tuple[str, str]]:
        sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in _end_to_end(headers, _OURS)]
        return [*sent, *_context_headers().items()]

    async def _call(
        self,
        send: Callable[[], Awaitable[Answer]],
        status_of: Callable[[Answer], int],
        may_repeat: bool,
        deadline: float,
    ) -> Answer:
        """Attempt, and repeat within the deadline and the budget what failed and may be repeated."""
        self._budget.deposit()
        try:
            async with asyncio.timeout(deadline) as limit:
                for attempt in range(1, ATTEMPTS + 1):
                    last = attempt == ATTEMPTS
                    try:
                        answer = await self._attempt(send, limit)
                    except _RepeatableError as error:
                        if last or not (may_repeat or error.never_sent) or not self._budget.withdraw():
                            raise
                    else:
                        if last or not may_repeat or status_of(answer) not in WORTH_REPEATING:
                            return answer
                        if not self._budget.withdraw():
                            return answer
                    await asyncio.sleep(random.uniform(0.5, 1) * 0.05 * 2**attempt)
        except TimeoutError as error:
            raise UpstreamTimeout(self.name) from error
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, send: Callable[[], Awaitable[Answer]], limit: asyncio.Timeout) -> Answer:
        with self.breaker.attempt(UpstreamUnavailable(self.name)):
            try:
                return await send()
            except _BROKEN as error:
                log.warning("upstream_failed", upstream=self.name, error=type(error).__name__)
                raise _RepeatableError(self.name, never_sent=isinstance(error, _NEVER_SENT)) from error
            except asyncio.CancelledError as error:
                if limit.expired():
                    log.warning("upstream_timed_out", upstream=self.name)
                    raise UpstreamTimeout(self.name) from error
                raise


def _session(connections: int) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEPALIVE_SECONDS),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
    )


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.content.iter_any():
            yield piece
    except _BROKEN as error:
        log.warning("stream_broken", error=type(error).__name__)


def _context_headers() -> dict[str, str]:
    """What lets the other service's logs and spans be found from ours."""
    current = {"X-Request-Id": request_id.get(), "traceparent": current_traceparent()}
    return {name: value for name, value in current.items() if value}


def _end_to_end(headers: Headers, dropped: Iterable[str]) -> Iterator[tuple[bytes, bytes]]:
    """The headers that concern more than one connection, without those named in `dropped`."""
    pairs = list(headers)
    named = {
        option.strip().lower()
        for name, value in pairs
        if name.lower() == b"connection"
        for option in value.decode("latin-1").split(",")
    }
    unwanted = _HOP_BY_HOP | named | frozenset(dropped)
    return ((name, value) for name, value in pairs if name.decode("latin-1").lower() not in unwanted)
