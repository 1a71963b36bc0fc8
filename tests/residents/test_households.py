"""Households through the service's door."""

import asyncio

import pytest

from tests.principals import bearer
from tests.residents.registry import Registry

HOME = {"compound": "开元小区", "building": "3号楼", "unit": "2单元", "room": "302"}


async def test_a_household_lives_in_the_grid_of_its_address(registry: Registry) -> None:
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""))
    household = await registry.household(room="302")
    assert household["grid_code"] == registry.grid()
    assert household["room"] == "302"
    response = await registry.ask("GET", f"/v1/households/{household['id']}")
    assert response.json() == household
    assert response.headers["etag"] == '"1"'
    [event] = await registry.events("household_registered")
    assert event == {"household_id": household["id"], "grid_code": registry.grid()}


async def test_one_household_per_door(registry: Registry) -> None:
    path = "/v1/households"
    answers = await asyncio.gather(*(registry.ask("POST", path, json=HOME) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "household-exists"
    assert "302" not in refused.text
    await registry.post(path, HOME | {"unit": "3单元"}, status=201)


async def test_households_follow_a_grid_that_is_published_again(registry: Registry) -> None:
    await registry.publish_grid(registry.grid(1), ("开元小区", "3号楼", ""))
    stays = await registry.household(unit="1单元")
    moves = await registry.household(unit="2单元")
    await registry.publish_grid(registry.grid(2), ("开元小区", "3号楼", "2单元"))
    await registry.publish_grid(registry.grid(2), ("开元小区", "3号楼", "2单元"), version=2)
    found = {each["id"]: each for each in (await registry.get("/v1/households"))["items"]}
    assert found[stays["id"]] == stays
    assert found[moves["id"]]["grid_code"] == registry.grid(2)
    assert found[moves["id"]]["version"] == 2
    moved = await registry.events("household_moved")
    assert moved == [{"household_id": moves["id"], "grid_code": registry.grid(2)}], "only what changed is told"
    await registry.publish_grid(registry.grid(2), version=3)
    assert (await registry.get(f"/v1/households/{moves['id']}"))["grid_code"] == registry.grid(1)


async def test_a_correction_says_which_version_it_corrects(registry: Registry) -> None:
    household = await registry.household(room="302")
    path = f"/v1/households/{household['id']}"
    assert (await registry.ask("PATCH", path, json={"room": "303"})).status_code == 428
    corrected = await registry.ask("PATCH", path, json={"room": "303"}, headers={"If-Match": '"1"'})
    assert corrected.status_code == 200
    assert corrected.json()["room"] == "303"
    assert corrected.json()["building"] == household["building"]
    assert corrected.headers["etag"] == '"2"'
    stale = await registry.ask("PATCH", path, json={"room": "304"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await registry.ask("PATCH", path, json={"room": None}, headers={"If-Match": '"2"'})).status_code == 422
    assert (await registry.get(path))["room"] == "303"


async def test_a_household_moves_and_frees_its_door(registry: Registry) -> None:
    await registry.publish_grid(registry.grid(1), ("开元小区", "3号楼", ""))
    await registry.publish_grid(registry.grid(2), ("富贵园", "1号楼", ""))
    household = await registry.post("/v1/households", HOME)
    card = await registry.post("/v1/contact-cards", {"household_id": household["id"]})
    to = {"compound": "富贵园", "building": "1号楼", "unit": "", "room": "101"}
    moved = await registry.post(f"/v1/households/{household['id']}/move", to)
    assert {name: moved[name] for name in to} == to
    assert moved["grid_code"] == registry.grid(2)
    card = await registry.get(f"/v1/contact-cards/{card['id']}")
    assert card["grid_code"] == registry.grid(2), "the card tells of the new grid's worker"
    await registry.post("/v1/households", HOME, status=201)
    assert [event["grid_code"] for event in await registry.events("household_moved")] == [registry.grid(2)]


@pytest.mark.parametrize(
    ("wanted", "rooms"),
    [
        ({}, {"101", "102", "201"}),
        ({"compound": "富贵园"}, {"101", "102"}),
        ({"compound": "富贵园", "building": "2号楼"}, {"102"}),
        ({"unit": "1单元"}, {"201"}),
        ({"unit": ""}, {"101", "102"}),
        ({"compound": "没有"}, set()),
    ],
)
async def test_lists_are_filtered_by_address(registry: Registry, wanted: dict[str, str], rooms: set[str]) -> None:
    for address in (
        ("富贵园", "1号楼", "", "101"),
        ("富贵园", "2号楼", "", "102"),
        ("开元小区", "1号楼", "1单元", "201"),
    ):
        await registry.household(**dict(zip(HOME, address, strict=True)))
    found = await registry.get("/v1/households", params=wanted)
    assert {item["room"] for item in found["items"]} == rooms


async def test_pages_walk_every_household_once_in_order_of_address(registry: Registry) -> None:
    made = [await registry.household(building=f"{n % 3}号楼") for n in range(7)]
    seen, cursor = [], None
    while True:
        page = await registry.get("/v1/households", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [item["id"] for item in seen] == [
        item["id"] for item in sorted(made, key=lambda item: (item["building"], item["id"]))
    ]


async def test_each_sees_what_is_theirs(registry: Registry) -> None:
    compound = f"小区{registry.community}"  # a supervisor's list holds other tests' communities too
    nowhere = await registry.household(compound=compound, building="9号楼")
    await registry.publish_grid(registry.grid(1), (compound, "1号楼", ""))
    await registry.publish_grid(registry.grid(2), (compound, "2号楼", ""))
    first = await registry.household(compound=compound, building="1号楼")
    second = await registry.household(compound=compound, building="2号楼")
    everything = {first["id"], second["id"], nowhere["id"]}
    living = await registry.person(second["id"])
    for by, ids in (
        (bearer("staff", registry.community), everything),
        (bearer("supervisor", registry.community[:9]), everything),
        (bearer("grid_worker", registry.community, grids=[registry.grid(1)]), {first["id"]}),
        (bearer("grid_worker", registry.community), set()),
        (bearer("resident", registry.community, person=living["id"], household=first["id"]), {second["id"]}),
        (bearer("resident", registry.community), set()),
        (bearer("staff", "999999999999"), set()),
    ):
        found = await registry.get("/v1/households", by=by, params={"compound": compound})
        assert {item["id"] for item in found["items"]} == ids
        for household_id in everything:
            answer = await registry.ask("GET", f"/v1/households/{household_id}", by=by)
            assert answer.status_code == (200 if household_id in ids else 404)


async def test_a_supervisor_is_not_told_behind_which_door(registry: Registry) -> None:
    household = await registry.household(room="302")
    by = bearer("supervisor", registry.community[:6])
    assert (await registry.get(f"/v1/households/{household['id']}", by=by))["room"] is None


async def test_a_grid_worker_registers_in_their_own_grids_only(registry: Registry) -> None:
    await registry.publish_grid(registry.grid(1), ("开元小区", "1号楼", ""))
    await registry.publish_grid(registry.grid(2), ("开元小区", "2号楼", ""))
    by = bearer("grid_worker", registry.community, grids=[registry.grid(1)])
    mine = await registry.post("/v1/households", HOME | {"building": "1号楼"}, by=by, status=201)
    await registry.post("/v1/households", HOME | {"building": "2号楼"}, by=by, status=403)
    await registry.post("/v1/households", HOME | {"building": "9号楼"}, by=by, status=422)
    await registry.post(f"/v1/households/{mine['id']}/move", HOME | {"building": "2号楼"}, by=by, status=403)
    assert len((await registry.get("/v1/households"))["items"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"room": ""},
        {"room": "3\u00000"},
        {"compound": None},
        {"building": "x" * 51},
        {"colour": "red"},
    ],
)
async def test_what_is_no_address_is_refused(registry: Registry, wrong: dict[str, str | None]) -> None:
    answer = await registry.ask("POST", "/v1/households", json=HOME | wrong)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await registry.ask("GET", "/v1/households", params={"compound": "a\x00"})).status_code == 422
    assert (await registry.get("/v1/households"))["items"] == []
