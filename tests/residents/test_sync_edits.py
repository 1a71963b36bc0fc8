"""Edits made on a phone that was away: applied once, never over somebody else's, and every refusal is told."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.clock import china_today, utc_now
from tests.principals import bearer
from tests.residents.phones import FEED, Phone
from tests.residents.registry import Registry, a_phone, an_identity_number

WEST, EAST = ("开元小区", "3号楼", ""), ("开元小区", "5号楼", "")


@pytest.fixture
async def town(registry: Registry) -> Registry:
    await registry.publish_grid(registry.grid(1), WEST)
    await registry.publish_grid(registry.grid(2), EAST)
    return registry


@pytest.fixture
def phone(town: Registry) -> Phone:
    return Phone(town, [town.grid(1)])


def an_edit(kind: str, entity: str, base: int = 0, /, *, later: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "edit_id": str(uuid4()),
        "kind": kind,
        "entity_id": entity,
        "base_version": base,
        "changes": changes,
        "made_at": (utc_now() - timedelta(hours=5) + timedelta(minutes=later)).isoformat(),
    }


async def correct(town: Registry, person_id: str, **changes: Any) -> dict[str, Any]:
    """As staff at a desk."""
    now = await town.ask("GET", f"/v1/people/{person_id}")
    headers = {"If-Match": now.headers["etag"]}
    response = await town.ask("PATCH", f"/v1/people/{person_id}", json=changes, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


async def revealed(town: Registry, person_id: str) -> dict[str, Any]:
    fields = ["name", "phone", "identity_number", "birth_on", "sex", "cautions"]
    return await town.post(f"/v1/people/{person_id}/reveal", {"purpose": "correction", "fields": fields})


async def test_an_edit_is_applied_once_however_often_it_is_sent(town: Registry, phone: Phone) -> None:
    person = await town.person((await town.household())["id"])
    edit = an_edit("correct_person", person["id"], person["version"], cautions="听力不好")
    [first] = await phone.edit(edit)
    [again] = await phone.edit(edit)
    assert (first["outcome"], first["version"], first["applied_fields"]) == ("applied", 2, ["cautions"])
    assert (again["outcome"], again["version"]) == ("already_applied", 2)
    assert (await revealed(town, person["id"]))["cautions"] == "听力不好"


async def test_two_sendings_at_once_are_one(town: Registry, phone: Phone) -> None:
    person = await town.person((await town.household())["id"])
    edit = an_edit("add_family_contact", person["id"], name="王五", phone="13800138000", relation="child")
    answers = await asyncio.gather(*(phone.edit(edit) for _ in range(3)))
    assert sorted(answer[0]["outcome"] for answer in answers) == ["already_applied", "already_applied", "applied"]
    assert len(await town.get(f"/v1/people/{person['id']}/family-contacts")) == 1


async def test_another_edit_under_the_same_id_is_not_taken_for_it(town: Registry, phone: Phone) -> None:
    person = await town.person((await town.household())["id"])
    edit = an_edit("correct_person", person["id"], 1, cautions="甲")
    await phone.edit(edit)
    [result] = await phone.edit(edit | {"changes": {"cautions": "乙"}})
    assert (result["outcome"], result["problem"]["code"]) == ("rejected", "edit-id-reused")


async def test_other_fields_are_merged(town: Registry, phone: Phone) -> None:
    person = await town.person((await town.household())["id"], phone=a_phone())
    await correct(town, person["id"], name="张三")
    [result] = await phone.edit(an_edit("correct_person", person["id"], 1, cautions="听力不好"))
    assert (result["outcome"], result["version"]) == ("merged", 3)
    now = await revealed(town, person["id"])
    assert (now["name"], now["cautions"]) == ("张三", "听力不好")


async def test_the_same_field_conflicts_and_nothing_is_overwritten(town: Registry, phone: Phone) -> None:
    person = await town.person((await town.household())["id"], cautions="甲")
    await correct(town, person["id"], cautions="乙")
    edit = an_edit("correct_person", person["id"], 1, cautions="丙", phone="13900001111")
    [result] = await phone.edit(edit)
    assert (result["outcome"], result["version"], result["applied_fields"]) == ("conflict", 2, [])
    [conflict] = result["conflicts"]
    assert (conflict["field"], conflict["current"], conflict["changed_in_version"]) == ("cautions", "乙", 2)
    assert conflict["changed_by"] == "staff"
    assert datetime.now(UTC) - datetime.fromisoformat(conflict["changed_at"]) < timedelta(minutes=1)
    now = await revealed(town, person["id"])
    assert (now["cautions"], now["phone"]) == ("乙", None), "the other field waits too"
    log = (await town.get(f"/v1/people/{person['id']}/access-log"))["items"]
    assert [entry["fields"] for entry in log if entry["action"] == "sync.conflict"] == [["cautions"]]
    [settled] = await phone.edit(an_edit("correct_person", person["id"], 2, cautions="丙", phone="13900001111"))
    assert settled["outcome"] == "applied"


async def test_partly_applies_the_others_and_tells_the_conflict_again(town: Registry, phone: Phone) -> None:
    person = await town.person((await town.household())["id"], cautions="甲")
    await correct(town, person["id"], cautions="乙")
    edit = an_edit("correct_person", person["id"], 1, cautions="丙", phone="13900001111") | {"apply": "partly"}
    [first] = await phone.edit(edit)
    [again] = await phone.edit(edit)
    for result in (first, again):
        assert (result["outcome"], result["applied_fields"]) == ("conflict", ["phone"])
        assert [conflict["field"] for conflict in result["conflicts"]] == ["cautions"]
    now = await revealed(town, person["id"])
    assert (now["cautions"], now["phone"], (await town.get(f"/v1/people/{person['id']}"))["version"]) == (
        "乙",
        "+8613900001111",
        3,
    )


async def test_two_who_write_the_same_agree(town: Registry, phone: Phone) -> None:
    person = await town.person((await town.household())["id"])
    await correct(town, person["id"], cautions="乙")
    [result] = await phone.edit(an_edit("correct_person", person["id"], 1, cautions="乙"))
    assert (result["outcome"], result["version"]) == ("merged", 2)


async def test_a_number_conflicts_with_a_birth_date_that_it_would_overwrite(town: Registry, phone: Phone) -> None:
    person = await town.person((await town.household())["id"])
    await correct(town, person["id"], birth_on="1950-01-01")
    [result] = await phone.edit(an_edit("correct_person", person["id"], 1, identity_number=an_identity_number()))
    assert result["outcome"] == "conflict"
    assert (await revealed(town, person["id"]))["birth_on"] == "1950-01-01"


async def test_later_edits_follow_earlier_ones_of_the_same_phone(town: Registry, phone: Phone) -> None:
    """All of them were made on the version that the phone last saw, and they arrive in any order."""
    person = await town.person((await town.household())["id"])
    first = an_edit("correct_person", person["id"], 1, cautions="甲", later=1)
    second = an_edit("correct_person", person["id"], 1, cautions="乙", later=2)
    third = an_edit("correct_person", person["id"], 1, cautions="丙", later=3)
    results = await phone.edit(second, first)
    assert [result["outcome"] for result in results] == ["applied", "applied"]
    assert (await revealed(town, person["id"]))["cautions"] == "乙"
    results = await phone.edit(first, second, third)
    assert [result["outcome"] for result in results] == ["already_applied", "already_applied", "applied"]
    assert (await revealed(town, person["id"]))["cautions"] == "丙"


async def test_somebody_elses_change_in_between_still_conflicts(town: Registry, phone: Phone) -> None:
    person = await town.person((await town.household())["id"])
    first = an_edit("correct_person", person["id"], 1, cautions="甲", later=1)
    await phone.edit(first)
    await correct(town, person["id"], cautions="乙")
    second = an_edit("correct_person", person["id"], 1, cautions="丙", later=2)
    assert [result["outcome"] for result in await phone.edit(first, second)] == ["already_applied", "conflict"]


async def test_addresses_are_one_door(town: Registry, phone: Phone) -> None:
    home = await town.household(room="101")
    headers = {"If-Match": str(home["version"])}
    response = await town.ask("PATCH", f"/v1/households/{home['id']}", json={"room": "102"}, headers=headers)
    assert response.status_code == 200
    [result] = await phone.edit(an_edit("correct_household", home["id"], 1, unit="9单元"))
    assert result["outcome"] == "conflict"
    assert result["conflicts"][0]["current"] == "2单元"
    [result] = await phone.edit(an_edit("correct_household", home["id"], 2, unit="9单元"))
    assert result["outcome"] == "applied"
    shown = await town.get(f"/v1/households/{home['id']}")
    assert (shown["unit"], shown["room"]) == ("9单元", "102")


async def test_a_change_of_grid_alone_is_nobodys_edit_of_the_address(town: Registry, phone: Phone) -> None:
    home = await town.household()
    await town.publish_grid(town.grid(1), version=2)
    await town.publish_grid(town.grid(1), WEST, version=3)
    [result] = await phone.edit(an_edit("correct_household", home["id"], 1, room="9999"))
    assert result["outcome"] == "merged"


async def test_a_day_at_the_doors(town: Registry, phone: Phone) -> None:
    """A newcomer is registered, tagged and given somebody to call, all before the phone is back."""
    home = await town.household()
    card = await town.post("/v1/contact-cards", {"household_id": home["id"]})
    newcomer = str(uuid4())
    results = await phone.edit(
        an_edit("register_person", newcomer, household_id=home["id"], name="赵六", later=1),
        an_edit("grant_tag", newcomer, kind="limited_mobility", later=2),
        an_edit("add_family_contact", newcomer, name="赵七", phone="13800138000", relation="child", later=3),
        an_edit("correct_person", newcomer, 1, cautions="走路慢", later=4),
        an_edit("deliver_contact_card", card["id"], 1, is_explained=True, later=5),
    )
    assert [result["outcome"] for result in results] == ["applied"] * 5, results
    await phone.sync()
    shown = phone.people()[newcomer]
    assert (shown["name"], shown["tags"][0]["kind"], shown["has_cautions"]) == ("赵*", "limited_mobility", True)
    assert shown["tags"][0]["valid_from"] <= china_today().isoformat()
    assert phone.households()[home["id"]]["contact_cards"][0]["state"] == "delivered"
    tag, contact = shown["tags"][0]["id"], shown["family_contacts"][0]["id"]
    results = await phone.edit(
        an_edit("revoke_tag", newcomer, tag_id=tag), an_edit("remove_family_contact", newcomer, contact_id=contact)
    )
    assert [result["outcome"] for result in results] == ["applied", "applied"]
    await phone.sync()
    assert (phone.people()[newcomer]["tags"], phone.people()[newcomer]["family_contacts"]) == ([], [])


async def test_one_refused_edit_undoes_no_other(town: Registry, phone: Phone) -> None:
    home = await town.household()
    person = await town.person(home["id"])
    elsewhere = await town.person((await town.household(building="5号楼"))["id"])
    taken = an_identity_number()
    await town.person(home["id"], "李四", identity_number=taken)
    results = await phone.edit(
        an_edit("correct_person", person["id"], 1, phone="not a phone"),
        an_edit("correct_person", person["id"], 1, identity_number=taken, later=1),
        an_edit("correct_person", elsewhere["id"], 1, cautions="甲", later=2),
        an_edit("correct_person", person["id"], 1, unheard_of="甲", later=3),
        an_edit("fly", person["id"], later=4),
        an_edit("register_person", person["id"], household_id=home["id"], name="赵六", later=5),
        an_edit("register_person", home["id"], household_id=home["id"], name="赵六", later=6),
        an_edit("revoke_tag", person["id"], tag_id=str(uuid4()), later=7),
        an_edit("correct_person", person["id"], 1, cautions="乙", later=8),
    )
    assert [result["outcome"] for result in results] == ["rejected"] * 8 + ["applied"]
    codes = [result["problem"]["code"] for result in results[:8]]
    assert codes == [
        "validation",
        "person-exists",
        "not-found",
        "validation",
        "edit-kind-unknown",
        "conflict",
        "conflict",
        "not-found",
    ]
    assert results[0]["problem"]["errors"][0]["pointer"] == "/changes/phone"
    assert "not a phone" not in str(results)
    assert (await revealed(town, person["id"]))["cautions"] == "乙"


async def test_an_edit_refused_for_its_data_is_applied_when_it_is_sent_corrected(town: Registry, phone: Phone) -> None:
    """Also with keys that the refused one had made."""
    home = await town.household()
    taken = an_identity_number()
    await town.person(home["id"], "李四", identity_number=taken)
    newcomer = str(uuid4())
    results = await phone.edit(
        an_edit("register_person", newcomer, household_id=home["id"], name="赵六", identity_number=taken),
        an_edit("register_person", newcomer, household_id=home["id"], name="赵六", later=1),
    )
    assert [result["outcome"] for result in results] == ["rejected", "applied"]
    assert (await revealed(town, newcomer))["name"] == "赵六"


async def test_a_version_that_is_not_there_yet_was_seen_in_another_life(town: Registry, phone: Phone) -> None:
    """As after a restore: what is there differs from what the worker saw, whoever wrote it."""
    person = await town.person((await town.household())["id"], cautions="甲")
    await correct(town, person["id"], cautions="乙")
    [result] = await phone.edit(an_edit("correct_person", person["id"], 9, cautions="丙"))
    assert result["outcome"] == "conflict"


async def test_edits_of_the_erased_are_refused_and_leave_nothing(town: Registry, phone: Phone) -> None:
    person = await town.person((await town.household())["id"])
    edit = an_edit("correct_person", person["id"], 1, cautions="甲")
    await phone.edit(edit)
    await town.post(f"/v1/people/{person['id']}/erase")
    [result] = await phone.edit(edit)
    assert (result["outcome"], result["problem"]["code"]) == ("rejected", "not-found")


async def two_records_of_one(town: Registry, **kept: Any) -> tuple[str, str]:
    """(kept, merged): the phone has seen the second only."""
    home = (await town.household())["id"]
    keep, other = [(await town.person(home, "单玉兰", **known))["id"] for known in (kept, {"phone": a_phone()})]
    pair = await town.post("/v1/duplicates", {"person_id": keep, "other_id": other})
    await town.post(f"/v1/duplicates/{pair['id']}/merge", {"keep": keep, "take": []})
    return keep, other


async def test_edits_of_a_record_that_was_merged_are_of_the_kept_one(town: Registry, phone: Phone) -> None:
    keep, other = await two_records_of_one(town)
    number = a_phone()
    edits = [
        an_edit("correct_person", other, 1, phone=number),
        an_edit("correct_person", other, 1, later=1, phone=number, cautions="听力差"),
        an_edit("grant_tag", other, 1, later=2, kind="veteran"),
        an_edit("add_family_contact", other, later=3, name="李秀英", phone=a_phone(), relation="child"),
    ]
    results = await phone.edit(*edits)
    assert {each["entity_id"] for each in results} == {keep}
    assert [each["outcome"] for each in results][1:] == ["applied"] * 3 and results[0]["outcome"] == "merged"
    known = await revealed(town, keep)
    assert (known["phone"], known["cautions"]) == (f"+86{number}", "听力差")
    again = await phone.edit(*edits)
    assert [each["outcome"] for each in again] == ["already_applied"] * 4


async def test_what_the_kept_record_holds_was_never_seen_and_conflicts(town: Registry, phone: Phone) -> None:
    theirs, mine = a_phone(), a_phone()
    keep, other = await two_records_of_one(town, phone=theirs)
    edit = an_edit("correct_person", other, 1, phone=mine, cautions="听力差")
    [result] = await phone.edit(edit)
    assert (result["outcome"], result["entity_id"], result["applied_fields"]) == ("conflict", keep, [])
    [conflict] = result["conflicts"]
    assert (conflict["field"], conflict["current"], conflict["changed_at"]) == ("phone", f"+86{theirs}", None)
    assert (await revealed(town, keep))["cautions"] is None, "nothing of it was applied"
    [partly] = await phone.edit(edit | {"apply": "partly"})
    assert (partly["outcome"], partly["applied_fields"]) == ("conflict", ["cautions"])
    [chosen] = await phone.edit(an_edit("correct_person", keep, partly["version"], phone=mine))
    assert chosen["outcome"] == "applied" and (await revealed(town, keep))["phone"] == f"+86{mine}"


async def test_a_merge_into_another_grid_leads_a_worker_nowhere(town: Registry) -> None:
    _, other = await two_records_of_one(town)
    stranger = Phone(town, [town.grid(2)], subject="elsewhere")
    [result] = await stranger.edit(an_edit("correct_person", other, 1, cautions="听力差"))
    assert (result["outcome"], result["entity_id"], result["problem"]["status"]) == ("rejected", other, 404)


@pytest.mark.parametrize("role", ["staff", "head", "resident", "supervisor", "responder", "merchant", "partner"])
async def test_grid_workers_only(town: Registry, role: str) -> None:
    by = bearer(role, town.community)
    assert (await town.ask("GET", FEED, by=by)).status_code == 403
    assert (await town.ask("POST", FEED, by=by, json={"edits": []})).status_code == 403
    assert (await town.client.get(FEED)).status_code == 401


async def test_a_worker_of_another_community_reaches_nothing(town: Registry, phone: Phone) -> None:
    home = await town.household()
    foreign = Phone(Registry(town.client, town.app), phone.grids)
    await foreign.sync()
    assert foreign.copy == {}
    [result] = await foreign.edit(an_edit("correct_household", home["id"], 1, room="1"))
    assert result["problem"]["code"] == "not-found"
    result = await town.ask("POST", FEED, by=phone.worker, json={"edits": [{}] * 201})
    assert result.status_code == 422
