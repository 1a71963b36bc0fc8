"""Photos of a meeting: who came and what was written by hand is the seats' own; the rest is for who reads of it."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.principals import bearer
from tests.requests.deliberating import Table, asked, resolved
from tests.requests.world import World
from tests.shared.test_photos import encoded, picture

JPEG = encoded(picture())


async def send(table: Table, role: str = "staff", visibility: str = "", **claims: Any) -> httpx.Response:
    world = table.world
    return await world.http.post(
        f"{table.path}/photos",
        params={"visibility": visibility} if visibility else {},
        content=JPEG,
        headers=bearer(role, **world.claims(role) | claims) | {"Content-Type": "image/jpeg"},
    )


async def seen(table: Table, role: str, **claims: Any) -> set[str]:
    """What is listed, each of which opens."""
    ids = {each["id"] for each in (await table.world.get(role, f"{table.path}/photos", **claims))["items"]}
    for each in ids:
        opened = await table.world.call(role, "GET", f"{table.path}/photos/{each}?size=thumbnail", **claims)
        assert opened.headers["content-type"] == "image/jpeg"
    return ids


async def test_the_list_of_who_came_is_the_seats_own(world: World) -> None:
    table = await resolved(world)
    sheet = (await send(table)).json()
    shot = (await send(table, "head", visibility="public")).json()
    assert (sheet["visibility"], shot["visibility"]) == ("internal", "public")
    seat, everybody = {"person": table.residents[0]}, {"person": uuid4()}
    assert await seen(table, "resident", **seat) == {sheet["id"], shot["id"]}
    assert await seen(table, "responder") == {sheet["id"], shot["id"]}
    assert (await world.call("resident", "GET", f"{table.path}/photos", **everybody)).status_code == 404
    await table.post("publish")
    assert await seen(table, "resident", **everybody) == {shot["id"]}
    assert await seen(table, "supervisor") == {shot["id"]}
    hidden = await world.call("resident", "GET", f"{table.path}/photos/{sheet['id']}", **everybody)
    assert hidden.status_code == 404
    assert (await send(table)).json()["code"] == "wrong-state", "what is published is published"


async def test_whoever_runs_the_meeting_adds_them(world: World) -> None:
    table = Table(world, await asked(world, 1))
    await table.propose()
    await table.invite()
    assert (await send(table)).json()["code"] == "wrong-state", "it has not been called yet"
    await table.schedule()
    assert (await send(table, "resident", person=table.residents[0])).status_code == 403
    assert (await send(table, "responder")).status_code == 403
    assert (await send(table, "resident", person=uuid4())).status_code == 404
    assert (await send(table, "head")).status_code == 201


async def test_who_sent_it_takes_it_back_until_the_minutes_are_approved(world: World) -> None:
    table = Table(world, await asked(world, 1))
    await table.propose()
    await table.invite()
    await table.schedule()
    await table.hold()
    first, second = [(await send(table)).json()["id"] for _ in range(2)]
    withdraw = f"{table.path}/photos/{first}/withdraw"
    assert (await world.call("head", "POST", withdraw)).status_code == 403
    assert (await world.call("staff", "POST", withdraw)).status_code == 204
    assert await seen(table, "staff") == {second}
    await table.decide()
    late = await world.call("staff", "POST", f"{table.path}/photos/{second}/withdraw")
    assert (late.status_code, late.json()["code"]) == (409, "minutes-approved")


@pytest.mark.parametrize("role", ["merchant", "partner", "gateway"])
async def test_nobody_else_comes_near(world: World, role: str) -> None:
    table = await resolved(world)
    assert (await send(table, role)).status_code == 403
    assert (await world.call(role, "GET", f"{table.path}/photos")).status_code == 403
