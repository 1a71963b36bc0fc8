"""The stream of changes over a real socket and a real NATS: who is told what, and that nothing is lost or doubled."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from services.requests.stream import feed as feeds
from shared.bus import Bus, stream_of
from stack.topology import OPERATOR
from tests.apps import create, declare_sources, running, serving
from tests.conftest import DatabaseUrls
from tests.event_stream import EventStream, listening
from tests.faults.killable import Killable, killable_nats
from tests.principals import bearer
from tests.requests.world import World, found
from tests.servers import NatsServer

STREAM = "/v1/service-requests/stream"
SettingsValues = Callable[[str], Awaitable[dict[str, str]]]
_areas = count(1)


class Served(World):
    """A community of a service that runs with its workers on a socket."""

    url: str = ""

    @asynccontextmanager
    async def listen(
        self, role: str = "staff", last_id: str = "", query: str = "", **claims: Any
    ) -> AsyncIterator[EventStream]:
        """A stream whose `ready` has come."""
        token = bearer(role, **self.claims(role) | claims)
        async with listening(self.url + STREAM + query, token, last_id) as stream:
            first = await stream.next()
            assert first is not None and first.name == "ready"
            yield stream


@asynccontextmanager
async def served(settings_values: SettingsValues, **overrides: Any) -> AsyncIterator[tuple[FastAPI, str]]:
    async with running(await create("requests", settings_values, **overrides)) as app, serving(app) as url:
        yield app, url


@pytest.fixture(scope="module")
async def whole(settings_values: SettingsValues, nats_server: NatsServer) -> AsyncIterator[tuple[FastAPI, str]]:
    await declare_sources("requests", nats_server)
    async with served(settings_values) as both:
        yield both


async def a_community(app: FastAPI, url: str) -> Served:
    """Of an area that no other test uses."""
    plain = await found(app, code=f"1503{next(_areas):05d}001")
    world = Served(app, code=plain.code)
    world.url = url
    return world


@pytest.fixture
async def world(whole: tuple[FastAPI, str]) -> Served:
    return await a_community(*whole)


@pytest.fixture
def mortal() -> Iterator[tuple[Killable, str, str]]:
    with killable_nats() as three:
        yield three


async def test_what_happens_is_told_in_order(world: Served) -> None:
    async with world.listen() as stream:
        made = await world.submit("staff")
        await world.post("staff", f"{made['id']}/accept")
        await world.post("staff", f"{made['id']}/resolve", {"text": "张三的灯已修好"})
        events = await stream.take(3)
    assert [each.name for each in events] == ["request_submitted", "request_accepted", "request_resolved"]
    assert [each.data["version"] for each in events] == [1, 2, 3]
    assert [each.data["state"] for each in events] == ["submitted", "accepted", "resolved"]
    assert {each.data["request_id"] for each in events} == {made["id"]}
    assert all("person" not in name for each in events for name in each.data), "nobody is named, not even by id"
    places = [int(each.id.split("-")[1]) for each in events]
    assert places == sorted(set(places))
    assert stream.response.headers["content-type"].startswith("text/event-stream")
    assert stream.response.headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize("role", ["staff", "resident"])
async def test_who_asks_for_what_they_follow_hears_of_nothing_else(world: Served, role: str) -> None:
    other = {"person": uuid4()} if role == "resident" else {}
    async with world.listen() as told:
        first, second = await world.submit(), await world.submit()
        await told.take(2)
    await world.post(role, f"{second['id']}/follow", **other)
    async with world.listen(role, query="?followed=true", **other) as stream:
        for request in (first, second):
            await world.post("staff", f"{request['id']}/accept")
        (event,) = await stream.take(1)
        await world.call(role, "POST", f"{second['id']}/unfollow", **other)
        await world.post(role, f"{first['id']}/follow", **other)
        for request in (second, first):
            await world.post("staff", f"{request['id']}/resolve", {"text": "已修好"})
        (later,) = await stream.take(1)
    assert [event.data["request_id"], later.data["request_id"]] == [second["id"], first["id"]]


async def test_whoever_comes_back_misses_nothing_and_hears_nothing_twice(world: Served) -> None:
    async with world.listen() as stream:
        first = await world.submit("staff")
        (event,) = await stream.take(1)
    while_away = [(await world.submit("staff"))["id"] for _ in range(3)]
    async with world.listen(last_id=stream.last_id) as resumed:
        later = (await world.submit("staff"))["id"]
        events = await resumed.take(4)
    assert event.data["request_id"] == first["id"]
    assert [each.data["request_id"] for each in events] == [*while_away, later]


async def test_what_memory_has_forgotten_is_read_from_nats(
    world: Served, settings_values: SettingsValues, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.listen() as stream:
        start = stream.last_id
        made = [(await world.submit("staff"))["id"] for _ in range(6)]
        await stream.take(6)
        ids = [start, stream.last_id]
    monkeypatch.setattr(feeds, "REMEMBERED", 2)
    async with served(settings_values, role="api") as (app, url):
        other = Served(app, code=world.code)
        other.url = url
        async with other.listen(last_id=ids[0]) as stream:
            events = await stream.take(6)
        assert [each.data["request_id"] for each in events] == made
        async with other.listen("supervisor", area=world.code[:9], last_id=ids[0]) as stream:
            events = await stream.take(6)
        assert [each.data["request_id"] for each in events] == made, "without the community's own subject as well"
        more = [(await world.submit("staff"))["id"] for _ in range(5)]
        async with other.listen(last_id=ids[1]) as stream:
            events = await stream.take(5)
        assert [each.data["request_id"] for each in events] == more


async def test_each_hears_of_what_they_may_read(world: Served, whole: tuple[FastAPI, str]) -> None:
    neighbour = await a_community(*whole)
    async with AsyncExitStack() as stack:

        async def open_(role: str, **claims: Any) -> EventStream:
            return await stack.enter_async_context(world.listen(role, **claims))

        staff, worker, responder = await open_("staff"), await open_("grid_worker"), await open_("responder")
        resident, partner = await open_("resident"), await open_("partner")
        supervisor = await open_("supervisor", area=world.code[:9])
        elsewhere = await stack.enter_async_context(neighbour.listen("head"))

        theirs = (await world.submit())["id"]
        of_grid = (await world.submit("grid_worker"))["id"]
        order = uuid4()
        await world.work_order("assigned", order, theirs)
        await world.post("staff", f"{of_grid}/accept")
        other = (await neighbour.submit())["id"]
        for_all = [theirs, of_grid, theirs, of_grid]

        async def ids(stream: EventStream, number: int) -> list[str]:
            return [each.data["request_id"] for each in await stream.take(number)]

        assert await ids(staff, 4) == for_all
        assert await ids(supervisor, 4) == for_all
        assert await ids(resident, 2) == [theirs, theirs]
        assert await ids(elsewhere, 1) == [other]
        assert of_grid in await ids(worker, 3)
        assert (await ids(responder, 1)) == [theirs]
        mine = await world.submit("partner")
        assert await ids(partner, 1) == [mine["id"]]


async def test_the_office_hears_what_the_requester_says(world: Served) -> None:
    async with world.listen() as told:
        made = (await world.submit())["id"]
        await told.take(1)
    async with world.listen("grid_worker") as worker, world.listen() as staff, world.listen("resident") as resident:
        await world.post("resident", f"{made}/updates", {"kind": "comment", "text": "还是很暗"})
        await world.post("staff", f"{made}/updates", {"kind": "note", "text": "电工周三来"})
        events = await staff.take(2)
        await world.post("staff", f"{made}/accept")
        (heard,) = await resident.take(1)
        elsewhere = await world.submit("grid_worker")
        (first,) = await worker.take(1)
    assert [(each.name, each.data["step"]) for each in events] == [
        ("request_noted", each) for each in ("comment", "note")
    ]
    assert "电工" not in str(events)
    assert heard.name == "request_accepted", "what they said themselves, and notes of the office, are none of theirs"
    assert first.data["request_id"] == elsewhere["id"]


async def test_deadlines_are_the_offices_own_matter(world: Served) -> None:
    made = (await world.submit())["id"]
    async with world.listen() as staff, world.listen("resident") as resident:
        await world.sql(
            "UPDATE service_request SET next_due_at = now(), accept_by = created_at WHERE id = :id RETURNING id",
            id=made,
        )
        await world.sweep()
        seen = await staff.next()
        while seen is not None and seen.name != "deadline_breached":
            seen = await staff.next()
        assert seen is not None and seen.data["deadline"] == "accept"
        await world.post("staff", f"{made}/accept")
        (first,) = await resident.take(1)
    assert first.name == "request_accepted"


@pytest.mark.parametrize("last_id", ["nonsense", "0-1", "ffffffffffff-99999999", "x" * 50])
async def test_a_place_that_is_unknown_is_said_to_be(world: Served, last_id: str) -> None:
    token = bearer("staff", **world.claims("staff"))
    async with listening(world.url + STREAM, token, last_id) as stream:
        (first,) = await stream.take(1)
        assert first.name == "reset"
        made = await world.submit("staff")
        (event,) = await stream.take(1)
    assert event.data["request_id"] == made["id"]


async def test_a_place_before_all_that_is_kept_is_lost(world: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.listen() as stream:
        old = stream.last_id
    monkeypatch.setattr(feeds, "REPLAYED_AT_MOST", 0)
    await world.submit("staff")
    feed = world.app.state.feed
    monkeypatch.setattr(feed, "_known_from", feed.position + 1_000)
    async with world.listen() as live:
        await world.submit("staff")
        await live.take(1)
        token = bearer("staff", **world.claims("staff"))
        async with listening(world.url + STREAM, token, old) as stream:
            names = [each.name for each in await stream.take(2)]
    assert names == ["ready", "reset"]


async def test_a_stream_ends_with_its_token(world: Served) -> None:
    async with world.listen(exp=int(time.time()) + 2) as stream:
        last = await stream.next()
        assert last is not None and last.name == "expired"
        assert await stream.next() is None


async def test_a_stream_ends_when_the_process_stops(settings_values: SettingsValues) -> None:
    async with served(settings_values, role="api") as (app, url):
        world = await a_community(app, url)
        async with world.listen() as stream:
            app.state.draining.set()
            last = await stream.next()
            assert last is not None and last.name == "closing"
            assert await stream.next() is None


async def test_who_is_too_slow_is_let_go_and_comes_back(world: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "WAITING_AT_MOST", 2)
    monkeypatch.setattr("services.requests.stream.service.GATHER_SECONDS", 1.0)
    async with world.listen() as stream:
        made = [(await world.submit("staff"))["id"] for _ in range(6)]
        seen: list[str] = []
        while (event := await stream.next()) is not None and event.name != "behind":
            seen.append(event.data["request_id"])
        assert event is not None and event.name == "behind"
    monkeypatch.undo()
    async with world.listen(last_id=stream.last_id) as resumed:
        seen += [each.data["request_id"] for each in await resumed.take(6 - len(seen))]
    assert seen == made


async def test_only_so_many_at_once(world: Served) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(feeds.STREAMS_EACH):
            await stack.enter_async_context(world.listen())
        token = bearer("staff", **world.claims("staff"))
        async with httpx.AsyncClient() as client:
            refused = await client.get(world.url + STREAM, headers=token)
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-streams")
        async with world.listen("head"):
            pass
    async with world.listen():
        pass


@pytest.mark.parametrize(("role", "status"), [("merchant", 403), (None, 401)])
async def test_who_may_not_follow(world: Served, role: str | None, status: int) -> None:
    headers = bearer(role, **world.claims(role)) if role else {}
    async with httpx.AsyncClient() as client:
        answer = await client.get(world.url + STREAM, headers=headers)
    assert answer.status_code == status


async def test_nats_is_killed_and_nothing_is_lost(
    settings_values: SettingsValues, fresh_database_urls: DatabaseUrls, mortal: tuple[Killable, str, str]
) -> None:
    """With a database of its own, whose events no other relay takes elsewhere."""
    server, url, password = mortal
    database_url, _ = await fresh_database_urls("requests")
    own = {"database_url": database_url, "nats_url": url, "nats_password": password}
    async with served(settings_values, **own) as (app, base):
        world = await a_community(app, base)
        async with world.listen() as stream:
            made = [(await world.submit("staff"))["id"]]
            await stream.take(1)
            server.kill()
            made += [(await world.submit("staff"))["id"] for _ in range(3)]
            await server.restart()
            made.append((await world.submit("staff"))["id"])
            events = await stream.take(4)
            assert [each.data["request_id"] for each in events] == made[1:]
        async with world.listen(last_id=events[0].id) as resumed:
            again = await resumed.take(3)
        assert [each.data["request_id"] for each in again] == made[2:]


async def test_a_stream_made_anew_is_another(
    settings_values: SettingsValues, mortal: tuple[Killable, str, str]
) -> None:
    _server, url, password = mortal
    async with served(settings_values, nats_url=url, nats_password=password, role="api") as (app, base):
        world = await a_community(app, base)
        operator = Bus(url, OPERATOR, password, name="test")
        async with world.listen() as stream:
            jetstream = await operator.jetstream()
            await jetstream.delete_stream(stream_of("requests"))
            await operator.declare_stream("requests")
            last = await stream.next()
            assert last is not None and last.name == "reset"
        token = bearer("staff", **world.claims("staff"))
        async with listening(base + STREAM, token, stream.last_id) as again:
            (first,) = await again.take(1)
        assert first.name == "reset"
        await operator.close()


async def test_without_nats_it_is_said_at_once(
    settings_values: SettingsValues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "READY_SECONDS", 0.1)
    async with served(settings_values, role="api", nats_url="nats://127.0.0.1:9") as (app, url):
        world = await a_community(app, url)
        async with httpx.AsyncClient() as client:
            answer = await client.get(world.url + STREAM, headers=bearer("staff", **world.claims("staff")))
    assert (answer.status_code, answer.json()["code"]) == (503, "stream-unavailable")
