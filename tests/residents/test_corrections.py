"""A correction writes what was wrong and nothing else."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from services.residents.memberships.models import EndReason, HouseholdRelation, Membership
from services.residents.people.models import SEALED, Person
from shared.clock import china_today
from tests.residents.registry import Registry, a_phone, an_identity_number


async def row(registry: Registry, person: dict[str, Any]) -> Person:
    async with registry.app.state.database.transaction(registry.community) as session:
        found = await session.get(Person, (registry.community, UUID(person["id"])))
    assert found is not None
    return found


async def memberships(registry: Registry, person: dict[str, Any]) -> list[Membership]:
    statement = select(Membership).where(col(Membership.person_id) == UUID(person["id"]))
    async with registry.app.state.database.transaction(registry.community) as session:
        return list((await session.execute(statement.order_by(col(Membership.id)))).scalars())


async def correct(registry: Registry, person: dict[str, Any], version: int, **changes: Any) -> dict[str, Any]:
    path, headers = f"/v1/people/{person['id']}", {"If-Match": f'"{version}"'}
    answer = await registry.ask("PATCH", path, json=changes, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_did_not_change_stays_byte_for_byte(registry: Registry) -> None:
    household = await registry.household()
    person = await registry.person(
        household["id"], phone=a_phone(), identity_number=an_identity_number(), cautions="慢慢说"
    )
    before = await row(registry, person)
    assert (await correct(registry, person, 1, phone=a_phone()))["version"] == 2
    after = await row(registry, person)
    assert {name for name in SEALED if getattr(before, name) != getattr(after, name)} == {"phone"}
    assert after.identity_index == before.identity_index


async def test_correcting_nothing_is_no_new_version(registry: Registry) -> None:
    household = await registry.household()
    person = await registry.person(household["id"], cautions="慢慢说")
    same = {"cautions": "慢慢说", "household_id": household["id"]}
    assert (await correct(registry, person, 1, **same))["version"] == 1
    assert (await correct(registry, person, 1, cautions="大声说"))["version"] == 2


async def test_who_was_filed_under_the_wrong_door_never_lived_there(registry: Registry) -> None:
    wrong, right = await registry.household(), await registry.household()
    given = {"relation": "parent", "lives_here_since": "2020-05-01"}
    person = await registry.person(wrong["id"], **given)
    await correct(registry, person, 1, household_id=right["id"])
    first, second = await memberships(registry, person)
    assert (first.end_reason, first.ended_on) == (EndReason.CORRECTED, china_today())
    assert (second.household_id, second.relation, second.ended_on) == (
        UUID(right["id"]),
        HouseholdRelation.PARENT,
        None,
    )
    assert second.began_on == first.began_on
    [event] = await registry.events("person_moved")
    assert event == {
        "person_id": person["id"],
        "household_id": right["id"],
        "from_household_id": wrong["id"],
        "grid_code": None,
    }


async def test_a_household_has_one_head(registry: Registry) -> None:
    household = await registry.household()
    await registry.person(household["id"], relation="head")
    body = {"household_id": household["id"], "name": "李四", "relation": "head"}
    refused = await registry.post("/v1/people", body, status=409)
    assert refused["code"] == "head-exists"
    await registry.post("/v1/people", body | {"relation": "spouse"}, status=201)


async def test_a_correction_warns_of_a_county_that_never_was(registry: Registry) -> None:
    household = await registry.household()
    person = await registry.person(household["id"], "李四")
    for version, number, warnings in ((1, an_identity_number(), [{"kind": "county_unknown"}]), (2, None, [])):
        answer = await registry.ask(
            "PATCH",
            f"/v1/people/{person['id']}",
            json={"identity_number": number},
            headers={"If-Match": f'"{version}"'},
        )
        assert (answer.status_code, answer.json()["warnings"]) == (200, warnings)


async def test_a_passport_is_masked_unique_and_revealed(registry: Registry) -> None:
    household = await registry.household()
    person = await registry.person(household["id"], "John Smith", passport="usa 123456789")
    assert (person["passport"], person["document_kind"]) == ("USA 1*******9", "passport")
    body = {"household_id": household["id"], "name": "Jon Smith", "passport": "USA 123456789"}
    refused = await registry.post("/v1/people", body, status=409)
    assert (refused["code"], refused["existing_id"]) == ("person-exists", person["id"])
    other = await registry.person(household["id"], "李四", identity_number=an_identity_number())
    assert (other["document_kind"], other["warnings"]) == ("resident_identity_card", [{"kind": "county_unknown"}])
    answer = await registry.ask(
        "PATCH", f"/v1/people/{other['id']}", json={"passport": "USA 123456789"}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 409
    fields = {"purpose": "registration", "fields": ["passport"]}
    assert (await registry.post(f"/v1/people/{person['id']}/reveal", fields))["passport"] == "USA 123456789"
    removed = await correct(registry, person, 1, passport=None)
    assert (removed["passport"], removed["document_kind"]) == (None, None)
    await registry.post("/v1/people", body, status=201)
