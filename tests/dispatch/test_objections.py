"""Whoever was asked may object (退单异议); somebody else decides; nobody gains time. And orders follow a transfer."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.dispatch.objections.service import TIMERS
from shared.timers import sweep_once
from tests.dispatch.community import NewPlace, Place, ok, refused
from tests.dispatch.test_work_orders import act, events_of

OBJECTION = {"reason": "not_responsible", "ground": "other_unit", "statement": "路灯由市政维护"}


async def objected(place: Place, order: dict[str, Any]) -> dict[str, Any]:
    """The pending objection of the order's own worker."""
    worker = await place.responder(UUID(order["responder_id"]))
    ok(await act(worker, order, "hand-back", **OBJECTION))
    return await latest(place, order)


async def latest(place: Place, order: dict[str, Any]) -> dict[str, Any]:
    return ok(await place.staff.get(f"/v1/work-orders/{order['id']}/objections"))["items"][-1]


async def decide(place: Place, objection: dict[str, Any], decision: str, role: str = "staff", **data: Any) -> Any:
    reviewer = await place.client(role)
    return await reviewer.post(f"/v1/objections/{objection['id']}/{decision}", json={"text": "已核实"} | data)


async def test_who_objects_stays_answerable_until_it_is_decided(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    order = await place.submit()
    objection = await objected(place, order)
    assert (objection["state"], objection["statement"]) == ("pending", "路灯由市政维护")
    now = await place.order(order["id"])
    for name in ("state", "responder_id", "due_at"):
        assert now[name] == order[name], name
    listed = ok(await place.staff.get("/v1/objections"))["items"]
    assert [each["id"] for each in listed] == [objection["id"]]
    decided = ok(await decide(place, objection, "uphold"))
    assert (decided["state"], decided["decision"]) == ("upheld", "已核实")
    now = await place.order(order["id"])
    assert (now["responder_id"], now["state"]) == (str(place.workers[1]), "assigned")
    assert now["due_at"] == order["due_at"], "no objection moves the deadline"
    assert [await place.load(each) for each in place.workers] == [0, 1]
    names = [name for name, _ in await events_of(place, order)]
    assert names == ["created", "assigned", "objected", "objection_decided", "assigned"]
    assert "市政" not in str(await events_of(place, order))
    refused(await decide(place, objection, "overrule"), 409, "wrong-state")


async def test_an_overruled_objector_keeps_the_order_and_may_object_once_more(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    order = await place.submit()
    worker = await place.worker(0)
    for _ in range(2):
        objection = await objected(place, order)
        refused(await act(worker, order, "hand-back", **OBJECTION), 409, "objection-limit")
        assert ok(await decide(place, objection, "overrule"))["state"] == "overruled"
    refused(await act(worker, order, "hand-back", **OBJECTION), 409, "objection-limit")
    assert (await place.order(order["id"]))["responder_id"] == str(place.workers[0])
    assert ok(await act(worker, order, "acknowledge"))["state"] == "acknowledged"


async def test_a_reviewer_may_name_who_is_asked_instead(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    unit = await place.register("lawyer")
    order = await place.submit()
    await act(await place.worker(0), order, "acknowledge")
    objection = await objected(place, order)
    ok(await decide(place, objection, "uphold", responder_id=str(unit)))
    assert (await place.order(order["id"]))["responder_id"] == str(unit)


@pytest.mark.parametrize("ending", ["acknowledge", "hand-back", "assign", "withdrawn"])
async def test_an_objection_lapses_when_the_matter_is_settled(new_place: NewPlace, ending: str) -> None:
    place = await new_place(grids=2)
    order = await place.submit()
    await objected(place, order)
    if ending == "withdrawn":
        await place.hear("requests.request_withdrawn.v1", UUID(order["request_id"]))
    elif ending == "assign":
        ok(await act(place.staff, order, "assign", responder_id=str(place.workers[1]), reason="熟悉"))
    else:
        body = {"reason": "unavailable"} if ending == "hand-back" else {}
        ok(await act(await place.worker(0), order, ending, **body))
    objection = await latest(place, order)
    assert objection["state"] == "lapsed"
    refused(await decide(place, objection, "uphold"), 409, "wrong-state")


async def test_nobody_reviews_their_own_objection(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    order = await place.submit()
    objection = await objected(place, order)
    self_reviewer = await place.client("staff", responder=UUID(order["responder_id"]))
    answer = await self_reviewer.post(f"/v1/objections/{objection['id']}/uphold", json={"text": "是"})
    refused(answer, 403, "own-objection")


async def test_what_nobody_reviews_in_time_the_head_decides(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    order = await place.submit()
    objection = await objected(place, order)
    async with place.app.state.database.transaction(place.code) as session:
        await session.execute(
            text("UPDATE objection SET review_by = now() - interval '1 second' WHERE community_code = :c"),
            {"c": place.code},
        )
    for _ in range(100):
        await sweep_once(place.app.state.database, TIMERS[0])
        if (await latest(place, order))["escalated_at"] is not None:
            break
        await asyncio.sleep(0.01)
    assert [name for name, _ in await events_of(place, order)][-1] == "objection_overdue"
    refused(await decide(place, objection, "overrule"), 403, "head-decides")
    assert ok(await decide(place, objection, "overrule", "head"))["state"] == "overruled"
    assert [name for name, _ in await events_of(place, order)].count("objection_overdue") == 1


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "not_responsible"},
        {"reason": "not_responsible", "ground": "other_unit"},
        {"reason": "unavailable", "ground": "other_unit", "statement": "病了"},
    ],
)
async def test_an_objection_says_why(new_place: NewPlace, body: dict[str, str]) -> None:
    place = await new_place(grids=1)
    order = await place.submit()
    refused(await act(await place.worker(0), order, "hand-back", **body), 422, "validation")


@pytest.mark.parametrize("role", ["resident", "grid_worker", "responder", "supervisor", "merchant", "partner"])
async def test_only_the_office_reviews(new_place: NewPlace, role: str) -> None:
    place = await new_place(grids=1)
    objection = await objected(place, await place.submit())
    for decision in ("uphold", "overrule"):
        assert (await decide(place, objection, decision, role)).status_code == 403
    assert (await (await place.client(role)).get("/v1/objections")).status_code == 403
    elsewhere = await place.client_of("dispatch", role="head", area="150207007998")
    answer = await elsewhere.post(f"/v1/objections/{objection['id']}/uphold", json={"text": "x"})
    assert answer.status_code == 404


async def moved(place: Place, order: dict[str, Any], **data: Any) -> dict[str, Any]:
    news = {"category": order["category"], "urgency": "normal", "grid_code": order["grid_code"]}
    await place.hear("requests.request_transferred.v1", UUID(order["request_id"]), **news | data)
    return await place.order(order["id"])


async def test_who_was_asked_first_stays_until_another_has_accepted(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    order = await place.submit()
    first = await place.worker(0)
    await act(first, order, "acknowledge")
    now = await moved(place, order, grid_code=place.grids[1])
    assert (now["grid_code"], now["state"]) == (place.grids[1], "assigned")
    assert (now["responder_id"], now["due_at"]) == (order["responder_id"], order["due_at"])
    assert [await place.load(each) for each in place.workers] == [1, 1]
    ok(await act(await place.worker(1), order, "acknowledge"))
    now = await place.order(order["id"])
    assert now["responder_id"] == str(place.workers[1])
    assert [await place.load(each) for each in place.workers] == [0, 1]


async def test_a_transfer_that_the_same_worker_can_do_asks_nobody_else(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    order = await place.submit()
    now = await moved(place, order, category="livelihood.walls")
    assert (now["category"], now["responder_id"], now["state"]) == (
        "livelihood.walls",
        order["responder_id"],
        "assigned",
    )
    assert [await place.load(each) for each in place.workers] == [1, 0]


async def test_a_transfer_asks_whom_staff_chose(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    unit = await place.register("lawyer")
    order = await place.submit()
    await moved(place, order, to_responder_id=str(unit))
    asked = [each["responder_id"] for each in (await place.explain(order["id"]))["assignments"] if not each["ended_at"]]
    assert asked == [order["responder_id"], str(unit)]
    stale = await moved(place, order, to_responder_id=str(uuid4()), version=1)
    assert stale["version"] == (await place.order(order["id"]))["version"], "older news moves nothing"


async def test_a_merged_request_ends_its_orders_and_an_undone_merge_makes_another(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    order = await place.submit()
    await place.hear("requests.request_merged.v1", UUID(order["request_id"]))
    assert (await place.order(order["id"]))["state"] == "cancelled"
    news = {"category": order["category"], "urgency": "normal", "grid_code": order["grid_code"]}
    await place.hear("requests.request_unmerged.v1", UUID(order["request_id"]), **news)
    again = await place.order_of(order["request_id"])
    assert (again["previous_id"], again["state"]) == (order["id"], "assigned")
