"""Records that may be of one person: found, decided by a person, merged so that nothing is lost, and undone."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.residents.duplicates.finding import compare_due
from shared.codes import EVERYWHERE
from shared.vault import Vault
from tests.principals import a_community, bearer
from tests.residents.registry import Registry, a_phone, an_identity_number

BORN = "1941-02-03"


@pytest.fixture
async def home(registry: Registry) -> dict[str, Any]:
    await registry.publish_grid(registry.grid(1), ("开元小区", "3号楼", ""))
    await registry.publish_grid(registry.grid(2), ("开元小区", "4号楼", ""))
    return await registry.household()


async def compared(registry: Registry) -> None:
    """Until nobody of this community waits to be compared, whether this sweep or the running timer does it."""
    waiting = text("SELECT count(*) FROM duplicate_check WHERE community_code = :community")
    database, keyring = registry.app.state.database, registry.app.state.keyring
    while True:
        async with database.transaction(EVERYWHERE) as session:
            await compare_due(session, Vault(session, keyring))
        async with database.transaction(registry.community) as session:
            if (await session.execute(waiting, {"community": registry.community})).scalar_one() == 0:
                return


async def queue(registry: Registry, **options: Any) -> list[dict[str, Any]]:
    await compared(registry)
    return (await registry.get("/v1/duplicates", **options))["items"]


async def the_pair(registry: Registry) -> dict[str, Any]:
    [pair] = await queue(registry)
    return pair


async def two_records(registry: Registry, home: dict[str, Any], **other: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """One elder, registered twice in the same building: once by phone, once with papers."""
    one = await registry.person(home["id"], "单玉兰", birth_on=BORN, phone=a_phone(), cautions="怕高声")
    number = an_identity_number(date.fromisoformat(BORN))
    two = await registry.person(home["id"], "善玉兰", identity_number=number, **other)
    return one, two


async def merge(registry: Registry, keep: dict[str, Any], take: list[str] | None = None) -> dict[str, Any]:
    pair = await the_pair(registry)
    return await registry.post(f"/v1/duplicates/{pair['id']}/merge", {"keep": keep["id"], "take": take or []})


async def test_the_same_name_by_sound_and_birth_date_in_a_building_is_suspected(
    registry: Registry, home: dict[str, Any]
) -> None:
    one, two = await two_records(registry, home)
    pair = await the_pair(registry)
    assert pair["kind"] == "same_name_and_birth_date"
    assert {person["id"] for person in pair["people"]} == {one["id"], two["id"]}
    assert all(person["name"].endswith("*") for person in pair["people"])


async def test_the_stronger_suspicion_comes_first(registry: Registry, home: dict[str, Any]) -> None:
    await two_records(registry, home)
    phone = a_phone()
    await registry.person(home["id"], "王一", phone=phone)
    await registry.person(home["id"], "赵二", phone=phone)
    assert [pair["kind"] for pair in await queue(registry)] == ["same_phone", "same_name_and_birth_date"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"birth_on": "1970-01-01"}, {"birth_on": "2001-01-01"}),
        ({"identity_number": date(1970, 1, 1)}, {"identity_number": date(1970, 1, 1)}),
    ],
    ids=["other birth dates", "two identity numbers"],
)
async def test_a_family_that_shares_a_phone_is_not_suspected(
    registry: Registry, home: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    phone = a_phone()
    for name, known in (("王一", first), ("王二", second)):
        stated = {key: an_identity_number(value) if isinstance(value, date) else value for key, value in known.items()}
        await registry.person(home["id"], name, phone=phone, **stated)
    assert await queue(registry) == []


async def test_a_suspicion_ends_with_its_reason(registry: Registry, home: dict[str, Any]) -> None:
    one, _ = await two_records(registry, home)
    assert len(await queue(registry)) == 1
    await registry.ask("PATCH", f"/v1/people/{one['id']}", json={"birth_on": "1950-05-05"}, headers={"If-Match": '"1"'})
    assert await queue(registry) == []


async def test_a_dismissed_pair_comes_back_for_a_stronger_reason_only(registry: Registry, home: dict[str, Any]) -> None:
    one, two = await two_records(registry, home)
    pair = await the_pair(registry)
    await registry.post(f"/v1/duplicates/{pair['id']}/dismiss", {"reason": "namesakes"})
    await registry.ask("PATCH", f"/v1/people/{one['id']}", json={"cautions": "听力差"}, headers={"If-Match": '"1"'})
    assert await queue(registry) == []
    [dismissed] = await queue(registry, params={"state": "dismissed"})
    assert dismissed["dismissed_because"] == "namesakes"
    told = await registry.post("/v1/duplicates", {"person_id": one["id"], "other_id": two["id"]})
    assert [each["kind"] for each in await queue(registry)] == ["reported"] and told["id"] == pair["id"]


async def test_records_are_compared_without_saying_what_they_hold(registry: Registry, home: dict[str, Any]) -> None:
    one, two = await two_records(registry, home)
    shown = await registry.get(f"/v1/duplicates/{(await the_pair(registry))['id']}")
    likeness = {field["field"]: field["likeness"] for field in shown["fields"]}
    assert likeness == {
        "name": "different",
        "phone": "one_is_missing",
        "identity_number": "one_is_missing",
        "passport": "both_are_missing",
        "birth_on": "equal",
        "sex": "one_is_missing",
        "cautions": "one_is_missing",
    }
    missing = {field["field"]: field["missing_in"] for field in shown["fields"]}
    assert missing["phone"] == two["id"] and missing["identity_number"] == one["id"] and missing["name"] is None
    assert BORN not in str(shown)


async def test_a_merge_takes_what_was_chosen_and_loses_nothing(registry: Registry, home: dict[str, Any]) -> None:
    one, two = await two_records(registry, home)
    await registry.post(f"/v1/people/{two['id']}/tags", {"kind": "dementia", "evidence": "诊断书"})
    contact = {"name": "李秀英", "phone": a_phone(), "relation": "child"}
    await registry.post(f"/v1/people/{one['id']}/family-contacts", contact)
    await registry.post(f"/v1/people/{two['id']}/family-contacts", contact | {"name": "李秀兰", "phone": a_phone()})
    merged = await merge(registry, keep=one, take=["identity_number"])
    assert merged["taken"] == ["identity_number", "sex"]

    fields = ["name", "identity_number", "cautions", "family_contacts", "tag_evidence"]
    known = await registry.post(f"/v1/people/{one['id']}/reveal", {"purpose": "correction", "fields": fields})
    assert known["name"] == "单玉兰" and known["cautions"] == "怕高声" and known["identity_number"]
    assert [(each["position"], each["name"]) for each in known["family_contacts"]] == [(1, "李秀英"), (2, "李秀兰")]
    assert [each["evidence"] for each in known["tag_evidence"]] == ["诊断书"]
    assert (await registry.get("/v1/people"))["items"][0]["id"] == one["id"]
    assert len((await registry.get("/v1/people"))["items"]) == 1
    assert await queue(registry) == []


async def test_the_id_that_was_lost_leads_to_the_one_that_was_kept(registry: Registry, home: dict[str, Any]) -> None:
    one, two = await two_records(registry, home)
    await merge(registry, keep=one)
    for method, path in (("GET", ""), ("GET", "/tags?limit=5"), ("PATCH", ""), ("GET", "/memberships")):
        led = await registry.ask(method, f"/v1/people/{two['id']}{path}", headers={"If-Match": '"1"'}, json={})
        assert led.status_code == 307, (method, path, led.text)
        assert led.headers["location"] == f"/v1/people/{one['id']}{path}"
        assert led.headers["cache-control"] == "no-store" and led.json()["code"] == "person-was-merged"
    stranger = bearer("staff", a_community())
    assert (await registry.ask("GET", f"/v1/people/{two['id']}", by=stranger)).status_code == 404


async def test_an_undone_merge_leaves_both_as_they_were(registry: Registry, home: dict[str, Any]) -> None:
    one, two = await two_records(registry, home, relation="spouse")
    await registry.post(f"/v1/people/{two['id']}/tags", {"kind": "dementia", "evidence": "诊断书"})
    before = [await everything(registry, person) for person in (one, two)]
    merged = await merge(registry, keep=one, take=["name", "identity_number"])
    assert await everything(registry, one) != before[0]
    undone = await registry.post(f"/v1/people/{one['id']}/merges/{merged['id']}/undo")
    assert undone["undone_at"] is not None
    assert [await everything(registry, person) for person in (one, two)] == before
    assert [pair["dismissed_because"] for pair in await queue(registry, params={"state": "dismissed"})] == ["undone"]
    assert await queue(registry) == []


async def test_merges_are_undone_in_reverse_order(registry: Registry, home: dict[str, Any]) -> None:
    people = [await registry.person(home["id"], "单玉兰", birth_on=BORN) for _ in range(3)]
    merges = []
    for kept, lost in ((people[1], people[0]), (people[2], people[1])):
        told = await registry.post("/v1/duplicates", {"person_id": kept["id"], "other_id": lost["id"]})
        merges.append(await registry.post(f"/v1/duplicates/{told['id']}/merge", {"keep": kept["id"]}))
    led = await registry.ask("GET", f"/v1/people/{people[0]['id']}")
    assert led.headers["location"] == f"/v1/people/{people[2]['id']}"
    early = await registry.ask("POST", f"/v1/people/{people[0]['id']}/merges/{merges[0]['id']}/undo")
    assert early.status_code == 307
    await registry.post(f"/v1/people/{people[2]['id']}/merges/{merges[1]['id']}/undo")
    await registry.post(f"/v1/people/{people[1]['id']}/merges/{merges[0]['id']}/undo")
    assert len((await registry.get("/v1/people"))["items"]) == 3
    assert [each["id"] for each in await registry.get(f"/v1/people/{people[1]['id']}/merges")] == [
        each["id"] for each in merges
    ]


async def test_what_came_after_a_merge_may_stand_in_the_way_of_undoing_it(
    registry: Registry, home: dict[str, Any]
) -> None:
    one, _ = await two_records(registry, home)
    merged = await merge(registry, keep=one, take=["name"])
    version = (await registry.get(f"/v1/people/{one['id']}"))["version"]
    await registry.ask(
        "PATCH", f"/v1/people/{one['id']}", json={"name": "单玉莲"}, headers={"If-Match": f'"{version}"'}
    )
    refused = await registry.ask("POST", f"/v1/people/{one['id']}/merges/{merged['id']}/undo")
    assert refused.status_code == 409 and refused.json()["obstacles"] == ["field:name"]


async def test_erasing_the_kept_person_erases_what_was_merged(registry: Registry, home: dict[str, Any]) -> None:
    one, two = await two_records(registry, home)
    await merge(registry, keep=one)
    await registry.post(f"/v1/people/{one['id']}/erase", status=204)
    sealed = text("SELECT count(*) FROM person WHERE name IS NOT NULL OR erased_at IS NULL")
    async with registry.app.state.database.transaction(registry.community) as session:
        assert (await session.execute(sealed)).scalar_one() == 0
    erased = {event["person_id"] for event in await registry.events("person_erased")}
    assert erased == {one["id"], two["id"]}


async def test_a_merge_is_told_and_written_down(registry: Registry, home: dict[str, Any]) -> None:
    one, two = await two_records(registry, home)
    merged = await merge(registry, keep=one)
    told = {"merge_id": merged["id"], "person_id": one["id"], "merged_person_id": two["id"]}
    assert await registry.events("person_merged") == [told]
    await registry.post(f"/v1/people/{one['id']}/merges/{merged['id']}/undo")
    assert await registry.events("person_merge_undone") == [told]
    for person in (one, two):
        log = await registry.get(f"/v1/people/{person['id']}/access-log")
        assert {"people.merge", "people.undo_merge"} <= {entry["action"] for entry in log["items"]}


async def test_both_histories_are_read_from_the_kept_record(registry: Registry, home: dict[str, Any]) -> None:
    one, two = await two_records(registry, home)
    await registry.post(f"/v1/people/{two['id']}/reveal", {"purpose": "correction", "fields": ["identity_number"]})
    await merge(registry, keep=one)
    log = await registry.get(f"/v1/people/{one['id']}/access-log")
    assert ["identity_number"] in [entry["fields"] for entry in log["items"]]
    lived = await registry.get(f"/v1/people/{one['id']}/memberships")
    assert sorted(str(membership["end_reason"]) for membership in lived) == ["None", "merged"]


async def test_a_decided_pair_is_decided_once(registry: Registry, home: dict[str, Any]) -> None:
    one, _ = await two_records(registry, home)
    pair = await the_pair(registry)
    await registry.post(f"/v1/duplicates/{pair['id']}/dismiss", {"reason": "different_people"})
    again = await registry.ask("POST", f"/v1/duplicates/{pair['id']}/merge", json={"keep": one["id"]})
    assert again.json()["code"] == "wrong-state"


async def test_only_one_of_the_two_can_be_kept(registry: Registry, home: dict[str, Any]) -> None:
    await two_records(registry, home)
    pair = await the_pair(registry)
    refused = await registry.ask("POST", f"/v1/duplicates/{pair['id']}/merge", json={"keep": str(uuid4())})
    assert refused.json()["code"] == "not-of-this-pair"


@pytest.mark.parametrize(
    ("role", "claims", "seen"),
    [
        ("staff", {}, 1),
        ("head", {}, 1),
        ("grid_worker", {"grids": 1}, 1),
        ("grid_worker", {"grids": 2}, 0),
        ("resident", {}, None),
        ("supervisor", {}, None),
        ("merchant", {}, None),
        ("responder", {}, None),
    ],
)
async def test_who_sees_the_queue(
    registry: Registry, home: dict[str, Any], role: str, claims: dict[str, int], seen: int | None
) -> None:
    await two_records(registry, home)
    pair = await the_pair(registry)
    by = bearer(role, registry.community, **{name: [registry.grid(number)] for name, number in claims.items()})
    listed = await registry.ask("GET", "/v1/duplicates", by=by)
    if seen is None:
        assert listed.status_code == 403
        return
    assert len(listed.json()["items"]) == seen
    asked = await registry.ask("GET", f"/v1/duplicates/{pair['id']}", by=by)
    assert asked.status_code == (200 if seen else 404)
    assert (
        await registry.ask("GET", f"/v1/duplicates/{pair['id']}", by=bearer("head", a_community()))
    ).status_code == 404


async def everything(registry: Registry, person: dict[str, Any]) -> dict[str, Any]:
    """All that can be read of a person but counters and times of change."""
    path = f"/v1/people/{person['id']}"
    fields = ["name", "phone", "identity_number", "birth_on", "sex", "cautions", "family_contacts", "tag_evidence"]
    known = await registry.post(f"{path}/reveal", {"purpose": "correction", "fields": fields})
    shown = await registry.get(path)
    memberships = await registry.get(f"{path}/memberships")
    history = memberships["items"] if isinstance(memberships, dict) else memberships
    found = await registry.post("/v1/people/search", {"purpose": "registration", "name": known["name"]})
    return {
        "known": known,
        "shown": {name: value for name, value in shown.items() if name != "version"},
        "memberships": [{k: v for k, v in each.items() if k != "version"} for each in history],
        "found": sorted(row["id"] for row in found["items"]),
    }
