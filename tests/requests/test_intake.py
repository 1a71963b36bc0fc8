"""Requests come in by every channel, once, with nothing personal left in the clear."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from services.requests.found_persons.consumers import CATEGORY
from tests.requests.world import LAMP, URL, World

SECRETS = ("走廊里的秘密", "赵钱孙", "19900001234", "永福里", "后门左拐")
PLACE = {"address": {"compound": "永福里", "building": "3", "unit": "2"}, "note": "后门左拐"}


async def publish_grid(world: World, *, addresses: list[dict[str, str]] | None = None) -> None:
    square = [[109.96, 40.62], [109.98, 40.62], [109.98, 40.64], [109.96, 40.64], [109.96, 40.62]]
    await world.deliver(
        "dispatch.grid_published.v1",
        {
            "grid_code": world.grid,
            "kind": "comprehensive",
            "version": 1,
            "boundary": {"type": "Polygon", "coordinates": [square]},
            "addresses": addresses or [],
        },
        subject=f"grids/{world.grid}",
    )


async def test_a_resident_submits_from_the_app(world: World) -> None:
    made = await world.submit(description=SECRETS[0], attributes={"fault": "dark"})
    assert made["state"] == "submitted"
    assert made["mine"] is True
    assert (made["channel"], made["urgency"]) == ("app", "normal")
    assert made["accept_by"] < made["resolve_by"]
    assert await world.get("resident", made["id"]) == made
    assert await world.steps("resident", made["id"]) == ["submitted"]
    (event,) = await world.published(made["id"])
    assert event.type == "requests.request_submitted.v1"
    assert event.data["requester_person_id"] == str(world.person)
    assert event.data["household_id"] == str(world.household)
    assert event.data["origin"] is None


async def test_what_is_urgent_is_accepted_as_it_comes(world: World) -> None:
    made = await world.submit("staff", category="public_safety.fire_hazard", attributes={"hazard": "gas"})
    assert (made["urgency"], made["state"]) == ("urgent", "accepted")
    assert await world.steps("staff", made["id"]) == ["submitted", "accepted"]
    (event,) = await world.published(made["id"])
    assert event.data["state"] == "accepted"


async def test_the_address_decides_before_the_position(world: World) -> None:
    await publish_grid(world, addresses=[{"compound": "永福里", "building": "3", "unit": ""}])
    by_address = await world.submit(place=PLACE)
    by_position = await world.submit(place={"position": {"longitude": 109.97, "latitude": 40.63, "crs": "wgs84"}})
    nowhere = await world.submit(place={"position": {"longitude": 110.5, "latitude": 40.63, "crs": "wgs84"}})
    assert [made["grid_code"] for made in (by_address, by_position, nowhere)] == [world.grid, world.grid, None]


async def test_a_position_is_kept_in_the_clear_only_of_public_matters(world: World) -> None:
    place = {"position": {"longitude": 109.97, "latitude": 40.63, "crs": "wgs84"}}
    lamp = await world.submit(place=place)
    quarrel = await world.submit(category="fairness.neighbour_noise", place=place)
    assert quarrel["place"]["longitude"] == 109.97
    rows = dict(await world.sql("SELECT id::text, longitude FROM service_request"))
    assert (rows[lamp["id"]], rows[quarrel["id"]]) == (109.97, None)


async def test_a_worker_writes_down_what_a_caller_says(world: World) -> None:
    caller = {"name": SECRETS[1], "phone": SECRETS[2]}
    made = await world.submit("grid_worker", channel="phone", requester=caller)
    assert made["requester"] == {"name": "赵*", "phone": "199****1234"}
    assert made["grid_code"] == world.grid, "a worker of one grid writes down what happens there"
    seen = await world.get("staff", made["id"])
    assert seen["requester"] == made["requester"]
    revealed = await world.post("staff", f"{made['id']}/reveal", {"purpose": "service_delivery"})
    assert revealed == {"name": SECRETS[1], "phone": "+86" + SECRETS[2]}
    entries = await world.sql("SELECT action, purpose, fields FROM audit_entry WHERE community_code = :c", c=world.code)
    assert [entry.action for entry in entries] == ["service_requests.register_requester", "service_requests.reveal"]
    again = await world.post("staff", "search", {"phone": "199 0000 1234", "purpose": "service_delivery"})
    assert [item["id"] for item in again["items"]] == [made["id"]]


async def test_a_partners_own_number_makes_one_request_however_often_and_at_once(world: World) -> None:
    data = {"category": LAMP, "external_id": "12345-7", "description": "灯"}
    answers = await asyncio.gather(*(world.call("partner", "POST", "", data) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len({answer.json()["description"] for answer in answers}) == 1
    other = await world.call("partner", "POST", "", data, client_id="another")
    assert other.status_code == 201
    assert len(await world.published()) == 2


async def test_an_idempotency_key_is_one_effect(world: World) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = await world.call("resident", "POST", "", {"category": LAMP}, headers=key)
    again = await world.call("resident", "POST", "", {"category": LAMP}, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    reused = await world.call("resident", "POST", "", {"category": "livelihood.walls"}, headers=key)
    assert reused.status_code == 422
    assert len(await world.published()) == 1


@pytest.mark.parametrize(
    ("role", "data", "place"),
    [
        ("resident", {"category": "livelihood.no_such_thing"}, "/category"),
        ("resident", {"category": LAMP, "urgency": "urgent"}, "/urgency"),
        ("resident", {"category": LAMP, "channel": "phone"}, "/channel"),
        ("resident", {"category": LAMP, "requester_person_id": str(uuid4())}, "/requester_person_id"),
        ("resident", {"category": LAMP, "external_id": "x"}, "/external_id"),
        ("staff", {"category": LAMP, "external_id": "x"}, "/external_id"),
        ("staff", {"category": LAMP, "channel": "app"}, "/channel"),
        ("partner", {"category": LAMP, "household_id": str(uuid4())}, "/household_id"),
        ("partner", {"category": LAMP, "community_code": "990000000000"}, "/community_code"),
        ("resident", {"category": LAMP, "attributes": {"fault": "blue"}}, "/attributes/fault"),
        ("resident", {"category": LAMP, "attributes": {"colour": "blue"}}, "/attributes"),
        ("staff", {"category": "public_safety.fire_hazard"}, "/attributes/hazard"),
        ("resident", {"category": "livelihood.paths", "attributes": {"length_m": True}}, "/attributes/length_m"),
        ("resident", {"category": LAMP, "description": "a\u0000b"}, "/description"),
        ("resident", {"category": LAMP, "title": "a\u202eb"}, "/title"),
        ("resident", {"category": LAMP, "place": {"position": {"longitude": 1, "latitude": 1}}}, "/place/position/crs"),
        ("resident", {"category": LAMP, "surprise": 1}, ""),
    ],
)
async def test_what_does_not_fit_is_named_and_changes_nothing(
    world: World, role: str, data: dict[str, Any], place: str
) -> None:
    response = await world.call(role, "POST", "", data)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["errors"][0]["pointer"].startswith(place)
    assert await world.published() == []


async def test_nothing_personal_lies_in_the_database_or_the_outbox(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    requester = {"name": SECRETS[1], "phone": SECRETS[2]}
    made = await world.submit("staff", title="找人", description=SECRETS[0], place=PLACE, requester=requester)
    await world.post("staff", f"{made['id']}/updates", {"kind": "progress", "text": SECRETS[0]})
    assert SECRETS[0] in str(await world.get("staff", made["id"]))
    dump = ""
    for (table,) in await world.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        dump += str(await world.sql(f"SELECT t::text FROM {table} t")) if table != "alembic_version" else ""
    assert made["id"] in dump
    logs = capsys.readouterr()
    for secret in (*SECRETS, "找人"):
        assert secret not in dump
        assert secret.encode().hex() not in dump
        assert secret not in logs.out + logs.err


async def test_a_found_person_is_one_urgent_request(world: World) -> None:
    case, card = str(uuid4()), str(uuid4())
    data = {"found_person_id": case, "card_id": card, "grid_code": world.grid, "urgency": "urgent"}
    for _ in range(2):
        await world.deliver("residents.found_person_reported.v1", data, subject=f"found-persons/{case}")
    (event,) = await world.published()
    assert event.data["origin"] == {"type": "found_person", "id": case}
    assert (event.data["category"], event.data["channel"], event.data["urgency"]) == (CATEGORY, "card", "urgent")
    assert event.data["grid_code"] == world.grid
    seen = await world.get("grid_worker", event.data["request_id"])
    assert (seen["state"], seen["origin"]["id"]) == ("accepted", case)


async def test_a_found_person_does_not_wait_for_categories(api: Any) -> None:
    bare, case = World(api), str(uuid4())
    assert await bare.get("staff", "/v1/categories") == {"items": [], "next_cursor": None}
    data = {"found_person_id": case, "card_id": None, "grid_code": None}
    await bare.deliver("residents.found_person_reported.v1", data, subject=f"found-persons/{case}")
    assert len(await bare.published()) == 1


async def test_the_answer_names_the_new_resource(world: World) -> None:
    response = await world.call("resident", "POST", "", {"category": LAMP})
    assert response.headers["Location"] == f"{URL}/{response.json()['id']}"
    read = await world.call("resident", "GET", response.json()["id"])
    assert read.headers["ETag"] == response.headers["ETag"] == '"1"'
    cached = await world.call("resident", "GET", response.json()["id"], headers={"If-None-Match": read.headers["ETag"]})
    assert cached.status_code == 304
