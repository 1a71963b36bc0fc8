"""Loading a registry at once gives what registering one by one gives."""

from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from services.residents.households.errors import AddressUnknown
from services.residents.households.schemas import HouseholdImport
from services.residents.importing import import_registry
from services.residents.people.schemas import PersonImport
from tests.residents.registry import Registry, a_phone, an_identity_number
from tests.residents.test_household_cards import GREEN, RED, publish, sweep


async def load(registry: Registry, households: list[HouseholdImport], people: list[PersonImport]) -> None:
    app = registry.app
    async with app.state.database.transaction(registry.community) as session:
        await import_registry(session, app.state.keyring, registry.community, households, people)


def home(room: str, building: str = "3号楼") -> HouseholdImport:
    return HouseholdImport(compound="开元小区", building=building, unit="1单元", room=room)


async def test_imported_people_are_found_shown_and_coloured_like_registered_ones(registry: Registry) -> None:
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""))
    await registry.publish_grid(registry.grid(2), ("开元小区", "9号楼", "1单元"))
    await publish(registry, RED, GREEN)
    phone, number = a_phone(), an_identity_number(date(1946, 5, 3))
    known = {"name": "单玉兰", "phone": phone, "identity_number": number, "cautions": "慢慢说"}
    first, second = home("101"), home("102", building="9号楼")
    imported = PersonImport.model_validate(
        {
            "household_id": first.id,
            "tags": [{"kind": "dementia", "evidence": "诊断书"}],
            "family_contacts": [{"name": "马春梅", "phone": "13800138001", "relation": "child"}],
            **known,
        }
    )
    await load(registry, [first, second], [imported, PersonImport(household_id=second.id, name="王伟")])
    await sweep(registry)
    shown = await registry.get(f"/v1/households/{first.id}")
    assert (shown["grid_code"], shown["room"], shown["colour"]) == (registry.grid(), "101", "red")
    assert (await registry.get(f"/v1/households/{second.id}"))["grid_code"] == registry.grid(2)
    person = await registry.get(f"/v1/people/{imported.id}")
    registered = await Registry(registry.client, registry.app).household()
    twin = Registry(registry.client, registry.app)
    there = await twin.household()
    one_by_one = await twin.person(there["id"], **known)
    same = ("name", "phone", "identity_number", "age", "age_groups", "sex", "has_cautions")
    assert {name: person[name] for name in same} == {name: one_by_one[name] for name in same}
    assert person["tags"] == ["dementia"]
    for criterion in (
        {"name": "shan yulan"},
        {"phone": phone},
        {"identity_number": number},
        {"last_four": number[-4:]},
    ):
        found = await registry.post("/v1/people/search", {"purpose": "visit"} | criterion)
        assert [item["id"] for item in found["items"]] == [str(imported.id)], criterion
    fields = ["family_contacts", "tag_evidence", "cautions"]
    revealed = await registry.post(f"/v1/people/{imported.id}/reveal", {"purpose": "visit", "fields": fields})
    assert revealed["family_contacts"][0]["name"] == "马春梅"
    assert revealed["tag_evidence"][0]["evidence"] == "诊断书"
    assert revealed["cautions"] == "慢慢说"
    assert len(await registry.events("household_registered")) == 2
    assert len(await registry.events("person_registered")) == 2
    assert registered["version"] == 1


async def test_an_import_brings_heads_parents_and_owners(registry: Registry) -> None:
    owner = {"name": "房东甲", "phone": "13800138009"}
    first = HouseholdImport.model_validate(home("101").model_dump() | {"tenure": "rented", "owner": owner})
    mother = PersonImport.model_validate({"household_id": first.id, "name": "马春梅", "relation": "head"})
    child = PersonImport.model_validate(
        {"household_id": first.id, "name": "马小小", "birth_on": "2020-03-01", "parents": [mother.id]}
    )
    second = HouseholdImport.model_validate(
        home("102").model_dump() | {"tenure": "rented", "owner": {"person_id": mother.id}}
    )
    await load(registry, [first, second], [child, mother])
    assert (await registry.get(f"/v1/households/{first.id}"))["has_head"] is True
    [guardian] = await registry.get(f"/v1/people/{child.id}/guardians")
    assert (guardian["guardian_id"], guardian["relation"]) == (str(mother.id), "parent")
    assert guardian["is_in_force"] is True
    revealed = await registry.post(f"/v1/households/{first.id}/owner/reveal", {"purpose": "visit"})
    assert (revealed["name"], revealed["phone"]) == ("房东甲", "+8613800138009")
    assert (await registry.get(f"/v1/households/{second.id}/owner"))["owner_id"] == str(mother.id)


async def test_an_import_is_refused_an_address_that_there_is_not(registry: Registry) -> None:
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""), ("开元小区", "5号楼", ""))
    with pytest.raises(AddressUnknown) as refused:
        await load(registry, [home("101"), home("102", building="4号楼")], [])
    assert refused.value.document("en")["nearest"] == ["开元小区 3号楼", "开元小区 5号楼"]
    assert (await registry.get("/v1/households"))["items"] == []


async def test_an_import_is_all_or_nothing(registry: Registry) -> None:
    number = an_identity_number()
    first, second = home("101"), home("102")
    people = [PersonImport(household_id=each.id, name="王伟", identity_number=number) for each in (first, second)]
    with pytest.raises(IntegrityError):
        await load(registry, [first, second], people)
    assert (await registry.get("/v1/households"))["items"] == []
    assert await registry.events("household_registered") == []
    await load(registry, [first, second], people[:1])
    assert len((await registry.get("/v1/households"))["items"]) == 2
