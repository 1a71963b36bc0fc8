"""The end of a request: calling back, closing what nobody contradicts, reopening in time, thanks."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from services.requests.callbacks.sweep import confirm_unanswered
from tests.requests.test_clock import START
from tests.requests.test_life import taken_up
from tests.requests.world import World

CONDUCT = "fairness.conduct_of_staff"
"""A confidential category."""
IN_VAIN = {"how": "phone", "reached": False, "text": "无人接听"}


async def resolved(world: World, **data: Any) -> str:
    request_id, order = await taken_up(world, **data)
    await world.work_order("completed", order, request_id)
    return request_id


async def sweep(world: World) -> None:
    async with world.alone() as session:
        await confirm_unanswered(session)


async def test_what_is_heard_closes_or_reopens(world: World) -> None:
    solved, unsolved = await resolved(world), await resolved(world)
    yes = {"how": "phone", "reached": True, "solved": True, "satisfied": True, "text": "灯亮了"}
    assert (await world.post("staff", f"{solved}/call-back", yes))["state"] == "confirmed"
    assert (await world.steps("staff", solved))[-2:] == ["called_back", "confirmed"]
    assert (await world.steps("resident", solved))[-1] == "confirmed"
    last = (await world.get("resident", f"{solved}/updates"))["items"][-1]
    assert (last["text"], last["detail"]) == ("灯亮了", {"how": "phone", "satisfied": True})
    no = {"how": "visit", "reached": True, "solved": False, "satisfied": False, "text": "还是不亮"}
    assert (await world.post("staff", f"{unsolved}/call-back", no))["state"] == "reopened"
    assert (await world.event_names(unsolved))[-1] == "request_reopened"
    assert (await world.post("staff", f"{solved}/call-back", no))["reopened_count"] == 1, (
        "a later call may say otherwise"
    )


async def test_every_attempt_is_kept_and_after_three_the_office_may_close(world: World) -> None:
    request_id = await resolved(world)
    early = await world.call("staff", "POST", f"{request_id}/close-unreached", {"text": "三次未接"})
    assert (early.status_code, early.json()["code"]) == (409, "call-back-first")
    for attempt in (1, 2, 3):
        assert (await world.post("staff", f"{request_id}/call-back", IN_VAIN))["unreached_count"] == attempt
    told = (await world.published(request_id))[-1]
    assert (told.type, told.data["step"]) == ("requests.request_progressed.v1", "called_back")
    closed = await world.post("head", f"{request_id}/close-unreached", {"text": "三次未接"})
    assert closed["state"] == "confirmed"
    assert (await world.get("resident", f"{request_id}/updates"))["items"][-1]["detail"] == {"unreached": 3}
    assert (await world.post("resident", f"{request_id}/reopen", {}))["unreached_count"] == 0


@pytest.mark.parametrize(
    "data",
    [
        {"how": "phone", "reached": True},
        {"how": "phone", "reached": False, "solved": True},
        {"how": "phone", "reached": False, "satisfied": False},
        {"reached": False},
    ],
)
async def test_an_attempt_says_what_was_heard(world: World, data: dict[str, Any]) -> None:
    request_id = await resolved(world)
    assert (await world.call("staff", "POST", f"{request_id}/call-back", data)).status_code == 422


async def test_a_result_that_nobody_contradicts_is_confirmed_after_a_week(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        request_id = await resolved(world)
        clock.shift(timedelta(days=7) - timedelta(minutes=1))
        await sweep(world)
        assert (await world.get("resident", request_id))["state"] == "resolved"
        clock.shift(timedelta(minutes=1))
        for _ in range(2):
            await sweep(world)
        seen = await world.get("resident", request_id)
        assert (seen["state"], seen["confirm_by"]) == ("confirmed", None)
        last = (await world.get("resident", f"{request_id}/updates"))["items"][-1]
        assert (last["step"], last["by"], last["detail"]) == ("confirmed", "system", {"unanswered": True})
        assert (await world.event_names(request_id))[-1] == "request_confirmed"
        assert (await world.event_names(request_id)).count("request_confirmed") == 1


@pytest.mark.parametrize("closed", [False, True])
async def test_those_at_home_hear_of_it_unless_it_has_become_confidential(world: World, closed: bool) -> None:
    other = uuid4()
    with time_machine.travel(START, tick=False) as clock:
        request_id = (await world.submit())["id"]
        await world.post("resident", f"{request_id}/follow", person=other)
        if closed:
            await world.post("staff", f"{request_id}/transfer", {"category": CONDUCT, "text": "转纪检"})
        for verb, data in (("accept", None), ("resolve", {"text": "好了"})):
            await world.post("head", f"{request_id}/{verb}", data)
        clock.shift(timedelta(days=8))
        await sweep(world)
        told = (await world.published(request_id))[-1]
        assert told.type == "requests.request_confirmed.v1"
        assert told.data["follower_person_ids"] == ([] if closed else [str(other)])
        assert told.data["household_id"] == (None if closed else str(world.household))


async def test_who_says_not_solved_in_time_is_heard(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        request_id = await resolved(world)
        clock.shift(timedelta(days=6))
        await world.post("resident", f"{request_id}/reopen", {})
        clock.shift(timedelta(days=2))
        await sweep(world)
        assert (await world.get("resident", request_id))["state"] == "reopened"


async def test_a_month_after_the_confirmation_it_is_a_new_matter(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        first, second = await resolved(world), await resolved(world)
        for request_id in (first, second):
            await world.post("resident", f"{request_id}/confirm", {})
        clock.shift(timedelta(days=30))
        assert (await world.post("resident", f"{first}/reopen", {}))["state"] == "reopened"
        clock.shift(timedelta(minutes=1))
        for role, data in {"resident": {}, "staff": {"how": "phone"}}.items():
            late = await world.call(role, "POST", f"{second}/reopen", data)
            assert (late.status_code, late.json()["code"]) == (409, "reopen-too-late")


async def test_the_office_writes_down_what_a_caller_thinks(world: World) -> None:
    request_id, order = await taken_up(world, role="staff", requester={"phone": "19900001111"})
    await world.work_order("completed", order, request_id)
    score = {"score": 4, "solved": True, "satisfied": True}
    assert (await world.call("staff", "POST", f"{request_id}/rating", score)).status_code == 422
    rated = await world.post("staff", f"{request_id}/rating", score | {"how": "phone"})
    assert rated["how"] == "phone"
    again = await world.call("staff", "POST", f"{request_id}/rating", score | {"how": "phone"})
    assert again.json()["code"] == "already-rated"
    mine = await resolved(world)
    assert (await world.call("resident", "POST", f"{mine}/rating", score | {"how": "phone"})).status_code == 422


async def test_thanks_are_listed_for_whom_they_are_and_shown_with_consent(world: World) -> None:
    ids = [await resolved(world), await resolved(world)]
    pennant = {"score": 5, "solved": True, "satisfied": True, "commendation": "pennant"}
    for request_id, more in zip(
        ids, ({"text": "热心为民", "may_publish": True}, {"text": "谢谢小王", "commendation": "thanks"}), strict=True
    ):
        await world.post("resident", f"{request_id}/rating", pennant | more)
    plain = await resolved(world)
    await world.post("resident", f"{plain}/rating", {"score": 3, "solved": True, "satisfied": True})

    async def texts(role: str, query: str = "", **claims: Any) -> list[Any]:
        return [each["text"] for each in (await world.get(role, f"/v1/commendations{query}", **claims))["items"]]

    assert await texts("staff") == ["谢谢小王", "热心为民"]
    assert await texts("staff", "?commendation=pennant") == ["热心为民"]
    assert await texts("head", f"?responder_id={uuid4()}") == []
    assert await texts("responder") == ["谢谢小王", "热心为民"]
    assert await texts("responder", responder=uuid4()) == []
    assert await texts("supervisor") == [None, None]
    shown = (await world.get("resident", "/v1/commendations", person=uuid4(), household=uuid4()))["items"]
    assert [(each["text"], each["request_id"]) for each in shown] == [("热心为民", None)]
    assert shown[0]["responder_id"] == str(world.responder)
