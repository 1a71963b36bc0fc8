"""The stream of changes through the gateway, over sockets: passed on as it comes, and taken up again where it broke."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from services.requests.categories.service import seed_categories
from shared.http_client import Upstream
from tests.apps import serving
from tests.event_stream import EventStream, listening
from tests.gateway.conftest import Town
from tests.gateway.village import eventually

STREAM = "/v1/service-requests/stream"
CODE = "150307001001"


@pytest.fixture
async def staff(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    async with town.services["requests"].state.database.transaction(CODE) as session:
        await seed_categories(session, CODE)
    async with town.client(await town.token("staff", CODE)) as client:
        yield client


@asynccontextmanager
async def following(town: Town, client: httpx.AsyncClient, last_id: str = "") -> AsyncIterator[EventStream]:
    headers = {"Authorization": client.headers["Authorization"]}
    async with listening(town.url + STREAM, headers, last_id) as stream:
        first = await stream.next()
        assert first is not None and first.name == "ready"
        yield stream


async def submitted(client: httpx.AsyncClient) -> str:
    answer = await client.post("/v1/service-requests", json={"category": "livelihood.street_lamp"})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_changes_come_as_they_happen_and_again_after_a_break(town: Town, staff: httpx.AsyncClient) -> None:
    seen: list[str] = []
    made: list[str] = []
    last_id = ""
    for _ in range(3):
        async with following(town, staff, last_id) as stream:
            made.append(await submitted(staff))
            while len(seen) < len(made):
                event = await stream.next()
                assert event is not None
                seen.append(event.data["request_id"])
            last_id = stream.last_id
        made += [await submitted(staff), await submitted(staff)]
    async with following(town, staff, last_id) as stream:
        seen += [each.data["request_id"] for each in await stream.take(2)]
    assert seen == made, "none lost, none doubled, in order"


async def test_its_headers_keep_proxies_from_holding_it_back(town: Town, staff: httpx.AsyncClient) -> None:
    async with following(town, staff) as stream:
        headers = stream.response.headers
    assert headers["content-type"].startswith("text/event-stream")
    assert (headers["x-accel-buffering"], headers["cache-control"]) == ("no", "no-cache")
    assert "ratelimit" in headers and "content-length" not in headers
    assert len(headers.get_list("x-request-id")) == 1


async def test_a_refusal_comes_through_whole(town: Town, staff: httpx.AsyncClient) -> None:
    async with town.client(await town.token("merchant", CODE)) as merchant, town.client() as nobody:
        refused, unknown = await merchant.get(STREAM), await nobody.get(STREAM)
        posted = await staff.post(STREAM)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert unknown.status_code == 401
    assert posted.status_code == 405


async def test_whoever_leaves_is_let_go_behind_the_gateway_too(town: Town, staff: httpx.AsyncClient) -> None:
    feed = town.services["requests"].state.feed

    async def nobody_follows() -> bool:
        return not feed._listeners

    await eventually(nobody_follows)
    async with following(town, staff):
        assert len(feed._listeners) == 1
    await eventually(nobody_follows)


async def test_streams_leave_room_for_requests(town: Town, staff: httpx.AsyncClient) -> None:
    """However many streams are open, none counts as a request in flight."""
    async with following(town, staff), following(town, staff):
        overloads = [_overload(town.gateway), _overload(town.services["requests"])]
        assert [each.in_flight for each in overloads] == [0, 0]


def _overload(app: Any) -> Any:
    layer = app.middleware_stack
    while type(layer).__name__ != "Overload":
        layer = layer.app
    return layer


async def test_the_gateway_ends_its_streams_when_it_stops(lone: Town) -> None:
    async def for_ever(_: Request) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"event: ready\ndata: {}\n\n"
            await asyncio.sleep(60)

        return StreamingResponse(pieces(), media_type="text/event-stream")

    async with (
        serving(Starlette(routes=[Route(STREAM, for_ever)])) as url,  # type: ignore[arg-type]
        _in_place_of(lone, Upstream("requests", url)),
        lone.client(await lone.token("staff", CODE)) as client,
        following(lone, client) as stream,
    ):
        lone.gateway.state.draining.set()
        try:
            assert await stream.next() is None
        finally:
            lone.gateway.state.draining.clear()


async def test_without_the_service_it_is_503(lone: Town) -> None:
    async with lone.client(await lone.token("staff", CODE)) as client:
        answer = await client.get(STREAM)
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream-unavailable")


@asynccontextmanager
async def _in_place_of(town: Town, upstream: Upstream) -> AsyncIterator[None]:
    before = town.gateway.state.upstreams[upstream.name]
    town.gateway.state.upstreams[upstream.name] = upstream
    try:
        yield
    finally:
        await upstream.close()
        town.gateway.state.upstreams[upstream.name] = before
