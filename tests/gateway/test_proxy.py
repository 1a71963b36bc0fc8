"""The pass-through: what reaches a service, what does not, and what the caller gets when a service is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.routes import ROUTES, prefix_of
from shared.auth import Allow, Public
from shared.http_client import Breaker, Upstream
from tests.apps import serving
from tests.gateway.conftest import Town

COMMUNITY = "150207007005"


async def _echo(request: Request) -> Response:
    """A recipient that tells what reached it."""
    seen = {
        "method": request.method,
        "path": request.scope["raw_path"].decode(),
        "query": request.scope["query_string"].decode(),
        "headers": dict(request.headers),
        "body": (await request.body()).decode(),
    }
    return JSONResponse(seen, status_code=207, headers={"X-Own": "yes", "Connection": "X-Hop", "X-Hop": "1"})


@asynccontextmanager
async def _behind(town: Town, name: str) -> AsyncIterator[None]:
    """Put an echoing recipient behind the gateway for a moment."""
    methods = ["GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"]
    async with serving(Starlette(routes=[Route("/{path:path}", _echo, methods=methods)])) as url:  # type: ignore[arg-type]
        before = town.gateway.state.upstreams[name]
        town.gateway.state.upstreams[name] = Upstream(name, url)
        try:
            yield
        finally:
            await town.gateway.state.upstreams[name].close()
            town.gateway.state.upstreams[name] = before


@pytest.fixture
async def staff(lone: Town) -> AsyncIterator[httpx.AsyncClient]:
    async with lone.client(await lone.token("staff", COMMUNITY)) as client:
        yield client


async def test_a_request_and_its_answer_pass_unchanged(lone: Town, staff: httpx.AsyncClient):
    async with _behind(lone, "residents"):
        answer = await staff.post(
            "/v1/people/a%20b?x=1&x=%E4%B8%AD",
            content='{"a": 1}',
            headers={"Idempotency-Key": "k", "If-Match": '"3"', "Accept-Language": "en", "X-Request-Id": "abcdefgh12"},
        )
    seen = answer.json()
    assert answer.status_code == 207
    assert (seen["method"], seen["path"], seen["query"]) == ("POST", "/v1/people/a%20b", "x=1&x=%E4%B8%AD")
    assert seen["body"] == '{"a": 1}'
    passed = {"idempotency-key": "k", "if-match": '"3"', "accept-language": "en", "x-request-id": "abcdefgh12"}
    assert passed.items() <= seen["headers"].items()
    assert "traceparent" in seen["headers"]
    assert answer.headers["x-own"] == "yes"
    assert "x-hop" not in answer.headers
    for single in ("date", "x-request-id", "content-length", "content-type", "cache-control"):
        assert len(answer.headers.get_list(single)) == 1


async def test_addresses_and_cookies_stay_here(lone: Town, staff: httpx.AsyncClient):
    sent = {"Cookie": "a=b", "X-Forwarded-For": "1.2.3.4", "Forwarded": "for=1.2.3.4", "X-Real-IP": "1.2.3.4"}
    async with _behind(lone, "residents"):
        seen = (await staff.get("/v1/people", headers=sent)).json()
    assert not {name.lower() for name in sent} & seen["headers"].keys()


async def test_every_answer_tells_the_limits(lone: Town, staff: httpx.AsyncClient):
    async with _behind(lone, "dispatch"):
        answer = await staff.get("/v1/grids")
    assert answer.headers["ratelimit"].startswith('"calls-per-caller"')


@pytest.mark.parametrize("prefix", sorted(ROUTES))
async def test_without_a_token_only_public_routes_are_passed_on(lone: Town, anyone: httpx.AsyncClient, prefix: str):
    async with _behind(lone, ROUTES[prefix]):
        answer = await anyone.get(f"{prefix}/1/2")
        spoiled = await anyone.get(f"{prefix}/1/2", headers={"Authorization": "Bearer x.y.z"})
    expected = 207 if prefix.startswith("/v1/public/") else 401
    assert (answer.status_code, spoiled.status_code) == (expected, expected)


@pytest.mark.parametrize(
    "path",
    [
        "/internal/people/by-phone",
        "/v1/internal/x",
        "/v1/people/../../internal/people/by-phone",
        "/v1/people/%2e%2e/%2e%2e/internal/people/by-phone",
        "/v1/people/..%2f..%2finternal",
        "/v1/public/..%2fpeople",
        "/v1/public/../people",
        "/v1//people",
        "/v1/people/",
        "/v1/nothing",
        "/v1",
        "/people",
        "/v1/peoples",
    ],
)
async def test_what_the_table_does_not_name_is_not_found(lone: Town, staff: httpx.AsyncClient, path: str):
    async with _behind(lone, "residents"):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(lone.url.rpartition(":")[2]))
        token = staff.headers["Authorization"]
        # By hand, because clients tidy paths up before sending them.
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n".encode())
        status = (await reader.read()).split(b" ", 2)[1]
        writer.close()
    assert status == b"404"


@given(st.lists(st.sampled_from(["", ".", "..", "v1", "public", "people", "internal", "x"]), max_size=6))
def test_the_table_takes_only_paths_of_plain_segments(segments: list[str]):
    prefix = prefix_of("/" + "/".join(segments))
    if prefix is not None:
        assert not {"", ".", ".."} & set(segments)
        assert ("/" + "/".join(segments) + "/").startswith(prefix + "/")


async def test_a_service_that_is_away_is_named_with_503(lone: Town, staff: httpx.AsyncClient):
    answer = await staff.get("/v1/offers")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["upstream"]) == ("upstream-unavailable", "merchants")
    assert "retry-after" in answer.headers


async def test_one_dead_service_leaves_the_others_alone(lone: Town, staff: httpx.AsyncClient):
    lone.gateway.state.upstreams["merchants"].breaker = Breaker()
    async with _behind(lone, "dispatch"):
        answers = await asyncio.gather(*(staff.get(f"/v1/{name}") for name in ["offers", "grids"] * 10))
    assert {answer.status_code for answer in answers[::2]} == {503}
    assert {answer.status_code for answer in answers[1::2]} == {207}


async def test_redirects_are_not_followed(lone: Town, staff: httpx.AsyncClient):
    async def away(_: Request) -> Response:
        return Response(status_code=307, headers={"Location": "http://169.254.169.254/"})

    async with serving(Starlette(routes=[Route("/{path:path}", away)])) as url:  # type: ignore[arg-type]
        before = lone.gateway.state.upstreams["residents"]
        lone.gateway.state.upstreams["residents"] = Upstream("residents", url)
        answer = await staff.get("/v1/people", follow_redirects=False)
        await lone.gateway.state.upstreams["residents"].close()
        lone.gateway.state.upstreams["residents"] = before
    assert answer.status_code == 307


async def test_a_large_body_is_refused_before_it_is_passed_on(lone: Town, staff: httpx.AsyncClient):
    async with _behind(lone, "residents"):
        answer = await staff.post("/v1/people", content=b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_other_methods_of_own_routes_are_405(lone: Town, staff: httpx.AsyncClient):
    answer = await staff.delete("/v1/me")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert (await staff.get("/oauth/token")).status_code == 405


async def test_every_own_route_is_classified(lone: Town):
    routes = [route for route in iter_route_contexts(lone.gateway.routes) if hasattr(route, "dependant")]
    assert {"/v1/me", "/oauth/token", "/v1/people/{person_id}/erase"} <= {route.path for route in routes}
    assert [route.path for route in routes if not _kinds(route.dependant)] == []


def _kinds(dependant) -> list[type]:
    found = [type(dependant.call)] if isinstance(dependant.call, Allow | Public) else []
    return found + [kind for each in dependant.dependencies for kind in _kinds(each)]


async def test_strict_limits_answer_429_with_a_way_out(strict: Town):
    async with strict.client() as client:
        answers = [await client.post("/v1/auth/otp", json={"phone": "19900009999"}) for _ in range(6)]
        other = await client.post("/v1/auth/otp", json={"phone": "19900009998"})
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    refused = answers[-1]
    assert refused.json()["code"] == "too-many-requests"
    assert {"retry-after", "ratelimit", "ratelimit-policy"} <= refused.headers.keys()
    assert other.status_code == 202
