import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared import http_client
from shared.http_client import Breaker, RetryBudget, Upstream, UpstreamTimeout, UpstreamUnavailable
from shared.logs import request_id
from shared.telemetry import current_traceparent, trace_from
from tests.shared.serving import serving

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
REFUSAL = UpstreamUnavailable("x")


class Service:
    """A service that answers what the test tells it to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.seen: list[dict[str, Any]] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.app = Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "POST", "PATCH", "DELETE"])])

    async def answer(self, request: Request) -> Response:
        self.seen.append(
            {
                "method": request.method,
                "path": request.scope["raw_path"],
                "query": request.scope["query_string"],
                "headers": dict(request.headers),
                "body": await request.body(),
            }
        )
        await self.hold.wait()
        status = self.statuses.pop(0) if self.statuses else 200
        headers = {"X-Own": "1", "Content-Encoding": "identity", "Connection": "X-Hop", "X-Hop": "1"}
        return JSONResponse({"asked": len(self.seen)}, status, headers=headers)


@pytest.fixture
async def service() -> Service:
    return Service()


@pytest.fixture
async def upstream(service: Service, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Upstream]:
    async with serving(service.app) as url, _upstream(url) as upstream:
        yield upstream


@asynccontextmanager
async def _upstream(url: str, **options: Any) -> AsyncIterator[Upstream]:
    upstream = Upstream("residents", url, **options)
    try:
        yield upstream
    finally:
        await upstream.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_a_call_carries_trace_and_request_id(upstream: Upstream, service: Service) -> None:
    token = request_id.set("request-0001")
    with trace_from(PARENT):
        assert current_traceparent() == PARENT
        answer = await upstream.get("/v1/people", params={"q": "张"})
        await upstream.forward("GET", "/v1/people", [(b"traceparent", b"00-forged"), (b"X-Request-Id", b"forged")])
    request_id.reset(token)
    assert answer.json() == {"asked": 1}
    for seen in service.seen:
        assert seen["headers"]["traceparent"] == PARENT
        assert seen["headers"]["x-request-id"] == "request-0001"


async def test_forward_changes_nothing_that_goes_end_to_end(upstream: Upstream, service: Service) -> None:
    service.statuses = [418]
    headers = [
        (b"Authorization", b"Bearer t"),
        (b"Content-Type", b"application/merge-patch+json"),
        (b"Connection", b"keep-alive, X-Private-Hop"),
        (b"X-Private-Hop", b"1"),
        (b"Host", b"gateway.example"),
        (b"Content-Length", b"999"),
        (b"Accept-Encoding", b"gzip"),
    ]
    answer = await upstream.forward("PATCH", "/v1/a%2Fb/%E5%BC%A0", headers, b'{"a":1}', b"q=%2B&q=a+b&x")
    assert answer.status == 418
    assert answer.body == b'{"asked":1}'
    names = {name.lower(): value for name, value in answer.headers}
    assert names[b"x-own"] == b"1"
    assert b"x-hop" not in names
    assert b"connection" not in names
    seen = service.seen[0]
    assert (seen["method"], seen["path"], seen["query"]) == ("PATCH", b"/v1/a%2Fb/%E5%BC%A0", b"q=%2B&q=a+b&x")
    assert seen["body"] == b'{"a":1}'
    assert seen["headers"]["authorization"] == "Bearer t"
    assert seen["headers"]["content-type"] == "application/merge-patch+json"
    assert seen["headers"]["content-length"] == "7"
    assert seen["headers"]["host"].startswith("127.0.0.1:")
    assert not {"x-private-hop", "user-agent"} & seen["headers"].keys()


@pytest.mark.parametrize("forwarding", [True, False])
@pytest.mark.parametrize(
    ("method", "key", "asked"), [("GET", None, 3), ("DELETE", None, 3), ("POST", None, 1), ("POST", "key-1", 3)]
)
async def test_only_what_is_safe_is_repeated(
    upstream: Upstream, service: Service, forwarding: bool, method: str, key: str | None, asked: int
) -> None:
    service.statuses = [503, 502]
    if forwarding:
        status = (await upstream.forward(method, "/x", [(b"Idempotency-Key", key.encode())] if key else [])).status
    else:
        status = (await upstream.request(method, "/x", headers={"Idempotency-Key": key} if key else {})).status_code
    assert len(service.seen) == asked
    assert status == (200 if asked == 3 else 503)


@pytest.mark.parametrize("status", [500, 429, 409, 404])
async def test_other_answers_are_final(upstream: Upstream, service: Service, status: int) -> None:
    service.statuses = [status]
    assert (await upstream.forward("GET", "/x")).status == status
    assert len(service.seen) == 1


async def test_retries_end_with_the_last_answer(upstream: Upstream, service: Service) -> None:
    service.statuses = [503] * 5
    assert (await upstream.forward("GET", "/x")).status == 503
    assert len(service.seen) == http_client.ATTEMPTS


async def test_the_budget_bounds_retries(upstream: Upstream, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client.random, "uniform", lambda *_: 0)  # no need to wait between attempts here
    service.statuses = [503] * 1000
    await asyncio.gather(*(upstream.forward("GET", "/x") for _ in range(100)))
    # 100 calls, a reserve of 10, and one retry for every tenth call
    assert 100 + 10 <= len(service.seen) <= 100 + 10 + 10


def test_the_budget_is_a_share_of_the_calls() -> None:
    budget = RetryBudget(ratio=0.25, reserve=2)
    assert [budget.withdraw() for _ in range(3)] == [True, True, False]
    for _ in range(100):
        budget.deposit()
    assert [budget.withdraw() for _ in range(3)] == [True, True, False]  # idle times save nothing up
    outcomes = []
    for _ in range(40):
        budget.deposit()
        outcomes.append(budget.withdraw())
    assert sum(outcomes) == 10


@pytest.mark.parametrize(
    "call",
    [
        lambda upstream: upstream.forward("GET", "/slow?phone=13912345678"),
        lambda upstream: upstream.get("/slow?phone=13912345678"),
        lambda upstream: upstream.post("/slow", deadline=0.1, json={}),
    ],
)
async def test_a_slow_service_ends_at_the_deadline(
    service: Service, call: Callable[[Upstream], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    service.hold.clear()
    async with serving(service.app) as url, _upstream(url, deadline=0.1) as upstream:
        async with asyncio.timeout(2):
            with pytest.raises(UpstreamTimeout) as refused:
                await call(upstream)
        assert refused.value.status == 504
        assert refused.value.document("en")["upstream"] == "residents"
        assert len(service.seen) == 1
        service.hold.set()
        assert (await upstream.forward("GET", "/x")).status == 200  # one timeout does not open the breaker
    assert "13912345678" not in capsys.readouterr().out


async def test_a_service_that_is_away_is_told_at_once_and_missed_no_longer_than_needed() -> None:
    port = _free_port()
    now = [0.0]
    breaker = Breaker(minimum_calls=3, open_seconds=10, clock=lambda: now[0])
    async with _upstream(f"http://127.0.0.1:{port}", breaker=breaker) as upstream:
        with pytest.raises(UpstreamUnavailable):
            await upstream.forward("POST", "/x")  # never sent, so even this was tried three times
        assert breaker.state == "open"
        service = Service()
        async with serving(service.app, port=port):
            with pytest.raises(UpstreamUnavailable):
                await upstream.get("/x")
            assert service.seen == []  # not even asked
            now[0] = 10
            assert breaker.state == "half_open"
            assert (await upstream.get("/x")).status_code == 200
            assert breaker.state == "closed"


async def test_a_service_that_restarts_meanwhile_is_found_again() -> None:
    port = _free_port()
    async with _upstream(f"http://127.0.0.1:{port}") as upstream:
        for _ in range(3):  # each round leaves a dead connection in the pool
            async with serving(Service().app, port=port):
                assert (await upstream.forward("GET", "/x")).status == 200


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_may_have_happened_is_not_repeated(method: str) -> None:
    asked = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await _hang_up(reader, writer)

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server, _upstream(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as upstream:
        with pytest.raises(UpstreamUnavailable):
            await upstream.forward(method, "/x", body=b"{}")
        assert asked == 1
        with pytest.raises(UpstreamUnavailable):
            await upstream.forward(method, "/x", [(b"idempotency-key", b"k")], b"{}")
        assert asked == 4


async def test_a_caller_who_leaves_says_nothing_about_the_service(upstream: Upstream, service: Service) -> None:
    service.hold.clear()
    for _ in range(20):
        call = asyncio.ensure_future(upstream.forward("GET", "/x"))
        known = len(service.seen)
        async with asyncio.timeout(5):
            while len(service.seen) == known:  # noqa: ASYNC110 (the request travels over a socket in this same loop)
                await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert upstream.breaker.state == "closed"
    service.hold.set()


# The breaker alone, by the clock


def _run(breaker: Breaker, *, ok: bool) -> bool:
    """Whether the call was let through."""
    called = False
    try:
        with breaker.attempt(REFUSAL):
            called = True
            if not ok:
                raise UpstreamUnavailable("y")
    except UpstreamUnavailable:
        pass
    return called


def test_the_breaker_opens_probes_and_closes() -> None:
    now = [100.0]
    breaker = Breaker(minimum_calls=4, window=8, open_seconds=5, clock=lambda: now[0])
    for ok in (True, True, True, False, False):
        assert _run(breaker, ok=ok)
    assert breaker.state == "closed"  # two of five
    assert _run(breaker, ok=False)
    assert breaker.state == "open"  # three of six
    assert not _run(breaker, ok=True)
    now[0] += 5
    assert _run(breaker, ok=False)  # the probe fails: open for another five seconds
    assert not _run(breaker, ok=True)
    now[0] += 5
    with breaker.attempt(REFUSAL):
        assert breaker.state == "half_open"
        assert not _run(breaker, ok=True)  # one probe at a time
    assert breaker.state == "closed"
    for ok in (False, False, False):
        assert _run(breaker, ok=ok)
    assert breaker.state == "closed"  # what was before the outage is forgotten


def test_a_probe_that_was_cancelled_leaves_room_for_the_next() -> None:
    now = [0.0]
    breaker = Breaker(minimum_calls=1, open_seconds=1, clock=lambda: now[0])
    _run(breaker, ok=False)
    now[0] = 1
    with pytest.raises(asyncio.CancelledError), breaker.attempt(REFUSAL):
        raise asyncio.CancelledError
    assert breaker.state == "half_open"
    assert _run(breaker, ok=True)
    assert breaker.state == "closed"


def test_a_late_answer_does_not_close_an_open_breaker() -> None:
    now = [0.0]
    breaker = Breaker(minimum_calls=2, open_seconds=5, clock=lambda: now[0])
    with breaker.attempt(REFUSAL):
        _run(breaker, ok=False)
        _run(breaker, ok=False)
        assert breaker.state == "open"
    assert breaker.state == "open"
