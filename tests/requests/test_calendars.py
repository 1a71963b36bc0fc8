"""A community's own working calendar: who may change it, what changes with it, and what is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI

from tests.requests.world import World, found

CALENDAR = "/v1/working-calendar"
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""09:00 in China."""
CLOSED = {"on": "2026-03-03", "worked": False, "note": "停电检修"}


async def change(world: World, method: str, path: str, json: Any = None, *, version: int, status: int = 200) -> Any:
    answer = await world.call("staff", method, CALENDAR + path, json, headers={"If-Match": f'"{version}"'})
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def test_without_its_own_a_community_works_by_the_announced_calendar(world: World) -> None:
    calendar = await world.get("resident", CALENDAR)
    assert (calendar["version"], calendar["days"]) == (0, [])
    assert calendar["hours"] == [["09:00", "12:00"], ["13:30", "17:30"]]
    days = await world.get("resident", f"{CALENDAR}/days?from=2026-02-13&to=2026-02-28")
    kinds = {day["on"][-2:]: day["kind"] for day in days["items"]}
    assert days["announced"] is True
    assert [kinds[day] for day in ("13", "14", "16", "21", "24", "28")] == [
        "workday",
        "make_up",
        "holiday",
        "weekend",
        "workday",
        "make_up",
    ]


async def test_a_day_is_added_changed_and_dropped_each_a_version_that_stays_readable(world: World) -> None:
    with time_machine.travel(MONDAY, tick=False):
        await world.post("staff", f"{CALENDAR}/days", CLOSED)
        again = await world.call("staff", "POST", f"{CALENDAR}/days", CLOSED)
        assert (again.status_code, again.json()["code"]) == (409, "calendar-day-exists")
        shift = {"worked": True, "hours": [["18:00", "00:00"]]}
        await change(world, "PATCH", "/days/2026-03-03", shift, version=1)
        await change(world, "PATCH", "/days/2026-03-03", shift, version=1, status=412)
        await change(world, "DELETE", "/days/2026-03-03", version=2, status=204)
        await change(world, "DELETE", "/days/2026-03-03", version=3, status=404)
    now = await world.get("staff", CALENDAR)
    assert (now["version"], now["days"]) == (3, [])
    earlier = await world.get("staff", f"{CALENDAR}?version=2")
    assert earlier["days"] == [
        {"on": "2026-03-03", "worked": True, "hours": [["18:00", "00:00"]], "note": None},
    ]
    assert (await world.call("staff", "GET", f"{CALENDAR}?version=4")).status_code == 404


async def test_promises_are_counted_by_the_calendar_of_then_and_kept(world: World) -> None:
    """What was promised before a closure was decided is kept; what is promised after it knows the closure."""
    with time_machine.travel(MONDAY, tick=False) as clock:
        before = await world.submit()
        await world.post("staff", f"{CALENDAR}/days", CLOSED)
        after = await world.submit()
        assert _at(after["resolve_by"]) == _at(before["resolve_by"]) + timedelta(days=1)
        assert (await world.get("staff", before["id"]))["resolve_by"] == before["resolve_by"]
        week = {"hours": [["08:00", "12:00"], ["13:00", "18:00"]], "weekdays": {"3": []}}
        await change(world, "PATCH", "", week, version=1)
        third = await world.submit()
        assert _at(third["accept_by"]) == MONDAY + timedelta(hours=2)
        days = (await world.get("staff", f"{CALENDAR}/days?from=2026-03-02&to=2026-03-05"))["items"]
        assert [(day["kind"], len(day["hours"])) for day in days] == [
            ("workday", 2),
            ("own", 0),
            ("workday", 0),
            ("workday", 2),
        ]
        # A pause is counted by the calendar of the promise, too; "not solved" promises anew, by that of today.
        for request in (before, after):
            await world.post("staff", f"{request['id']}/accept")
            await world.post("staff", f"{request['id']}/resolve", {"text": "好了"})
        clock.move_to(MONDAY + timedelta(minutes=1))
        for request in (before, after):
            await world.post("resident", f"{request['id']}/reopen", {})
        promised = {(await world.get("staff", request["id"]))["resolve_by"] for request in (before, after)}
        assert len(promised) == 1


async def test_urgent_time_asks_no_calendar(world: World) -> None:
    with time_machine.travel(MONDAY, tick=False):
        await world.post("staff", f"{CALENDAR}/days", CLOSED | {"on": "2026-03-02"})
        urgent = await world.submit("staff", category="public_safety.manhole")
        assert _at(urgent["resolve_by"]) == MONDAY + timedelta(hours=8)


@pytest.mark.parametrize(
    "body",
    [
        {"hours": []},
        {"hours": [["12:00", "09:00"]]},
        {"hours": [["09:00", "12:00"], ["11:00", "13:00"]]},
        {"hours": [["9:00", "12:00"]]},
        {"weekdays": {"8": []}},
        {"weekdays": {"1": [["09:00", "09:00"]]}},
        {"weekdays": {str(day): [] for day in range(1, 6)}},
        {"weekdays": {str(day): [] for day in range(1, 8)}},
    ],
    ids=["none", "backwards", "overlapping", "no clock", "no such day", "empty spell", "no day", "no day said"],
)
async def test_hours_that_are_none_are_refused(world: World, body: dict[str, Any]) -> None:
    answer = await world.call("staff", "PATCH", CALENDAR, body, headers={"If-Match": '"0"'})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation"), answer.text


async def test_an_office_may_open_at_weekends_only(world: World) -> None:
    with time_machine.travel(MONDAY, tick=False):
        closed = {str(day): [] for day in range(1, 6)}
        await change(world, "PATCH", "", {"weekdays": closed | {"6": [["09:00", "17:00"]]}}, version=0)
        assert _at((await world.submit())["accept_by"]) == MONDAY + timedelta(days=5, hours=2)


@pytest.mark.parametrize(
    "day",
    [
        {"worked": False, "hours": [["09:00", "12:00"]]},
        {"worked": True, "hours": []},
        {"worked": True, "hours": [["12:00", "11:00"]]},
    ],
    ids=["closed with hours", "worked without", "backwards"],
)
async def test_days_that_contradict_themselves_are_refused(world: World, day: dict[str, Any]) -> None:
    answer = await world.call("staff", "POST", f"{CALENDAR}/days", {"on": "2026-03-03"} | day)
    assert answer.status_code == 422


@pytest.mark.parametrize("role", ["resident", "grid_worker", "responder", "supervisor", "partner", "merchant", None])
async def test_only_the_office_changes_the_calendar(world: World, role: str | None) -> None:
    expected = 401 if role is None else 403
    assert (await world.call(role, "POST", f"{CALENDAR}/days", CLOSED)).status_code == expected
    for method, path in (("PATCH", ""), ("PATCH", "/days/2026-03-03"), ("DELETE", "/days/2026-03-03")):
        answer = await world.call(role, method, CALENDAR + path, {"worked": True}, headers={"If-Match": '"0"'})
        assert answer.status_code == expected
    readable = 401 if role is None else 403 if role == "merchant" else 200
    assert (await world.call(role, "GET", CALENDAR)).status_code == readable


async def test_another_communitys_calendar_does_not_exist(api: FastAPI, world: World) -> None:
    other = await found(api)
    answer = await world.call("staff", "GET", f"{CALENDAR}?community_code={other.code}")
    assert answer.status_code == 404
    answer = await world.call("staff", "GET", f"{CALENDAR}/days?from=2026-03-02&to=2026-03-01")
    assert answer.status_code == 422


def _at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)
