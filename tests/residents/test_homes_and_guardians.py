"""Tenants and owners, guardians of those who need one, and the addresses that there are."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.residents.addresses.nearest import MOST, Place, nearest_places
from shared.clock import china_today
from tests.principals import bearer
from tests.residents.registry import Registry, a_phone
from tests.residents.test_household_cards import GREEN, colour, publish

HOME = {"compound": "开元小区", "building": "3号楼", "unit": "2单元", "room": "1702"}


def born(years: int) -> str:
    """The birthday of somebody who has been that old for a few days."""
    today = china_today()
    return (today.replace(year=today.year - years, day=min(today.day, 28)) - timedelta(days=3)).isoformat()


async def correct(registry: Registry, household: dict[str, Any], version: int, **changes: Any) -> dict[str, Any]:
    answer = await registry.ask(
        "PATCH", f"/v1/households/{household['id']}", json=changes, headers={"If-Match": f'"{version}"'}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_owner_of_a_rented_home_is_masked_and_revealed_for_a_purpose(registry: Registry) -> None:
    household = await registry.post("/v1/households", HOME | {"tenure": "rented"}, status=201)
    path = f"/v1/households/{household['id']}/owner"
    assert household["tenure"] == "rented"
    assert await registry.get(path) == {"owner_id": None, "name": None, "phone": None}
    shown = await registry.post(f"{path}/record", {"name": "欧阳房东", "phone": "13800138000"})
    assert (shown["name"], shown["phone"]) == ("欧阳*", "138****8000")
    revealed = await registry.post(f"{path}/reveal", {"purpose": "visit"})
    assert (revealed["name"], revealed["phone"]) == ("欧阳房东", "+8613800138000")
    async with registry.app.state.database.transaction(registry.community) as session:
        row = (await session.execute(text("SELECT name FROM home_owner"))).scalar_one()
        audited = (await session.execute(text("SELECT count(*) FROM audit_entry WHERE action LIKE '%owner'"))).scalar()
    assert "欧阳".encode() not in row
    assert audited == 1
    landlord = await registry.person((await registry.household())["id"], "单雄信", phone="13900139000")
    shown = await registry.post(f"{path}/record", {"person_id": landlord["id"]})
    assert shown == {"owner_id": landlord["id"], "name": "单*", "phone": "139****9000"}
    revealed = await registry.post(f"{path}/reveal", {"purpose": "visit"})
    assert revealed == {"owner_id": landlord["id"], "name": None, "phone": None}
    for wrong in ({}, {"phone": a_phone()}, {"name": "王", "person_id": landlord["id"]}):
        await registry.post(f"{path}/record", wrong, status=422)
    owned = await correct(registry, household, 1, tenure="owner_occupied")
    assert owned["tenure"] == "owner_occupied"
    assert (await registry.get(path))["owner_id"] is None
    assert (await registry.post(f"{path}/record", {"name": "王"}, status=409))["code"] == "owners-live-here"
    assert (await correct(registry, household, 2, tenure=None))["tenure"] is None
    assert await registry.events("household_moved") == [], "nobody moved"


async def test_a_rule_that_asks_for_tenure_follows_a_correction_at_once(registry: Registry) -> None:
    await publish(registry, colour("yellow", {"household": {"tenure": "rented"}}), GREEN)
    household = await registry.post("/v1/households", HOME | {"tenure": "rented"})
    assert household["colour"] == "yellow"
    assert (await correct(registry, household, 1, tenure="owner_occupied"))["colour"] == "green"
    assert (await correct(registry, household, 2, tenure="rented"))["colour"] == "yellow"


async def family(registry: Registry) -> tuple[str, str, str]:
    """(household, child of nine, its mother)"""
    household = await registry.household()
    child = await registry.person(household["id"], "小宝", birth_on=born(9))
    mother = await registry.person(household["id"], "马春梅", birth_on=born(40), phone="13900139000")
    return household["id"], child["id"], mother["id"]


async def test_a_minor_has_guardians_and_they_read_the_record(registry: Registry) -> None:
    household, child, mother = await family(registry)
    path = f"/v1/people/{child}"
    by = bearer("resident", registry.community, person=mother, household=household)
    reveal = {"purpose": "subject_access", "fields": ["name"]}
    assert (await registry.ask("POST", f"{path}/reveal", by=by, json=reveal)).status_code == 404
    await registry.post(f"{path}/guardians", {"person_id": mother, "relation": "parent"}, status=201)
    body = {"name": "欧阳外公", "phone": "13800138000", "relation": "grandparent"}
    guardians = await registry.post(f"{path}/guardians", body, status=201)
    assert {(each["name"], each["phone"], each["is_in_force"]) for each in guardians} == {
        ("马*", "139****9000", True),
        ("欧阳*", "138****8000", True),
    }
    assert (await registry.post(f"{path}/reveal", reveal, by=by))["name"] == "小宝"
    for part in ("guardians", "tags", "family-contacts", "memberships", "access-log", "export"):
        assert (await registry.ask("GET", f"{path}/{part}", by=by)).status_code == 200, part
    fields = {"purpose": "family_contact", "fields": ["guardians"]}
    [outsider] = (await registry.post(f"{path}/reveal", fields))["guardians"]
    assert (outsider["name"], outsider["phone"]) == ("欧阳外公", "+8613800138000")
    own = {"person_id": mother, "relation": "parent"}
    assert (await registry.post(f"{path}/guardians", own, status=409))["code"] == "already-guardian"
    hers = next(each for each in guardians if each["guardian_id"] == mother)
    await registry.post(f"{path}/guardians/{hers['id']}/end", {})
    await registry.post(f"{path}/guardians/{hers['id']}/end", {}, status=409)
    assert (await registry.ask("POST", f"{path}/reveal", by=by, json=reveal)).status_code == 404


async def test_only_who_needs_a_guardian_has_one(registry: Registry) -> None:
    _, child, mother = await family(registry)
    household = await registry.household()
    youth = (await registry.person(household["id"], "小刘", birth_on=born(18)))["id"]
    unknown = (await registry.person(household["id"], "小何"))["id"]
    for ward, ground, code in (
        (youth, "minor", "ground-missing"),
        (unknown, "minor", "ground-missing"),
        (child, "incapacity", "ground-missing"),
    ):
        body = {"person_id": mother, "relation": "parent", "ground": ground}
        assert (await registry.post(f"/v1/people/{ward}/guardians", body, status=422))["code"] == code
    for guardian in (child, mother):
        body = {"person_id": guardian, "relation": "spouse", "ground": "incapacity"}
        refused = await registry.post(f"/v1/people/{mother}/guardians", body, status=422)
        assert refused["code"] == "guardian-unable"
    body = {"person_id": mother, "relation": "other_relative", "ground": "incapacity"}
    await registry.post(f"/v1/people/{youth}/guardians", body, status=201)
    await registry.post(f"/v1/people/{mother}/record-death", {})
    [ended] = await registry.get(f"/v1/people/{youth}/guardians")
    assert (ended["is_in_force"], ended["ended_on"]) == (False, china_today().isoformat())


async def test_a_minors_guardian_lapses_with_the_eighteenth_birthday(registry: Registry) -> None:
    _, child, mother = await family(registry)
    await registry.post(f"/v1/people/{child}/guardians", {"person_id": mother, "relation": "parent"})
    answer = await registry.ask(
        "PATCH", f"/v1/people/{child}", json={"birth_on": born(18)}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200
    [lapsed] = await registry.get(f"/v1/people/{child}/guardians")
    assert (lapsed["is_in_force"], lapsed["ended_on"]) == (False, None)


async def test_born_into_a_household_with_its_parents_as_guardians(registry: Registry) -> None:
    household, _, mother = await family(registry)
    body = {"name": "小贝", "birth_on": china_today().isoformat(), "parents": [mother]}
    child = await registry.post(f"/v1/households/{household}/record-birth", body, status=201)
    [guardian] = await registry.get(f"/v1/people/{child['id']}/guardians")
    assert (guardian["guardian_id"], guardian["relation"], guardian["ground"]) == (mother, "parent", "minor")


async def test_nothing_of_guardians_and_owners_survives_erasure(registry: Registry) -> None:
    _, child, mother = await family(registry)
    home = await registry.post("/v1/households", HOME | {"tenure": "rented"})
    await registry.post(f"/v1/households/{home['id']}/owner/record", {"person_id": mother})
    await registry.post(f"/v1/people/{child}/guardians", {"person_id": mother, "relation": "parent"})
    await registry.post(f"/v1/people/{mother}/erase", status=204)
    assert await registry.get(f"/v1/people/{child}/guardians") == []
    assert (await registry.get(f"/v1/households/{home['id']}/owner"))["owner_id"] is None
    async with registry.app.state.database.transaction(registry.community) as session:
        held = text("SELECT count(*) FROM membership WHERE person_id = CAST(:person AS uuid)")
        assert (await session.execute(held, {"person": mother})).scalar_one() == 0


async def test_an_address_that_is_not_in_the_table_is_refused_and_the_nearest_are_named(registry: Registry) -> None:
    await registry.post("/v1/households", HOME | {"building": "99号楼"}, status=201)
    await registry.publish_grid(
        registry.grid(), ("开元小区", "3号楼", "1单元"), ("开元小区", "3号楼", "2单元"), ("开元小区", "12号楼", "")
    )
    household = await registry.post("/v1/households", HOME, status=201)
    refused = await registry.post("/v1/households", HOME | {"building": "13号楼", "room": "8888"}, status=422)
    assert refused["code"] == "address-unknown"
    assert refused["nearest"][0] == "开元小区 12号楼"
    assert "8888" not in str(refused)
    refused = await registry.post("/v1/households", HOME | {"unit": "4单元"}, status=422)
    assert refused["nearest"][0] == "开元小区 3号楼 2单元"
    refused = await registry.post("/v1/households", HOME | {"compound": "开园小区"}, status=422)
    assert "开元小区 3号楼 2单元" in refused["nearest"]
    path = f"/v1/households/{household['id']}"
    await registry.post(f"{path}/move", HOME | {"building": "13号楼"}, status=422)
    await registry.post(f"{path}/move", HOME | {"building": "12号楼", "unit": "7单元"}, status=200)
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", "1单元"), version=2)
    assert (await correct(registry, household, 3, room="9"))["room"] == "9", "who is there may stay there"


async def test_addresses_are_listed_with_how_many_live_there(registry: Registry) -> None:
    await registry.publish_grid(registry.grid(1), ("开元小区", "3号楼", "1单元"), ("开元小区", "3号楼", "2单元"))
    await registry.publish_grid(registry.grid(2), ("富贵园", "1号楼", ""))
    for room in ("101", "102"):
        await registry.post("/v1/households", HOME | {"room": room})
    gone = await registry.post("/v1/households", HOME | {"room": "103"})
    await registry.post(f"/v1/households/{gone['id']}/end", {})
    await registry.post("/v1/households", {"compound": "富贵园", "building": "1号楼", "unit": "3单元", "room": "1"})
    garden, compound = await registry.get("/v1/addresses")
    assert compound == {
        "compound": "开元小区",
        "buildings": [
            {
                "building": "3号楼",
                "units": [
                    {"unit": "1单元", "grid_code": registry.grid(1), "households": 0},
                    {"unit": "2单元", "grid_code": registry.grid(1), "households": 2},
                ],
            }
        ],
    }
    units = garden["buildings"][0]["units"]
    assert [(unit["unit"], unit["grid_code"], unit["households"]) for unit in units] == [
        ("", registry.grid(2), 0),
        ("3单元", registry.grid(2), 1),
    ]
    assert await registry.get("/v1/addresses", params={"compound": "开元小区"}) == [compound]
    by = bearer("grid_worker", registry.community, grids=[registry.grid(2)])
    assert [each["compound"] for each in await registry.get("/v1/addresses", by=by)] == ["富贵园"]


async def test_people_follow_a_changed_boundary(registry: Registry) -> None:
    await registry.publish_grid(registry.grid(1), ("开元小区", "3号楼", ""))
    household = await registry.post("/v1/households", HOME)
    person = await registry.person(household["id"])
    by = bearer("grid_worker", registry.community, grids=[registry.grid(2)])
    assert (await registry.ask("GET", f"/v1/people/{person['id']}", by=by)).status_code == 404
    await registry.publish_grid(registry.grid(2), ("开元小区", "3号楼", ""))
    assert (await registry.get(f"/v1/people/{person['id']}", by=by))["grid_code"] == registry.grid(2)
    assert [each["grid_code"] for each in await registry.events("household_moved")] == [registry.grid(2)]


COMPOUNDS = ("开元小区", "富贵园")
places = st.sampled_from(
    [
        Place(compound, f"{n}号楼", unit)
        for compound in ("开元小区", "富贵园")
        for n in range(30)
        for unit in ("", "2单元")
    ]
)


@given(st.lists(places, max_size=12), places)
def test_the_nearest_are_known_and_of_the_same_compound_first(known: list[Place], meant: Place) -> None:
    nearest = nearest_places(known, meant)
    assert len(nearest) == min(MOST, len(set(known)))
    assert set(nearest) <= set(known)
    if meant in known:
        assert nearest[0] == meant
    same = {place for place in known if place.compound == meant.compound}
    assert len(set(nearest) & same) == min(MOST, len(same))
