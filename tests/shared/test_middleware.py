import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.types import Message, Receive, Scope, Send

from shared import errors
from shared.logs import request_id
from shared.middleware import BodyLimit, install_middleware
from shared.settings import CommonSettings
from shared.telemetry import Telemetry
from tests.shared.serving import serving

SECRET = "13912345678"


def settings(**changes: Any) -> CommonSettings:
    keys = dict.fromkeys(("database_url", "issuer", "key_encryption_keys", "index_key", "signing_key"), "x")
    return CommonSettings(**(keys | changes))


def application() -> FastAPI:
    app = FastAPI()
    router = APIRouter(prefix="/v1")
    app.state.gate, app.state.entered = asyncio.Event(), asyncio.Semaphore(0)

    @router.get("/people/{id}")
    async def show(id: str) -> dict[str, str]:
        return {"id": id, "request_id": request_id.get()}

    @router.post("/photos/{id}")
    @router.post("/photos/{id}/large")
    @router.post("/echo")
    async def echo(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    @router.get("/broken")
    async def broken() -> None:
        raise KeyError(SECRET)

    @router.get("/slow")
    async def slow() -> str:
        app.state.entered.release()
        await app.state.gate.wait()
        return "done"

    @router.get("/page")
    async def page() -> HTMLResponse:
        return HTMLResponse("<p>", headers={"Content-Security-Policy": "default-src 'self'", "Cache-Control": "public"})

    app.include_router(router)
    errors.install(app)
    chosen = settings(max_requests_in_flight=3)
    app.state.telemetry = Telemetry("test", chosen)
    install_middleware(app, chosen, app.state.telemetry, large_bodies={"/v1/photos/{id}": 10})
    return app


@pytest.fixture
async def app() -> FastAPI:
    return application()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["code"] == code
    assert document["status"] == status
    assert response.headers["x-request-id"]
    assert response.headers["x-content-type-options"] == "nosniff"
    return document


async def test_a_request_has_an_id_everywhere(client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    answer = await client.get("/v1/people/7?phone=" + SECRET, headers={"X-Request-Id": "from-the-caller.1"})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "from-the-caller.1"
    line = next(json.loads(line) for line in capsys.readouterr().out.splitlines() if "from-the-caller.1" in line)
    assert line["route"] == "/v1/people/{id}"
    assert (line["method"], line["status"], line["request_id"]) == ("GET", 200, "from-the-caller.1")


@pytest.mark.parametrize("given", ["short", "a" * 65, "has space in it", "new\tline-id", ""])
async def test_a_bad_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/v1/people/7", headers={"X-Request-Id": given})
    assert uuid.UUID(answer.headers["x-request-id"]).version == 7
    assert len(answer.headers.get_list("x-request-id")) == 1


async def test_nothing_sent_is_logged(client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    await client.get(f"/v1/people/{SECRET}?q={SECRET}")
    await client.post(f"/v1/echo?q={SECRET}", content=SECRET)
    await client.get(f"/nowhere/{SECRET}")
    await client.get(f"/v1/broken?q={SECRET}")
    out = capsys.readouterr()
    assert SECRET not in out.out + out.err
    routes = [json.loads(line).get("route") for line in out.out.splitlines()]
    assert [route for route in routes if route] == ["/v1/people/{id}", "/v1/echo", "unmatched", "/v1/broken"]


async def test_a_failure_is_a_problem_told_once(client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    answer = await client.get("/v1/broken", headers={"Accept-Language": "en"})
    document = problem(answer, 500, "server-error")
    assert document["title"] == "Something broke on our side"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    failures = [line for line in lines if line["level"] == "error"]
    assert len(failures) == 1
    assert failures[0]["exception"].startswith("KeyError at test_middleware.py")
    assert failures[0]["request_id"] == answer.headers["x-request-id"]


async def test_metrics_count_by_template(app: FastAPI, client: httpx.AsyncClient) -> None:
    for id in ("1", "2"):
        await client.get(f"/v1/people/{id}")
    await client.request("PURGE", "/v1/people/1")
    text = app.state.telemetry.metrics().decode()
    assert 'kaiyuan_http_request_seconds_count{method="GET",route="/v1/people/{id}",status="200"} 2.0' in text
    assert 'method="OTHER"' in text
    assert "PURGE" not in text
    assert "kaiyuan_http_requests_in_flight 0.0" in text


async def test_headers_of_data_and_of_pages(client: httpx.AsyncClient) -> None:
    data = (await client.get("/v1/people/7")).headers
    assert data["cache-control"] == "no-store"
    assert data["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    page = (await client.get("/v1/page")).headers
    assert page.get_list("content-security-policy") == ["default-src 'self'"]
    assert page.get_list("cache-control") == ["public"]
    assert page["x-frame-options"] == "DENY"


async def test_overload_is_shed_and_probes_still_answer(app: FastAPI, client: httpx.AsyncClient) -> None:
    held = [asyncio.ensure_future(client.get("/v1/slow")) for _ in range(3)]
    async with asyncio.timeout(5):
        for _ in held:
            await app.state.entered.acquire()
    refused = await client.get("/v1/people/7")
    problem(refused, 503, "overloaded")
    assert int(refused.headers["retry-after"]) > 0
    assert (await client.get("/health/live")).status_code == 404  # let through to an application that has none
    app.state.gate.set()
    assert [answer.status_code for answer in await asyncio.gather(*held)] == [200] * 3
    assert (await client.get("/v1/people/7")).status_code == 200


MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/v1/echo", MIB, 200),
        ("/v1/echo", MIB + 1, 413),
        ("/v1/photos/1", 10 * MIB, 200),
        ("/v1/photos/1", 10 * MIB + 1, 413),
        ("/v1/photos/1/large", MIB + 1, 413),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
async def test_bodies_have_a_limit(
    client: httpx.AsyncClient, path: str, size: int, status: int, declared: bool
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 65_536):
            yield b"x" * min(65_536, size - start)

    try:
        answer = await client.post(path, content=b"x" * size if declared else pieces())
    except (httpx.WriteError, httpx.ReadError):  # the server hung up on a body that it had refused
        assert status == 413
        return
    if status == 413:
        assert "10 MiB" in problem(answer, 413, "body-too-large")["detail"] or size < 2 * MIB
    else:
        assert (answer.status_code, answer.json()) == (200, {"size": size})


async def _refused_by_limit(declared: bytes | None, pieces: list[bytes]) -> tuple[list[Message], int]:
    """What the caller is sent, and how many pieces were read of them."""
    sent: list[Message] = []
    read = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200 if message["type"] == "http.request" else 400})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": pieces[read - 1], "more_body": read < len(pieces)}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-length", declared)] if declared is not None else []
    scope: Scope = {"type": "http", "path": "/", "method": "POST", "headers": headers}
    await BodyLimit(app, limit=10)(scope, receive, send)
    return sent, read


async def test_a_declared_size_is_refused_unread() -> None:
    sent, read = await _refused_by_limit(b"11", [b"12345678901"])
    assert (sent[0]["status"], read) == (413, 0)
    for nonsense in (b"-1", b"1e3", b"", b"9" * 5000):
        assert (await _refused_by_limit(nonsense, [b""]))[0][0]["status"] == 413


async def test_an_undeclared_size_is_refused_once_it_is_too_much() -> None:
    sent, read = await _refused_by_limit(None, [b"12345", b"123456", b"never read"])
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert (sent[0]["status"], read) == (413, 2)
    assert json.loads(sent[1]["body"])["code"] == "body-too-large"
    sent, read = await _refused_by_limit(None, [b"12345", b"12345"])
    assert (sent[0]["status"], read) == (200, 2)
