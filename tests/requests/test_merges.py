"""Duplicates become one and come apart again; what asks several things is split; what is another's is passed on."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from shared.clock import utc_now
from tests.requests.test_clock import START
from tests.requests.test_life import taken_up
from tests.requests.world import LAMP, REFUSAL, World

NEIGHBOUR: dict[str, Any] = {"person": uuid4(), "household": uuid4()}


async def neighbours(world: World, **data: Any) -> str:
    """A request of the neighbour's."""
    return (await world.post("resident", "", {"category": LAMP} | data, **NEIGHBOUR))["id"]


async def merged(world: World) -> tuple[str, str]:
    """A neighbour's request that went into the resident's."""
    target = (await world.submit())["id"]
    source = (await world.post("resident", "", {"category": "livelihood.street_lamp", "title": "灯坏"}, **NEIGHBOUR))[
        "id"
    ]
    seen = await world.post("staff", f"{source}/merge", {"into": target, "text": "同一盏灯"})
    assert (seen["state"], seen["merged_into_id"]) == ("merged", target)
    return source, target


async def test_the_requester_of_a_merged_request_hears_of_everything_and_rates(world: World) -> None:
    source, target = await merged(world)
    assert (await world.event_names(source))[-1] == "request_merged"
    assert (await world.published(source))[-1].data["merged_into_id"] == target
    order = uuid4()
    for what in ("assigned", "started"):
        await world.work_order(what, order, target)
    await world.post("staff", f"{target}/updates", {"kind": "progress", "text": "配件已到"})
    told = (await world.published(target))[1:]
    assert all(row.data["follower_person_ids"] == [str(NEIGHBOUR["person"])] for row in told)
    await world.post("resident", f"{target}/updates", {"kind": "comment", "text": "我家在三号楼"})
    score = {"score": 5, "solved": True, "satisfied": True}
    assert (await world.call("resident", "POST", f"{source}/rating", score, **NEIGHBOUR)).status_code == 409
    await world.work_order("completed", order, target)
    lines = (await world.get("resident", f"{source}/updates", **NEIGHBOUR))["items"]
    assert [line["step"] for line in lines] == ["submitted", "merged", "dispatched", "started", "progress", "resolved"]
    assert [line["text"] for line in lines if line["text"]] == ["同一盏灯", "配件已到"]
    assert (await world.call("resident", "GET", target, **NEIGHBOUR)).status_code == 404
    await world.post("resident", f"{source}/rating", score, **NEIGHBOUR)
    again = await world.call("resident", "POST", f"{source}/rating", score, **NEIGHBOUR)
    assert again.json()["code"] == "already-rated"
    assert len((await world.get("staff", f"{target}/rating"))["items"]) == 1


async def test_what_is_said_of_a_private_matter_is_not_read_by_the_neighbour(world: World) -> None:
    private = {"category": "fairness.neighbour_noise"}
    target = (await world.submit(**private))["id"]
    source = await neighbours(world, **private)
    await world.post("staff", f"{source}/merge", {"into": target})
    await world.post("staff", f"{target}/updates", {"kind": "progress", "text": "已上门劝说王家"})
    lines = (await world.get("resident", f"{source}/updates", **NEIGHBOUR))["items"]
    assert (lines[-1]["step"], lines[-1]["text"]) == ("progress", None)


async def test_who_was_answered_with_another_says_that_theirs_is_not_solved(world: World) -> None:
    """Theirs stands by itself again; whoever asked the other is content, and hears nothing of it."""
    source, target = await merged(world)
    reopen = {"text": "我家门口的还不亮"}
    early = await world.call("resident", "POST", f"{source}/reopen", reopen, **NEIGHBOUR)
    assert (early.status_code, early.json()["code"]) == (409, "wrong-state")
    order = uuid4()
    for what in ("assigned", "started", "completed"):
        await world.work_order(what, order, target)
    await world.post("resident", f"{target}/confirm", {})
    was, told = await world.get("staff", target), await world.event_names(target)
    stranger = await world.call("resident", "POST", f"{source}/reopen", reopen, person=uuid4(), household=uuid4())
    assert stranger.status_code == 404
    seen = await world.post("resident", f"{source}/reopen", reopen, **NEIGHBOUR)
    assert (seen["state"], seen["merged_into_id"], seen["reopened_count"]) == ("reopened", None, 1)
    assert (await world.event_names(source))[-1] == "request_reopened", "dispatch asks somebody anew"
    lines = (await world.get("staff", f"{source}/updates"))["items"]
    assert (lines[-1]["step"], lines[-1]["text"]) == ("reopened", reopen["text"])
    assert lines[-1]["detail"]["request_id"] == target
    now = await world.get("staff", target)
    assert (now["state"], now["resolve_by"], now["reopened_count"]) == (was["state"], was["resolve_by"], 0)
    assert await world.event_names(target) == told
    assert (await world.steps("staff", target))[-1] == "unmerged"
    assert (await world.steps("resident", target))[-1] == "confirmed"
    with time_machine.travel(utc_now() + timedelta(days=30)):
        await world.sweep()
        assert "first_response" not in (await world.get("staff", source))["breached"], "they were answered once"
    assert (await world.call("resident", "POST", f"{source}/reopen", reopen, **NEIGHBOUR)).status_code == 409


async def test_a_month_after_the_other_was_confirmed_it_is_a_new_matter(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        source, target = await merged(world)
        await world.work_order("completed", uuid4(), target)
        await world.post("resident", f"{target}/confirm", {})
        clock.shift(timedelta(days=31))
        late = await world.call("resident", "POST", f"{source}/reopen", {}, **NEIGHBOUR)
        assert (late.status_code, late.json()["code"]) == (409, "reopen-too-late")
        assert (await world.get("staff", source))["state"] == "merged"


async def test_the_office_writes_down_what_the_requester_of_a_merged_one_thinks(world: World) -> None:
    source, target = await merged(world)
    await world.work_order("completed", uuid4(), target)
    said = {"score": 2, "solved": False, "satisfied": False, "how": "phone", "text": "还不亮"}
    await world.post("staff", f"{source}/rating", said)
    await world.post("resident", f"{target}/rating", {"score": 5, "solved": True, "satisfied": True})
    rows = await world.sql("SELECT person_id, key_subject_id FROM rating ORDER BY id")
    assert {row.person_id for row in rows} == {world.person, NEIGHBOUR["person"]}
    assert rows[0].key_subject_id == NEIGHBOUR["person"], "what they said is sealed under their own key"


@pytest.mark.parametrize("before", ["submitted", "accepted", "in_progress", "reopened"])
async def test_an_undone_merge_restores_what_was(world: World, before: str) -> None:
    target, source = (await world.submit())["id"], (await world.submit())["id"]
    if before == "accepted":
        await world.post("staff", f"{source}/accept")
    if before in ("in_progress", "reopened"):
        order = uuid4()
        await world.work_order("started", order, source)
    if before == "reopened":
        await world.work_order("completed", order, source)
        await world.post("resident", f"{source}/reopen", {})
    was = await world.get("staff", source)
    assert was["state"] == before
    await world.post("staff", f"{source}/merge", {"into": target})
    late = uuid4()
    await world.work_order("assigned", late, source)
    assert (await world.get("staff", source))["state"] == "merged", "nobody works on it any more"
    now = await world.post("staff", f"{source}/unmerge", {"text": "是两盏灯"})
    for name in ("state", "resolve_by", "clock_started_at", "policy_version", "responder_id", "merged_into_id"):
        assert now[name] == was[name], name
    assert (await world.event_names(source))[-1] == "request_unmerged"
    assert (await world.sql("SELECT count(*) FROM request_follower"))[0].count == 0
    again = await world.call("staff", "POST", f"{source}/unmerge", {})
    assert (again.status_code, again.json()["code"]) == (409, "wrong-state")


async def test_an_undone_merge_ends_only_its_own_following(world: World) -> None:
    source, target = await merged(world)
    second = await neighbours(world)
    await world.post("staff", f"{second}/merge", {"into": target})
    known = "SELECT follower_count FROM service_request WHERE id = :id"
    count = f"SELECT count(*) AS n, ({known}) AS known FROM request_follower"
    await world.post("staff", f"{source}/unmerge", {})
    assert tuple((await world.sql(count, id=target))[0]) == (1, 1)
    await world.post("staff", f"{second}/unmerge", {})
    assert tuple((await world.sql(count, id=target))[0]) == (0, 0)


async def test_what_cannot_be_merged(world: World) -> None:
    source, target = await merged(world)
    third, closed = (await world.submit())["id"], (await world.submit())["id"]
    await world.post("staff", f"{closed}/reject", REFUSAL)
    refused = {
        (third, third): (422, "validation"),
        (third, str(uuid4())): (404, "not-found"),
        (third, closed): (409, "merge-target-closed"),
        (third, source): (409, "merge-target-closed"),
        (closed, third): (409, "wrong-state"),
        (target, third): (409, "holds-merged-requests"),
    }
    for (each, into), (status, code) in refused.items():
        answer = await world.call("staff", "POST", f"{each}/merge", {"into": into})
        assert answer.status_code == status, answer.text
        assert status == 422 or answer.json()["code"] == code
    await world.post("staff", f"{target}/accept")
    await world.post("staff", f"{target}/resolve", {"text": "已修好"})
    assert (await world.call("staff", "POST", f"{source}/unmerge", {})).json()["code"] == "merge-target-closed"


async def test_what_was_merged_into_a_request_that_is_taken_back_stands_again(world: World) -> None:
    source, target = await merged(world)
    await world.post("resident", f"{target}/withdraw", {})
    seen = await world.get("resident", source, **NEIGHBOUR)
    assert (seen["state"], seen["merged_into_id"]) == ("submitted", None)
    assert (await world.event_names(source))[-1] == "request_unmerged"


async def test_a_split_is_no_new_start(world: World) -> None:
    whole, _order = await taken_up(world, place={"address": {"compound": "青松", "building": "3号楼"}})
    was = await world.get("staff", whole)
    part = {"category": "livelihood.walls", "title": "墙皮脱落"}
    answer = await world.post("staff", f"{whole}/split", {"parts": [part], "text": "墙面另行办理"})
    assert answer["request"]["state"] == "in_progress"
    made = await world.get("resident", answer["part_ids"][0])
    assert (made["split_from_id"], made["category"], made["state"]) == (whole, "livelihood.walls", "accepted")
    assert made["clock_started_at"] == was["clock_started_at"]
    assert made["place"]["address"]["building"] == "3号楼"
    assert (await world.steps("resident", whole))[-1] == "split"
    assert await world.event_names(made["id"]) == ["request_submitted"]
    assert (await world.event_names(whole))[-1] == "request_progressed"
    unknown = {"parts": [{"category": "livelihood.no_such"}], "text": "x"}
    assert (await world.call("staff", "POST", f"{whole}/split", unknown)).status_code == 422


async def test_a_split_that_comes_late_is_late_at_once(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        whole = (await world.submit())["id"]
        clock.shift(timedelta(days=2))
        part = {"category": "livelihood.walls"}
        split = await world.post("staff", f"{whole}/split", {"parts": [part], "text": "分开办理"})
        made = await world.get("staff", split["part_ids"][0])
        assert datetime.fromisoformat(made["accept_by"]) < START + timedelta(days=1)
        await world.sweep()
        assert "accept" in (await world.get("staff", made["id"]))["breached"]


async def test_a_split_of_what_a_caller_asked_keeps_how_to_reach_them(world: World) -> None:
    made = await world.submit("staff", requester={"name": "王五", "phone": "19900001111"})
    part = {"category": "livelihood.walls"}
    split = await world.post("staff", f"{made['id']}/split", {"parts": [part, part], "text": "分开办理"})
    revealed = await world.post("staff", f"{split['part_ids'][1]}/reveal", {"purpose": "service_delivery"})
    assert revealed == {"name": "王五", "phone": "+8619900001111"}
    found = await world.post("staff", "search", {"phone": "19900001111", "purpose": "service_delivery"})
    assert {each["id"] for each in found["items"]} == {made["id"], *split["part_ids"]}


async def test_what_is_split_off_a_confidential_request_is_as_confidential(world: World) -> None:
    whole = await world.submit(category="fairness.conduct_of_staff")
    parts = {"parts": [{"category": "livelihood.walls", "title": "墙皮脱落"}], "text": "分开办理"}
    [part] = (await world.post("head", f"{whole['id']}/split", parts))["part_ids"]
    assert (await world.call("head", "GET", part)).status_code == 200
    for outsider in ("staff", "grid_worker"):
        assert (await world.call(outsider, "GET", part)).status_code == 404


async def test_a_transfer_keeps_every_promise(world: World) -> None:
    request_id, _order = await taken_up(world)
    was = await world.get("staff", request_id)
    unit = uuid4()
    to = {
        "category": "livelihood.walls",
        "grid_code": world.code + "002",
        "responder_id": str(unit),
        "text": "属墙面问题",
    }
    now = await world.post("staff", f"{request_id}/transfer", to)
    assert (now["category"], now["grid_code"]) == ("livelihood.walls", world.code + "002")
    kept = ("state", "urgency", "resolve_by", "respond_by", "clock_started_at", "policy_category", "policy_version")
    for name in (*kept, "responder_id"):
        assert now[name] == was[name], name
    told = (await world.published(request_id))[-1]
    assert told.type == "requests.request_transferred.v1"
    assert (told.data["category"], told.data["to_responder_id"]) == ("livelihood.walls", str(unit))
    assert (await world.steps("resident", request_id))[-1] == "transferred"
    await world.work_order("completed", _order, request_id)
    reopened = await world.post("resident", f"{request_id}/reopen", {})
    assert (reopened["policy_category"], reopened["state"]) == (was["policy_category"], "reopened")


async def test_a_transfer_keeps_the_answers_that_fit(world: World) -> None:
    answers = {"lamp_no": {"datatype": "string"}, "floor": {"datatype": "number"}}
    form = [
        {"code": code, "name_zh": code, "name_en": code, "required": True, **more} for code, more in answers.items()
    ]
    for code, questions in {"livelihood.one": form, "livelihood.two": form[1:]}.items():
        made = {
            "code": code,
            "name_zh": "甲",
            "name_en": "A",
            "form": questions,
            "deadlines": (await world.get("staff", "/v1/categories/livelihood.walls"))["deadlines"],
        }
        await world.post("staff", "/v1/categories", made)
    request_id = (await world.submit(category="livelihood.one", attributes={"lamp_no": "A7", "floor": 3}))["id"]
    moved = await world.post("staff", f"{request_id}/transfer", {"category": "livelihood.two", "text": "改类"})
    assert moved["attributes"] == {"floor": 3}
    back = {"category": "livelihood.one", "text": "改回"}
    assert (await world.call("staff", "POST", f"{request_id}/transfer", back)).status_code == 422
    moved = await world.post("staff", f"{request_id}/transfer", back | {"attributes": {"lamp_no": "B1"}})
    assert moved["attributes"] == {"lamp_no": "B1", "floor": 3}


async def test_a_transfer_goes_somewhere_in_the_community(world: World) -> None:
    request_id = (await world.submit())["id"]
    for data in (
        {"text": "x"},
        {"text": "x", "attributes": {"a": 1}, "grid_code": world.grid},
        {"text": "x", "grid_code": "150207007999001"},
        {"text": "x", "category": "livelihood.no_such"},
    ):
        assert (await world.call("staff", "POST", f"{request_id}/transfer", data)).status_code == 422, data
    await world.post("resident", f"{request_id}/withdraw", {})
    closed = await world.call("staff", "POST", f"{request_id}/transfer", {"text": "x", "grid_code": world.grid})
    assert closed.json()["code"] == "wrong-state"
