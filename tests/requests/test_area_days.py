"""Holidays and make-up days of a district or city: in every community's calendar under it, and in no other's."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI

from services.requests.area_days.service import spread_everywhere
from shared.codes import EVERYWHERE
from tests.requests.world import World, found

CALENDAR = "/v1/working-calendar"
AREA_DAYS = f"{CALENDAR}/area-days"
TUESDAY = "2026-03-03"
CLOSED = {"on": TUESDAY, "worked": False, "note": "全市停课停工"}
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""09:00 in China."""
_streets = count(100)


@pytest.fixture
async def town(api: FastAPI) -> AsyncIterator[tuple[World, World]]:
    """Two communities of two subdistricts of a city that no other test uses, while `TUESDAY` is still to come."""
    city = f"17{next(_streets) % 100:02d}"
    with time_machine.travel(MONDAY):
        yield await found(api, code=f"{city}01001001"), await found(api, code=f"{city}01002001")


async def announce(world: World, reach: str, **more: Any) -> dict[str, Any]:
    """By a supervisor whose area is `reach`."""
    return await world.post("supervisor", AREA_DAYS, CLOSED | more, area=reach)


async def kind_of(world: World, on: str = TUESDAY) -> str:
    return (await world.get("staff", f"{CALENDAR}/days?from={on}&to={on}"))["items"][0]["kind"]


async def test_it_is_in_the_calendar_of_every_community_under_it(town: tuple[World, World]) -> None:
    near, far = town
    city = near.code[:4]
    made = await announce(near, city)
    assert (made["area"], made["changed"]) == (city, 2)
    for world in town:
        calendar = await world.get("resident", CALENDAR)
        assert (calendar["version"], calendar["days"]) == (1, [])
        assert calendar["hours"] == [["09:00", "12:00"], ["13:30", "17:30"]]
        assert [(each["on"], each["area"], each["note"]) for each in calendar["area_days"]] == [
            (TUESDAY, city, CLOSED["note"])
        ]
        assert await kind_of(world) == "area"
    withdrawn = await near.post("supervisor", f"{AREA_DAYS}/{made['id']}/withdraw", area=city)
    assert withdrawn["changed"] == 2
    assert await kind_of(far) == "workday"
    assert (await far.get("staff", CALENDAR))["version"] == 2
    earlier = await far.get("staff", f"{CALENDAR}?version=1")
    assert len(earlier["area_days"]) == 1, "a version never changes"
    listed = (await near.get("supervisor", AREA_DAYS, area=city))["items"]
    assert [(each["id"], each["withdrawn_at"] is not None) for each in listed] == [(made["id"], True)]


async def test_what_is_nearer_holds(town: tuple[World, World]) -> None:
    """The community's own day before the subdistrict's, that before the city's; each again when the nearer is gone."""
    near, far = town
    await announce(near, near.code[:4])
    street = await announce(near, near.code[:4], area=near.code[:9], worked=True, hours=[["10:00", "11:00"]])
    assert street["changed"] == 1
    day = (await near.get("staff", f"{CALENDAR}/days?from={TUESDAY}&to={TUESDAY}"))["items"][0]
    assert (day["kind"], day["hours"]) == ("area", [["10:00", "11:00"]])
    own = {"on": TUESDAY, "worked": True, "hours": [["08:00", "09:00"]]}
    await near.post("staff", f"{CALENDAR}/days", own)
    assert await kind_of(near) == "own"
    tag = {"If-Match": f'"{(await near.get("staff", CALENDAR))["version"]}"'}
    gone = await near.call("staff", "DELETE", f"{CALENDAR}/days/{TUESDAY}", headers=tag)
    assert gone.status_code == 204
    assert await kind_of(near) == "area"
    await near.post("supervisor", f"{AREA_DAYS}/{street['id']}/withdraw", area=near.code[:4])
    for world in (near, far):
        day = (await world.get("staff", f"{CALENDAR}/days?from={TUESDAY}&to={TUESDAY}"))["items"][0]
        assert (day["kind"], day["hours"]) == ("area", [])


async def test_promises_keep_the_calendar_of_then(town: tuple[World, World]) -> None:
    world = town[0]
    with time_machine.travel(MONDAY, tick=False):
        before = await world.submit()
        await announce(world, world.code[:6])
        after = await world.submit()
        late, early = (datetime.fromisoformat(each["resolve_by"]) for each in (after, before))
        assert (late - early).days == 1
        assert (await world.get("staff", before["id"]))["resolve_by"] == before["resolve_by"]


async def test_who_was_founded_since_has_it_too(api: FastAPI, town: tuple[World, World]) -> None:
    old = town[0]
    await announce(old, old.code[:6])
    young = await found(api, code=f"{old.code[:9]}002")
    async with young.database.transaction(EVERYWHERE) as session:
        await spread_everywhere(session)
        await spread_everywhere(session)
    assert (await kind_of(young), (await young.get("staff", CALENDAR))["version"]) == ("area", 1)
    assert (await old.get("staff", CALENDAR))["version"] == 1, "who has it gets no further version"


async def test_a_day_is_announced_once_and_only_within_ones_area(town: tuple[World, World]) -> None:
    world = town[0]
    district = world.code[:6]
    made = await announce(world, district)
    again = await world.call("supervisor", "POST", AREA_DAYS, CLOSED, area=district)
    assert (again.status_code, again.json()["code"]) == (409, "area-day-exists")
    elsewhere = await world.call("supervisor", "POST", AREA_DAYS, CLOSED | {"area": "99"}, area=district)
    assert elsewhere.status_code == 404
    for area in ("990101", world.code[:9]):
        path = f"{AREA_DAYS}/{made['id']}/withdraw"
        assert (await world.call("supervisor", "POST", path, area=area)).status_code == 404
    wrong = CLOSED | {"hours": [["09:00", "10:00"]]}
    assert (await world.call("supervisor", "POST", AREA_DAYS, wrong, area=district)).status_code == 422


@pytest.mark.parametrize("role", ["resident", "grid_worker", "responder", "staff", "head", "partner", "merchant", None])
async def test_nobody_but_supervisors_announces(world: World, role: str | None) -> None:
    expected = 401 if role is None else 403
    assert (await world.call(role, "POST", AREA_DAYS, CLOSED)).status_code == expected
    assert (await world.call(role, "GET", AREA_DAYS)).status_code == expected
    assert (await world.call(role, "POST", f"{AREA_DAYS}/{world.person}/withdraw")).status_code == expected
