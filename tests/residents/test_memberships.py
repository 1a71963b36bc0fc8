"""Who belongs to which household: heads, moves, departures, births, deaths, and what is corrected."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.residents.memberships.models import HouseholdRelation
from services.residents.memberships.relations import relation_to_new_head
from shared.clock import china_today
from tests.principals import bearer
from tests.residents.registry import Registry, a_phone
from tests.residents.test_household_cards import GREEN, publish

GATEWAY = bearer("gateway", "*")
ALONE = {
    "code": "red",
    "name": {"zh": "红", "en": "Red"},
    "meaning": {"zh": "独居", "en": "Alone"},
    "visit_interval_days": 7,
    "rule": {"household": {"size": {"max": 1}}},
}


def days_ago(days: int) -> str:
    return (china_today() - timedelta(days=days)).isoformat()


async def settle(registry: Registry, **relations: str) -> tuple[str, dict[str, str]]:
    """A household whose members have these names and relations, since a hundred days."""
    household = await registry.household()
    people = {
        name: (await registry.person(household["id"], name, relation=relation, lives_here_since=days_ago(100)))["id"]
        for name, relation in relations.items()
    }
    return household["id"], people


async def relations(registry: Registry, household: str, **params: str) -> dict[str, str]:
    members = await registry.get(f"/v1/households/{household}/members", params=params)
    return {member["person"]["id"]: member["relation"] for member in members}


async def history(registry: Registry, person: str) -> list[dict[str, Any]]:
    return await registry.get(f"/v1/people/{person}/memberships")


async def test_members_are_listed_the_head_first_and_as_of_a_day(registry: Registry) -> None:
    household, people = await settle(registry, 张三="spouse", 李四="head", 王五="child")
    members = await registry.get(f"/v1/households/{household}/members")
    assert [member["relation"] for member in members] == ["head", "spouse", "child"]
    assert members[0]["is_head"] and members[0]["person"]["name"] == "李*"
    assert members[0]["began_on"] == days_ago(100)
    await registry.post(f"/v1/people/{people['王五']}/move-out", {"on": days_ago(10)})
    assert len(await relations(registry, household)) == 2
    assert len(await relations(registry, household, on=days_ago(10))) == 2
    assert len(await relations(registry, household, on=days_ago(11))) == 3
    assert await relations(registry, household, on=days_ago(101)) == {}
    tomorrow = (china_today() + timedelta(days=2)).isoformat()
    answer = await registry.ask("GET", f"/v1/households/{household}/members", params={"on": tomorrow})
    assert answer.status_code == 422


async def test_a_new_head_changes_what_the_others_are(registry: Registry) -> None:
    household, people = await settle(
        registry, 老张="head", 老李="spouse", 小张="child", 小王="child_in_law", 租客="lodger"
    )
    assert (await registry.get(f"/v1/households/{household}"))["has_head"] is True
    path = f"/v1/households/{household}/appoint-head"
    await registry.post(path, {"person_id": people["小张"], "relations": {people["小王"]: "spouse"}})
    assert await relations(registry, household) == {
        people["小张"]: "head",
        people["老张"]: "parent",
        people["老李"]: "parent",
        people["小王"]: "spouse",
        people["租客"]: "lodger",
    }
    await registry.post(path, {"person_id": people["小张"]})
    assert (await relations(registry, household))[people["老张"]] == "parent", "appointing the head changes nothing"
    for wrong in ({"person_id": str(uuid4())}, {"person_id": people["老张"], "relations": {str(uuid4()): "child"}}):
        assert (await registry.post(path, wrong, status=409))["code"] == "not-a-member"
    body = {"person_id": people["老张"], "relations": {people["小张"]: "head"}}
    await registry.post(path, body, status=422)


async def test_a_household_whose_head_leaves_has_none(registry: Registry) -> None:
    household, people = await settle(registry, 老张="head", 老李="spouse")
    await registry.post(f"/v1/people/{people['老张']}/record-death", {})
    assert (await registry.get(f"/v1/households/{household}"))["has_head"] is False
    await registry.post(f"/v1/households/{household}/appoint-head", {"person_id": people["老李"]})
    assert (await registry.get(f"/v1/households/{household}"))["has_head"] is True


@given(st.sampled_from(HouseholdRelation), st.sampled_from(HouseholdRelation))
def test_what_follows_from_a_new_head_is_never_a_second_head(
    of: HouseholdRelation, new_head: HouseholdRelation
) -> None:
    if new_head is not HouseholdRelation.HEAD:
        assert relation_to_new_head(of, new_head) is not HouseholdRelation.HEAD


@given(st.sampled_from(HouseholdRelation))
def test_two_heads_in_turn_are_the_same_to_each_other(relation: HouseholdRelation) -> None:
    if relation is HouseholdRelation.HEAD:
        return
    there = relation_to_new_head(HouseholdRelation.HEAD, relation)
    unrelated = {"lodger", "carer", "employee", "other"}
    back = relation_to_new_head(HouseholdRelation.HEAD, there)
    assert back is (HouseholdRelation.OTHER if relation in unrelated else relation)


async def test_a_move_within_is_one_day_in_both_histories(registry: Registry) -> None:
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""))
    await publish(registry, ALONE, GREEN)
    household, people = await settle(registry, 老张="head", 老李="spouse")
    other = await registry.household()
    body = {"household_id": other["id"], "relation": "head", "on": days_ago(5)}
    moved = await registry.post(f"/v1/people/{people['老李']}/move", body)
    assert (moved["household_id"], moved["state"], moved["version"]) == (other["id"], "residing", 2)
    now, before = await history(registry, people["老李"])
    assert (now["began_on"], now["ended_on"], now["relation"], now["is_head"]) == (days_ago(5), None, "head", True)
    assert (before["ended_on"], before["end_reason"], before["relation"]) == (days_ago(5), "moved_within", "spouse")
    assert (before["compound"], before["household_id"]) == ("开元小区", household)
    [event] = await registry.events("person_moved")
    assert event["from_household_id"] == household
    assert event["grid_code"] == registry.grid()
    for each in (household, other["id"]):
        assert (await registry.get(f"/v1/households/{each}"))["colour"] == "red", "both live alone now"
    refused = await registry.post(f"/v1/people/{people['老李']}/move", {"household_id": other["id"]}, status=409)
    assert refused["code"] == "same-household"
    early = body | {"household_id": household, "on": days_ago(6)}
    refused = await registry.post(f"/v1/people/{people['老李']}/move", early, status=422)
    assert refused["code"] == "date-too-early"
    future = (china_today() + timedelta(days=2)).isoformat()
    await registry.post(f"/v1/people/{people['老李']}/move", early | {"on": future}, status=422)
    missing = {"household_id": str(uuid4())}
    await registry.post(f"/v1/people/{people['老李']}/move", missing, status=404)


async def test_who_left_is_in_no_list_signs_in_to_nothing_and_may_return(registry: Registry) -> None:
    phone = a_phone()
    household = await registry.household()
    person = await registry.person(household["id"], phone=phone, lives_here_since=days_ago(100))
    path = f"/v1/people/{person['id']}"
    gone = await registry.post(f"{path}/move-out", {"on": days_ago(20), "destination": "other_province"})
    assert (gone["state"], gone["household_id"]) == ("moved_out", household["id"])
    assert (await registry.get("/v1/people"))["items"] == []
    listed = (await registry.get("/v1/people", params={"state": ["moved_out", "died"]}))["items"]
    assert [item["id"] for item in listed] == [person["id"]]
    assert await registry.post("/internal/people/by-phone", {"phone": phone}, by=GATEWAY) == []
    assert (await history(registry, person["id"]))[0]["destination"] == "other_province"
    await registry.post(f"{path}/move-out", {}, status=409)
    corrected = {"household_id": (await registry.household())["id"]}
    answer = await registry.ask("PATCH", path, json=corrected, headers={"If-Match": '"2"'})
    assert answer.status_code == 409
    back = {"household_id": household["id"], "relation": "head"}
    assert (await registry.post(f"{path}/return", back | {"on": days_ago(21)}, status=422))["code"] == "date-too-early"
    returned = await registry.post(f"{path}/return", back | {"on": days_ago(3)})
    assert returned["state"] == "residing"
    assert len(await registry.post("/internal/people/by-phone", {"phone": phone}, by=GATEWAY)) == 1
    assert [each["end_reason"] for each in await history(registry, person["id"])] == [None, "moved_out"]
    await registry.post(f"{path}/return", back, status=409)
    assert [each["reason"] for each in await registry.events("person_left")] == ["moved_out"]
    assert len(await registry.events("person_returned")) == 1


async def test_the_dead_stay_on_record_and_come_back_only_by_correction(registry: Registry) -> None:
    household, people = await settle(registry, 老张="head", 老李="spouse")
    path = f"/v1/people/{people['老张']}"
    await registry.post(f"{path}/move-out", {"on": days_ago(30)})
    assert (await registry.post(f"{path}/record-death", {"on": days_ago(40)}, status=422))["code"] == "date-too-early"
    assert (await registry.post(f"{path}/record-death", {"on": days_ago(9)}))["state"] == "died"
    for verb, body in (
        ("return", {"household_id": household}),
        ("move", {"household_id": household}),
        ("move-out", {}),
    ):
        await registry.post(f"{path}/{verb}", body, status=409)
    assert (await registry.post(f"{path}/correct-departure"))["state"] == "moved_out"
    corrected = await registry.post(f"{path}/correct-departure")
    assert corrected["state"] == "residing"
    await registry.post(f"{path}/correct-departure", status=409)
    now, void = await history(registry, people["老张"])
    assert (now["relation"], now["began_on"], now["ended_on"]) == ("head", days_ago(100), None)
    assert (void["end_reason"], void["ended_on"]) == ("corrected", days_ago(30))
    log = await registry.get(f"{path}/access-log")
    assert len([entry for entry in log["items"] if "correct_departure" in str(entry)]) == 2
    assert await relations(registry, household) == {people["老张"]: "head", people["老李"]: "spouse"}


async def test_dates_and_relations_are_corrected_without_gaps_or_overlaps(registry: Registry) -> None:
    first, people = await settle(registry, 老张="head")
    second = (await registry.household())["id"]
    path = f"/v1/people/{people['老张']}"
    await registry.post(f"{path}/move", {"household_id": second, "on": days_ago(50)})
    await registry.post(f"{path}/move-out", {"on": days_ago(20)})
    late, early = await history(registry, people["老张"])

    async def correct(membership: dict[str, Any], version: int, **changes: Any) -> tuple[int, dict[str, Any]]:
        answer = await registry.ask(
            "PATCH", f"{path}/memberships/{membership['id']}", json=changes, headers={"If-Match": f'"{version}"'}
        )
        return answer.status_code, answer.json()

    status, corrected = await correct(late, 2, began_on=days_ago(60), ended_on=days_ago(15), relation="parent")
    assert status == 200
    assert (corrected["began_on"], corrected["ended_on"], corrected["relation"]) == (
        days_ago(60),
        days_ago(15),
        "parent",
    )
    late, early = await history(registry, people["老张"])
    assert early["ended_on"] == days_ago(60), "who moved within left the other home on the same day"
    for membership, changes, code in (
        (late, {"began_on": days_ago(101)}, "history-broken"),
        (late, {"began_on": days_ago(14)}, "history-broken"),
        (late, {"ended_on": days_ago(61)}, "history-broken"),
        (early, {"began_on": days_ago(59)}, "history-broken"),
        (early, {"ended_on": days_ago(59)}, "departure-stays"),
    ):
        status, problem = await correct(membership, membership["version"], **changes)
        assert (status, problem["code"]) == (422, code), changes
    for changes in ({"relation": "head"}, {"began_on": None}, {"household_id": second}):
        assert (await correct(late, late["version"], **changes))[0] == 422
    assert (await correct(late, 1, began_on=days_ago(60)))[0] == 412
    await registry.post(f"{path}/return", {"household_id": first, "on": days_ago(15)})
    latest, late, _ = await history(registry, people["老张"])
    assert (await correct(late, late["version"], ended_on=days_ago(14)))[0] == 422
    assert (await correct(latest, latest["version"], began_on=days_ago(12)))[0] == 200


async def test_a_whole_household_leaves_and_its_door_is_free(registry: Registry) -> None:
    address = {"compound": "开元小区", "building": "3号楼", "unit": "2单元", "room": "1702"}
    household = await registry.post("/v1/households", address)
    for name in ("张三", "李四"):
        await registry.person(household["id"], name, lives_here_since=days_ago(9))
    path = f"/v1/households/{household['id']}"
    assert (await registry.post(f"{path}/end", {}, status=409))["code"] == "household-not-empty"
    await registry.post(f"{path}/move-out", {"on": days_ago(10)}, status=422)
    assert len((await registry.get("/v1/people"))["items"]) == 2, "all or nobody"
    ended = await registry.post(f"{path}/move-out", {"on": days_ago(2), "destination": "same_city"})
    assert (ended["ended_on"], ended["has_head"]) == (days_ago(2), False)
    assert (await registry.get("/v1/people"))["items"] == []
    assert (await registry.get("/v1/households"))["items"] == []
    assert len(await registry.events("person_left")) == 2
    assert len(await registry.events("household_ended")) == 1
    for verb, body in (("move-out", {}), ("end", {}), ("move", address | {"room": "1"})):
        assert (await registry.post(f"{path}/{verb}", body, status=409))["code"] == "household-ended"
    joining = {"household_id": household["id"], "name": "王五"}
    assert (await registry.post("/v1/people", joining, status=409))["code"] == "household-ended"
    await registry.post("/v1/households", address, status=201)


async def test_a_birth_makes_a_member_and_its_parents_guardians(registry: Registry) -> None:
    household, people = await settle(registry, 老张="head", 老李="spouse")
    born = {"name": "张小宝", "birth_on": days_ago(3), "sex": "female", "parents": list(people.values())}
    child = await registry.post(f"/v1/households/{household}/record-birth", born, status=201)
    assert (child["age"], child["household_id"], child["sex"]) == (0, household, "female")
    assert (await relations(registry, household))[child["id"]] == "child"
    assert (await history(registry, child["id"]))[0]["began_on"] == days_ago(3)
    stranger = await registry.person((await registry.household())["id"])
    born |= {"name": "张小贝", "parents": [stranger["id"]]}
    refused = await registry.post(f"/v1/households/{household}/record-birth", born, status=409)
    assert refused["code"] == "not-a-member"
    assert len(await relations(registry, household)) == 3, "nothing is half done"


def years_ago(years: int) -> str:
    today = china_today()
    return today.replace(year=today.year - years, month=1, day=1).isoformat()


@pytest.mark.parametrize(
    ("mother", "father", "doubts"),
    [
        ((30, "female"), (32, "male"), []),
        ((13, "female"), (32, "male"), ["parent_too_young"]),
        ((17, "female"), (32, "male"), ["parent_is_minor"]),
        ((61, "female"), (62, "male"), ["parent_too_old"]),
        ((30, "female"), (95, "male"), ["parent_too_old"]),
        ((30, "female"), (31, "female"), ["parents_of_one_sex"] * 2),
        ((30, None), (31, "female"), []),
        ((None, None), (None, None), []),
    ],
)
async def test_parents_who_can_hardly_be_it_are_doubted_and_not_refused(
    registry: Registry, mother: tuple[int | None, str | None], father: tuple[int | None, str | None], doubts: list[str]
) -> None:
    household = (await registry.household())["id"]
    parents = []
    for name, (years, sex) in (("老李", mother), ("老张", father)):
        known = {"birth_on": years_ago(years) if years else None, "sex": sex}
        parents.append((await registry.person(household, name, **known))["id"])
    born = {"name": "张小宝", "birth_on": days_ago(0), "parents": parents}
    child = await registry.post(f"/v1/households/{household}/record-birth", born, status=201)
    assert [each["kind"] for each in child["warnings"]] == doubts
    assert {each["person_id"] for each in child["warnings"]} <= set(parents)
    assert len(await registry.get(f"/v1/people/{child['id']}/guardians")) > 0


async def test_a_parent_born_after_the_child_is_doubted(registry: Registry) -> None:
    household = (await registry.household())["id"]
    parent = await registry.person(household, "老李", birth_on=days_ago(5))
    born = {"name": "张小宝", "birth_on": days_ago(400), "parents": [parent["id"]]}
    child = await registry.post(f"/v1/households/{household}/record-birth", born, status=201)
    assert [each["kind"] for each in child["warnings"]] == ["parent_too_young"]


@pytest.mark.parametrize("role", ["supervisor", "resident"])
async def test_a_resident_does_not_see_who_left_their_household(registry: Registry, role: str) -> None:
    household, people = await settle(registry, 老张="head", 老李="spouse")
    await registry.post(f"/v1/people/{people['老李']}/move-out", {"on": days_ago(1)})
    by = bearer(role, registry.community, person=people["老张"], household=household)
    members = await registry.get(f"/v1/households/{household}/members", by=by, params={"on": days_ago(5)})
    assert len(members) == (1 if role == "resident" else 2)
    status = 200 if role == "supervisor" else 404
    assert (await registry.ask("GET", f"/v1/people/{people['老李']}", by=by)).status_code == status


async def test_a_move_ends_what_the_token_still_claims(registry: Registry) -> None:
    """A token is as old as its sign-in; the registry knows better where its bearer lives."""
    household, people = await settle(registry, 老张="head", 老李="spouse")
    by = bearer("resident", registry.community, person=people["老李"], household=household)
    other = (await registry.household())["id"]
    await registry.post(f"/v1/people/{people['老李']}/move", {"household_id": other})
    assert (await registry.ask("GET", f"/v1/households/{household}", by=by)).status_code == 404
    assert (await registry.ask("GET", f"/v1/people/{people['老张']}", by=by)).status_code == 404
    assert (await registry.get(f"/v1/households/{other}", by=by))["id"] == other
    await registry.post(f"/v1/people/{people['老李']}/move-out", {})
    for path in (f"/v1/households/{other}", f"/v1/people/{people['老李']}"):
        assert (await registry.ask("GET", path, by=by)).status_code == 404
