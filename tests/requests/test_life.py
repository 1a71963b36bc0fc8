"""A request from its submission to its confirmation, told by work orders and by people."""

from uuid import UUID, uuid4

import pytest

from services.requests.service_requests.errors import UnknownRequest
from tests.requests.world import REFUSAL, World


async def taken_up(world: World, **data: object) -> tuple[str, UUID]:
    """A request that is in progress, and its work order."""
    request_id, order = (await world.submit(**data))["id"], uuid4()
    for what in ("created", "assigned", "acknowledged", "started"):
        await world.work_order(what, order, request_id)
    return request_id, order


async def test_the_whole_way(world: World) -> None:
    request_id, order = await taken_up(world)
    assert (await world.get("resident", request_id))["state"] == "in_progress"
    await world.work_order("completed", order, request_id, outcome="repaired")
    assert (await world.get("resident", request_id))["state"] == "resolved"
    confirmed = await world.post("resident", f"{request_id}/confirm", {"satisfied": True})
    assert confirmed["state"] == "confirmed"
    steps = ["submitted", "dispatched", "acknowledged", "started", "resolved", "confirmed"]
    assert await world.steps("resident", request_id) == steps
    assert await world.event_names(request_id) == [
        "request_submitted",
        "request_progressed",
        "request_progressed",
        "request_progressed",
        "request_resolved",
        "request_confirmed",
    ]
    last = (await world.published(request_id))[-1]
    assert last.data["requester_person_id"] == str(world.person)
    versions = [row.version for row in await world.published(request_id)]
    assert versions == sorted(set(versions)), "a reader can tell newer from older"


async def test_progress_and_result_reach_the_requester_and_notes_do_not(world: World) -> None:
    request_id, _order = await taken_up(world)
    before = len(await world.published(request_id))
    await world.post("staff", f"{request_id}/updates", {"kind": "note", "text": "内部备注"})
    assert len(await world.published(request_id)) == before
    await world.post("staff", f"{request_id}/updates", {"kind": "progress", "text": "配件已到"})
    await world.post("staff", f"{request_id}/resolve", {"text": "已修好"})
    assert (await world.event_names(request_id))[before:] == ["request_progressed", "request_resolved"]
    for role, texts in {"resident": ["配件已到", "已修好"], "staff": ["内部备注", "配件已到", "已修好"]}.items():
        updates = (await world.get(role, f"{request_id}/updates"))["items"]
        assert [entry["text"] for entry in updates if entry["text"]] == texts


async def test_only_the_office_accepts_and_rejects(world: World) -> None:
    first, second = (await world.submit())["id"], (await world.submit())["id"]
    assert (await world.call("resident", "POST", f"{first}/accept")).status_code == 403
    assert (await world.post("staff", f"{first}/accept"))["state"] == "accepted"
    again = await world.call("staff", "POST", f"{first}/accept")
    assert (again.status_code, again.json()["code"], again.json()["state"]) == (409, "wrong-state", "accepted")
    assert (await world.post("head", f"{second}/reject", REFUSAL))["state"] == "rejected"
    assert await world.event_names(second) == ["request_submitted", "request_progressed", "request_rejected"]
    assert (await world.call("staff", "POST", f"{second}/resolve", {"text": "x"})).status_code == 409


@pytest.mark.parametrize(
    ("language", "detail"),
    [
        ("zh-CN", "当前状态为“已受理”, 此操作只用于: 已办结、已答复。"),
        ("en", "The state is accepted; this needs one of: confirmed, resolved."),
    ],
)
async def test_states_have_names_for_chinese_readers_and_codes_for_programs(
    world: World, language: str, detail: str
) -> None:
    request_id = (await world.submit())["id"]
    await world.post("staff", f"{request_id}/accept")
    refused = await world.call(
        "resident", "POST", f"{request_id}/reopen", {"text": "还没修好"}, headers={"Accept-Language": language}
    )
    document = refused.json()
    assert (refused.status_code, document["code"], document["detail"]) == (409, "wrong-state", detail)
    assert (document["state"], document["allowed"]) == ("accepted", ["confirmed", "resolved"])


async def test_a_responder_reads_what_they_were_asked_until_another_takes_over(world: World) -> None:
    request_id, order, backup = (await world.submit())["id"], uuid4(), uuid4()
    assert (await world.call("responder", "GET", request_id)).status_code == 404
    await world.work_order("assigned", order, request_id, tier="first")
    await world.work_order("escalated", order, request_id, to="backup")
    await world.work_order("assigned", order, request_id, tier="backup", responder_id=backup)
    assert (await world.get("responder", request_id))["state"] == "dispatched"
    assert (await world.get("responder", request_id, responder=backup))["state"] == "dispatched"
    assert [item["id"] for item in (await world.get("responder", "?mine=true"))["items"]] == [request_id]
    await world.work_order("acknowledged", order, request_id, responder_id=backup)
    assert (await world.call("responder", "GET", request_id)).status_code == 404
    resolved = await world.post("responder", f"{request_id}/resolve", {"text": "已处理"}, responder=backup)
    assert resolved["state"] == "resolved"


async def test_a_worker_may_read_their_grid_but_resolve_only_what_they_were_asked(world: World) -> None:
    made = await world.submit("grid_worker")
    await world.post("staff", f"{made['id']}/accept")
    assert (await world.get("grid_worker", made["id"]))["grid_code"] == world.grid
    assert (await world.call("grid_worker", "GET", made["id"], grids=[world.code + "002"])).status_code == 404
    assert (await world.call("grid_worker", "POST", f"{made['id']}/resolve", {"text": "好了"})).status_code == 403


async def test_events_out_of_order_and_after_the_end_move_nothing(world: World) -> None:
    request_id, order = (await world.submit())["id"], uuid4()
    await world.work_order("started", order, request_id, version=4)
    started = await world.get("resident", request_id)
    assert started["state"] == "in_progress"
    assert started["clock_started_at"] is not None
    await world.work_order("assigned", order, request_id, version=2)
    late = await world.get("resident", request_id)
    assert (late["state"], late["clock_started_at"]) == ("in_progress", started["clock_started_at"])
    await world.post("resident", f"{request_id}/withdraw", {})
    await world.work_order("completed", order, request_id, version=5)
    assert (await world.get("resident", request_id))["state"] == "withdrawn"


async def test_an_order_of_the_round_before_moves_nothing(world: World) -> None:
    request_id, order = await taken_up(world)
    await world.post("staff", f"{request_id}/resolve", {"text": "已修好"})
    await world.post("resident", f"{request_id}/reopen", {"text": "还是不亮"})
    await world.work_order("completed", order, request_id)
    assert (await world.get("resident", request_id))["state"] == "reopened"
    await world.work_order("assigned", uuid4(), request_id)
    assert (await world.get("resident", request_id))["state"] == "dispatched"


async def test_an_event_about_an_unknown_request_is_not_lost(world: World) -> None:
    with pytest.raises(UnknownRequest):
        await world.work_order("assigned", uuid4(), str(uuid4()))
    with pytest.raises(UnknownRequest):
        await world.deliver(
            "residents.found_person_handed_over.v1", {"found_person_id": str(uuid4())}, subject="found-persons/x"
        )


async def test_an_event_never_carries_a_sentence_into_the_timeline(world: World) -> None:
    request_id, order = await taken_up(world)
    await world.work_order("handed_back", order, request_id, reason="住户张三电话 19900001234 不接")
    await world.work_order("completed", order, request_id, outcome="repaired")
    details = [entry["detail"] for entry in (await world.get("staff", f"{request_id}/updates"))["items"]]
    assert "reason" not in details[-2]
    assert details[-1]["outcome"] == "repaired"


async def test_a_family_thanks_with_a_pennant(world: World) -> None:
    case = str(uuid4())
    reported = {"found_person_id": case, "card_id": str(uuid4()), "grid_code": world.grid, "urgency": "urgent"}
    await world.deliver("residents.found_person_reported.v1", reported, subject=f"found-persons/{case}")
    request_id = (await world.published())[0].data["request_id"]
    daughter = {"person": uuid4()}
    assert (await world.call("resident", "GET", request_id, **daughter)).status_code == 404
    elder = {"found_person_id": case, "person_id": str(uuid4()), "household_id": str(world.household)}
    await world.deliver("residents.found_person_identified.v1", elder, subject=f"found-persons/{case}", version=2)
    order = uuid4()
    await world.work_order("assigned", order, request_id)
    handed_over = {"found_person_id": case}
    await world.deliver(
        "residents.found_person_handed_over.v1", handed_over, subject=f"found-persons/{case}", version=3
    )
    await world.work_order("completed", order, request_id)
    assert await world.steps("resident", request_id) == [
        "submitted",
        "accepted",
        "dispatched",
        "handed_over",
        "resolved",
    ]
    told = [row.data for row in await world.published(request_id)]
    assert told[-1]["household_id"] == str(world.household)
    await world.post("resident", f"{request_id}/confirm", {"satisfied": True}, **daughter)
    thanks = {"score": 5, "solved": True, "satisfied": True, "commendation": "pennant", "text": "热心为民"}
    rating = await world.post("resident", f"{request_id}/rating", thanks, **daughter)
    assert (rating["commendation"], rating["text"]) == ("pennant", "热心为民")
    twice = await world.call("resident", "POST", f"{request_id}/rating", thanks, **daughter)
    assert twice.json()["code"] == "already-rated"
    assert (await world.get("responder", f"{request_id}/rating"))["items"] == [rating]
    assert "热心为民" not in str(await world.published())


async def test_the_office_says_how_it_called_back_and_residents_speak_for_themselves(world: World) -> None:
    request_id, order = await taken_up(world)
    await world.work_order("completed", order, request_id)
    assert (await world.call("staff", "POST", f"{request_id}/confirm", {})).status_code == 422
    assert (await world.call("resident", "POST", f"{request_id}/confirm", {"how": "phone"})).status_code == 422
    assert (await world.call("grid_worker", "POST", f"{request_id}/confirm", {"how": "visit"})).status_code == 403
    await world.post("staff", f"{request_id}/confirm", {"how": "phone", "satisfied": False})
    last = (await world.get("staff", f"{request_id}/updates"))["items"][-1]
    assert last["detail"] == {"how": "phone", "satisfied": False}


async def test_each_outcome_is_rated_for_itself(world: World) -> None:
    request_id, order = await taken_up(world)
    bad, good = ({"score": score, "solved": score > 2, "satisfied": score > 2} for score in (1, 4))
    assert (await world.call("resident", "POST", f"{request_id}/rating", bad)).status_code == 409
    await world.work_order("completed", order, request_id)
    await world.post("resident", f"{request_id}/rating", bad)
    await world.post("resident", f"{request_id}/reopen", {})
    await world.post("staff", f"{request_id}/resolve", {"text": "换了新灯"})
    await world.post("resident", f"{request_id}/rating", good)
    assert [item["score"] for item in (await world.get("staff", f"{request_id}/rating"))["items"]] == [1, 4]


async def test_only_who_asked_withdraws(world: World) -> None:
    mine, callers = (await world.submit())["id"], (await world.submit("staff", channel="phone"))["id"]
    assert (await world.call("staff", "POST", f"{mine}/withdraw", {})).status_code == 403
    assert (await world.call("resident", "POST", f"{mine}/withdraw", {}, person=uuid4())).status_code == 403
    assert (await world.post("resident", f"{mine}/withdraw", {"text": "已自行解决"}))["state"] == "withdrawn"
    assert (await world.post("staff", f"{callers}/withdraw", {}))["state"] == "withdrawn"
    assert (await world.event_names(mine))[-1] == "request_withdrawn"


async def test_who_may_write_which_update(world: World) -> None:
    request_id = (await world.submit())["id"]
    allowed = {
        ("resident", "comment"): 200,
        ("resident", "progress"): 422,
        ("resident", "note"): 422,
        ("resident", "answer"): 409,
        ("staff", "comment"): 422,
        ("staff", "progress"): 200,
        ("staff", "note"): 200,
        ("supervisor", "note"): 403,
        ("merchant", "comment"): 403,
    }
    for (role, kind), status in allowed.items():
        answer = await world.call(role, "POST", f"{request_id}/updates", {"kind": kind, "text": "好"})
        assert answer.status_code == status, (role, kind, answer.text)
    internal = {"kind": "comment", "text": "好", "visibility": "internal"}
    assert (await world.call("resident", "POST", f"{request_id}/updates", internal)).status_code == 422


@pytest.mark.parametrize(
    ("outcome", "state"), [("unfounded", "withdrawn"), ("returned_home", "accepted"), ("with_police", "accepted")]
)
async def test_a_false_alarm_takes_its_request_back(world: World, outcome: str, state: str) -> None:
    case = str(uuid4())
    reported = {"found_person_id": case, "card_id": None, "grid_code": world.grid, "urgency": "urgent"}
    await world.deliver("residents.found_person_reported.v1", reported, subject=f"found-persons/{case}")
    closed = {"found_person_id": case, "outcome": outcome}
    await world.deliver("residents.found_person_closed.v1", closed, subject=f"found-persons/{case}", version=2)
    told = await world.published()
    assert told[-1].data["state"] == state
    assert (await world.get("staff", told[0].data["request_id"]))["state"] == state


async def test_the_first_asked_answers_until_another_has_accepted(world: World) -> None:
    request_id, order, backup = (await world.submit())["id"], uuid4(), uuid4()
    assert (await world.get("staff", request_id))["responder_id"] is None

    async def answers() -> str:
        return (await world.get("staff", request_id))["responder_id"]

    await world.work_order("assigned", order, request_id)
    await world.work_order("escalated", order, request_id, to="backup")
    await world.work_order("assigned", order, request_id, tier="backup", responder_id=backup)
    assert await answers() == str(world.responder)
    await world.work_order("handed_back", order, request_id, reason="unavailable")
    assert await answers() == str(world.responder), "giving it back frees nobody"
    await world.work_order("acknowledged", order, request_id, responder_id=backup)
    assert await answers() == str(backup)
    assert (await world.get("resident", request_id))["responder_id"] is None


async def test_police_who_come_too_neither_take_over_nor_set_back(world: World) -> None:
    request_id, _order = await taken_up(world)
    police, officer = uuid4(), uuid4()
    for what, state in {
        "assigned": "in_progress",
        "acknowledged": "in_progress",
        "started": "in_progress",
        "handed_back": "in_progress",
    }.items():
        await world.work_order(what, police, request_id, responder_id=officer)
        seen = await world.get("staff", request_id)
        assert (seen["state"], seen["responder_id"]) == (state, str(world.responder)), what
    told = ["submitted", "dispatched", "acknowledged", "started", "acknowledged", "started"]
    assert await world.steps("resident", request_id) == told


async def test_a_refusal_says_why_and_where_to_turn(world: World) -> None:
    request_id = (await world.submit())["id"]
    assert (await world.call("staff", "POST", f"{request_id}/reject", {"text": "不归我们管"})).status_code == 422
    told = {"reason": "in_litigation", "text": "法院已受理", "remedy_text": "可向立案庭查询进度"}
    await world.post("staff", f"{request_id}/reject", told)
    entry = (await world.get("resident", f"{request_id}/updates"))["items"][-1]
    assert entry["text"] == "法院已受理\n可向立案庭查询进度"
    assert entry["refusal"]["reason"]["code"] == "in_litigation"
    listed = {each["reason"]["code"]: each for each in (await world.get("resident", "refusal-reasons"))["items"]}
    assert entry["refusal"] == listed["in_litigation"], "without a choice, the remedies that go with the reason"
    assert all(word["zh"] and word["en"] for each in listed.values() for word in (each["reason"], *each["remedies"]))
    chosen = (await world.submit())["id"]
    await world.post("staff", f"{chosen}/reject", REFUSAL | {"remedies": ["letters_and_visits"]})
    entry = (await world.get("resident", f"{chosen}/updates"))["items"][-1]
    assert [remedy["code"] for remedy in entry["refusal"]["remedies"]] == ["letters_and_visits"]


@pytest.mark.parametrize(("outcome", "answers"), [("overruled", True), ("upheld", False)])
async def test_an_objection_moves_nothing_until_it_is_decided(world: World, outcome: str, answers: bool) -> None:
    request_id, order = await taken_up(world)
    was = await world.get("staff", request_id)
    await world.work_order("objected", order, request_id, reason="other_unit")
    await world.work_order("objection_overdue", order, request_id, to="head")
    now = await world.get("staff", request_id)
    for name in ("state", "responder_id", "resolve_by", "waiting_since"):
        assert now[name] == was[name], name
    await world.work_order("objection_decided", order, request_id, outcome=outcome)
    now = await world.get("staff", request_id)
    assert (now["responder_id"] == str(world.responder)) is answers
    assert now["state"] == ("in_progress" if answers else "dispatched")
    assert now["resolve_by"] == was["resolve_by"]
    assert (await world.call("responder", "GET", request_id)).status_code == (200 if answers else 404)
    assert (await world.steps("staff", request_id))[-3:] == ["objected", "escalated", "objection_decided"]
    assert (await world.steps("resident", request_id))[-1] == "started", "how the office sorts it out is its own matter"
    other = uuid4()
    await world.work_order("assigned", order, request_id, responder_id=other)
    assert (await world.get("staff", request_id))["responder_id"] == str(world.responder if answers else other)


async def test_work_of_an_earlier_round_makes_nobody_answer_for_the_present_one(world: World) -> None:
    """Who did it, was asked again after the reopening and is released by an upheld objection, is released."""
    request_id, order = await taken_up(world)
    await world.work_order("completed", order, request_id)
    await world.post("resident", f"{request_id}/reopen", {})
    again = uuid4()
    await world.work_order("assigned", again, request_id)
    await world.work_order("objected", again, request_id, reason="other_unit")
    await world.work_order("objection_decided", again, request_id, outcome="upheld")
    assert (await world.get("staff", request_id))["responder_id"] is None
    other = uuid4()
    await world.work_order("assigned", again, request_id, responder_id=other)
    assert (await world.get("staff", request_id))["responder_id"] == str(other)
