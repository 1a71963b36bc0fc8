"""Nobody floods the office: limits by person, phone and client, and flags that stop who abuses them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy import text

from services.requests.abuse.limits import USUAL
from shared.auth import Role
from shared.clock import utc_now
from tests.apps import create, running
from tests.requests.world import LAMP, World, found

WALLS = "livelihood.walls"
FIRE = {"category": "public_safety.fire_hazard", "attributes": {"hazard": "gas"}}
FLAGS = "/v1/abuse-flags"


@pytest.fixture(scope="module")
async def strict_api(
    settings_values: Callable[[str], Awaitable[dict[str, str]]], quiet_urls: tuple[str, str]
) -> AsyncIterator[FastAPI]:
    """The service with the limits that it has unless it is told otherwise, but a client's."""
    usual = {"person_per_10_minutes": USUAL.person_per_10_minutes, "person_per_day": 5, "client_per_10_minutes": 4}
    app = await create("requests", settings_values, role="api", database_url=quiet_urls[0], **usual)
    async with running(app):
        yield app


@pytest.fixture
async def strict(strict_api: FastAPI) -> World:
    return await found(strict_api)


async def submits(world: World, count: int, role: str = "resident", *, claims: Any = None, **data: Any) -> list[int]:
    answers = [await world.call(role, "POST", "", {"category": LAMP} | data, **(claims or {})) for _ in range(count)]
    return [answer.status_code for answer in answers]


async def test_a_person_who_submits_too_fast_is_told_when_to_go_on(strict: World) -> None:
    assert await submits(strict, 3) == [201] * 3
    refused = await strict.call("resident", "POST", "", {"category": WALLS})
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-submissions")
    assert 0 < int(refused.headers["Retry-After"]) <= 600
    assert refused.json()["retry_after"] == int(refused.headers["Retry-After"])
    assert await submits(strict, 1, claims={"person": uuid4()}) == [201], "another person is another person"
    with time_machine.travel(utc_now() + timedelta(minutes=11)):
        assert await submits(strict, 1) == [201]


async def test_however_many_come_at_once_no_limit_is_passed(strict: World) -> None:
    """Of one person, and of one phone whichever partner names it; nobody else waits for them."""
    caller = {"phone": "19900007777"}
    stranger = strict.call("resident", "POST", "", {"category": LAMP}, person=uuid4())
    theirs = [strict.call("resident", "POST", "", {"category": (LAMP, WALLS)[n % 2]}) for n in range(9)]
    of_phone = [
        strict.call("partner", "POST", "", {"category": LAMP, "requester": caller}, client_id=f"client-{n}")
        for n in range(9)
    ]
    codes = [answer.status_code for answer in await asyncio.gather(*theirs, *of_phone, stranger)]
    assert sorted(codes[:9]) == [201] * 3 + [429] * 6
    assert sorted(codes[9:18]) == [201] * 5 + [429] * 4
    assert codes[18] == 201


async def test_a_day_has_its_limit_too(strict: World) -> None:
    start = utc_now()
    assert await submits(strict, 3) == [201] * 3
    await earlier(strict)
    assert await submits(strict, 3) == [201, 201, 429]
    await earlier(strict)
    refused = await strict.call("resident", "POST", "", {"category": LAMP})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 3600
    with time_machine.travel(start + timedelta(hours=25)):
        assert await submits(strict, 1) == [201]


async def earlier(world: World) -> None:
    """As if all had been submitted fifteen minutes earlier. Ids begin with their time, so they change as well."""
    shift = timedelta(minutes=15)
    async with world.alone() as session:
        known = (await session.execute(text("SELECT id FROM service_request"))).all()
        for table in ("timeline_entry", "request_work_order"):
            await session.execute(text(f"DELETE FROM {table}"))
        for (known_id,) in known:
            moved = UUID(int=known_id.int - (int(shift.total_seconds() * 1000) << 80))
            change = "SET id = :moved, created_at = created_at - CAST(:shift AS interval)"
            update = text(f"UPDATE service_request {change} WHERE id = :id")
            await session.execute(update, {"moved": moved, "shift": shift, "id": known_id})


async def test_what_is_urgent_comes_through_longer_but_not_for_ever(strict: World) -> None:
    assert await submits(strict, 3) == [201] * 3
    assert await submits(strict, 1) == [429]
    assert await submits(strict, 7, **FIRE) == [201] * 6 + [429]


async def test_a_category_may_have_a_limit_of_its_own(strict: World) -> None:
    change = {"daily_limit": 1}
    path = f"/v1/categories/{WALLS}"
    assert (await strict.call("staff", "PATCH", path, change, headers={"If-Match": '"1"'})).status_code == 200
    assert await submits(strict, 2, category=WALLS) == [201, 429]
    assert await submits(strict, 1) == [201]


async def test_the_office_is_not_limited(strict: World) -> None:
    caller = {"name": "李四", "phone": "19900004321"}
    assert await submits(strict, 6, "staff", channel="phone", requester=caller) == [201] * 6
    assert await submits(strict, 6, "grid_worker", requester_person_id=str(strict.person)) == [201] * 6


async def test_a_client_is_limited_and_so_is_the_phone_it_speaks_for(strict: World) -> None:
    assert await submits(strict, 5, "partner") == [201] * 4 + [429]
    caller = {"phone": "19900005555"}
    codes = [
        (await submits(strict, 1, "partner", claims={"client_id": f"client-{number}"}, requester=caller))[0]
        for number in range(6)
    ]
    assert codes == [201] * 5 + [429], "whichever client, it is one phone"
    assert await submits(strict, 1, "partner", claims={"client_id": "other"}, requester={"phone": "19900006666"}) == [
        201
    ]


async def test_an_answer_that_is_repeated_is_not_counted_twice(strict: World) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    for _ in range(5):
        assert (await strict.call("resident", "POST", "", {"category": LAMP}, headers=key)).status_code == 201


async def flag(world: World, request_id: str, reason: str = "false_report") -> Any:
    return await world.post("staff", f"{request_id}/flag-abuse", {"reason": reason})


async def test_the_third_flag_stops_further_requests_until_one_is_lifted(world: World) -> None:
    requests = [(await world.submit())["id"] for _ in range(3)]
    flags = [await flag(world, request_id) for request_id in requests]
    refused = await world.call("resident", "POST", "", {"category": LAMP})
    assert (refused.status_code, refused.json()["code"]) == (403, "intake-blocked")
    assert refused.json()["until"][:10] == flags[0]["counts_until"][:10]
    assert await submits(world, 1, **FIRE) == [201], "nobody in danger is turned away"
    assert await submits(world, 1, claims={"person": uuid4()}) == [201]
    assert await submits(world, 1, "staff", requester_person_id=str(world.person)) == [201], "the office takes it in"
    lifted = await world.post("head", f"{FLAGS}/{flags[1]['id']}/lift")
    assert lifted["lifted_by"] == f"head-{world.code}"
    assert await submits(world, 1) == [201]
    again = await world.call("head", "POST", f"{FLAGS}/{flags[1]['id']}/lift")
    assert (again.status_code, again.json()["code"]) == (409, "flag-lifted")
    audited = await world.sql("SELECT action FROM audit_entry WHERE community_code = :c ORDER BY id", c=world.code)
    assert [row.action for row in audited] == ["abuse_flags.flag"] * 3 + ["abuse_flags.lift"]


async def test_flags_count_for_thirty_days(world: World) -> None:
    for _ in range(3):
        await flag(world, (await world.submit())["id"])
    assert await submits(world, 1) == [403]
    oldest = "(SELECT id FROM abuse_flag ORDER BY id LIMIT 1)"
    await world.sql(f"UPDATE abuse_flag SET created_at = now() - interval '31 days' WHERE id = {oldest} RETURNING 1")
    assert await submits(world, 1) == [201]


async def test_a_callers_phone_is_stopped_where_a_partner_speaks_for_it(world: World) -> None:
    caller = {"phone": "19900007777"}
    for _ in range(3):
        made = await world.submit("partner", requester=caller)
        await flag(world, made["id"], "advertising")
    assert await submits(world, 1, "partner", requester=caller) == [403]
    assert await submits(world, 1, "partner") == [201]


async def test_flags_are_told_apart_and_to_the_office_only(world: World) -> None:
    made = (await world.submit())["id"]
    flagged = await flag(world, made)
    assert (await world.call("staff", "POST", f"{made}/flag-abuse", {"reason": "insults"})).status_code == 409
    nameless = (await world.submit("staff"))["id"]
    refused = await world.call("staff", "POST", f"{nameless}/flag-abuse", {"reason": "insults"})
    assert (refused.status_code, refused.json()["code"]) == (409, "nobody-to-flag")
    assert await world.steps("resident", made) == ["submitted"]
    assert await world.steps("staff", made) == ["submitted", "note"]
    listed = await world.get("staff", f"{FLAGS}?person_id={world.person}&standing=true")
    assert [item["id"] for item in listed["items"]] == [flagged["id"]]
    assert (await world.get("staff", f"{FLAGS}?person_id={uuid4()}"))["items"] == []
    outside = await world.call("staff", "POST", f"{FLAGS}/{flagged['id']}/lift", area="990000000000")
    assert outside.status_code == 404
    assert (await world.get("staff", FLAGS, area="990000000000"))["items"] == []


async def test_nothing_is_held_against_who_was_erased(world: World) -> None:
    for _ in range(3):
        await flag(world, (await world.submit())["id"])
    await world.deliver(
        "residents.person_erased.v1", {"person_id": str(world.person)}, subject=f"people/{world.person}"
    )
    assert (await world.get("staff", f"{FLAGS}?person_id={world.person}"))["items"] == []


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_at_every_door(world: World, role: Role) -> None:
    doors = (
        ("GET", FLAGS, None),
        ("POST", f"{FLAGS}/{uuid4()}/lift", None),
        ("POST", f"{uuid4()}/flag-abuse", {"reason": "insults"}),
    )
    for method, path, json in doors:
        status = (await world.call(role, method, path, json)).status_code
        assert status in ((200, 404) if role in (Role.STAFF, Role.HEAD) else (403,)), (method, path)
