"""What is closed to others is closed in dispatch too: whoever was asked and the head know of the order, nobody else."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.dispatch.community import NewPlace, Place, ok, refused
from tests.dispatch.test_escalation import seat_desk, with_backup
from tests.dispatch.test_objections import decide, objected
from tests.dispatch.test_overdue import pass_by, reminders
from tests.dispatch.test_work_orders import act, events_of

SHELTER = {"category": "rights_protection.domestic_violence", "responder_kind": "police", "confidential": True}
CONDUCT = {"category": "fairness.conduct_of_staff", "responder_kind": "grid_worker", "confidential": True}


async def a_place(new_place: NewPlace) -> tuple[Place, UUID]:
    place = await new_place(grids=2)
    return place, await place.register("police", duty="standing")


async def sees(place: Place, order: dict[str, Any], role: str, **claims: Any) -> bool:
    """Whether the caller is told of it anywhere; all doors agree."""
    client = await place.client(role, **claims)
    found = []
    for path in ("", "/assignment", "/objections"):
        answer = await client.get(f"/v1/work-orders/{order['id']}{path}")
        assert answer.status_code in (200, 404), answer.text
        found.append(answer.status_code == 200)
    for query in ({}, {"request_id": order["request_id"]}, {"grid_code": order["grid_code"]}):
        listed = ok(await client.get("/v1/work-orders", params=query))["items"]
        found.append(order["id"] in [each["id"] for each in listed])
    assert len(set(found)) == 1, (role, found)
    return found[0]


def others(place: Place) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("staff", {}),
        ("staff", {"responder": uuid4()}),
        ("grid_worker", {"grids": place.grids, "responder": place.workers[0]}),
        ("grid_worker", {"grids": place.grids}),
        ("responder", {"responder": uuid4()}),
        ("supervisor", {}),
    ]


async def test_only_who_was_asked_and_the_head_know_of_the_order(new_place: NewPlace) -> None:
    place, police = await a_place(new_place)
    order = await place.submit(**SHELTER)
    assert order["responder_id"] == str(police)
    for role, claims in others(place):
        assert not await sees(place, order, role, **claims), role
    for role, claims in (("head", {}), ("responder", {"responder": police}), ("staff", {"responder": police})):
        assert await sees(place, order, role, **claims), role
    staff = await place.client("staff")
    for verb, body in (("acknowledge", {}), ("assign", {"responder_id": str(place.workers[0]), "reason": "近"})):
        refused(await act(staff, order, verb, **body), 404, "not-found")


@pytest.mark.parametrize("news", ["transferred", "made_confidential", "resolved"])
async def test_what_is_closed_later_is_closed_with_all_its_orders(new_place: NewPlace, news: str) -> None:
    """By a transfer, by a mediation, and by whatever else is heard first."""
    place, _ = await a_place(new_place)
    order = await place.submit()
    worker = {"grids": [place.grids[0]], "responder": place.workers[0]}
    assert await sees(place, order, "staff")
    data = {name: order[name] for name in ("category", "grid_code")}
    await place.hear(f"requests.request_{news}.v1", UUID(order["request_id"]), **data | {"confidential": True})
    for role, claims in others(place):
        if claims.get("responder") != place.workers[0]:
            assert not await sees(place, order, role, **claims), role
    assert await sees(place, order, "grid_worker", **worker), "who was asked stays"


async def test_the_order_after_a_reopening_is_closed_too(new_place: NewPlace) -> None:
    place, police = await a_place(new_place)
    order = await place.submit(**SHELTER, household_id=str(uuid4()))
    request_id = UUID(order["request_id"])
    await place.hear("requests.request_resolved.v1", request_id)
    news = {name: order[name] for name in ("category", "grid_code")}
    await place.hear("requests.request_reopened.v1", request_id, **news)
    again = await place.order_of(request_id)
    assert again["sequence"] == 2 and again["responder_id"] == str(police)
    assert not await sees(place, again, "staff")


async def test_where_nobody_of_the_kind_is_there_the_head_decides(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    await seat_desk(place)
    order = await place.submit(**SHELTER)
    assert (order["state"], order["responder_id"]) == ("created", None)
    assert order["escalate_at"] is not None, "somebody of the kind may come on duty"
    assert [name for name, _ in await events_of(place, order)] == ["created", "left_to_head"]
    chosen = await place.register("lawyer")
    given = ok(await act(place.staff, order, "assign", responder_id=str(chosen), reason="可信"))
    assert given["responder_id"] == str(chosen)


async def test_a_complaint_of_staff_is_nobodys_everyday_work(new_place: NewPlace) -> None:
    place, _backup, _ = await with_backup(new_place)
    await seat_desk(place)
    order = await place.submit(**CONDUCT)
    assert (order["state"], order["escalate_at"]) == ("created", None)
    assert await place.load(place.workers[0]) == 0


async def test_an_emergency_goes_to_the_desk_all_the_same(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    desk = await seat_desk(place)
    order = await place.submit(**SHELTER, urgency="urgent")
    assert (order["responder_id"], order["tier"]) == (str(desk), "duty")
    assert not await sees(place, order, "staff"), "not whoever happens to work there"
    assert await sees(place, order, "staff", responder=desk)
    assert ok(await act(place.staff, order, "acknowledge"))["state"] == "acknowledged"


async def test_what_is_late_is_the_heads_and_not_the_subdistricts(new_place: NewPlace) -> None:
    place, _backup, _ = await with_backup(new_place)
    desk = await seat_desk(place)
    police = await place.register("police", duty="standing")
    order = await place.submit(**SHELTER)
    await pass_by(place, order, "resolution", 80)
    await pass_by(place, order, "resolution")
    near, late = await reminders(place, order)
    assert near["responder_ids"] == late["responder_ids"] == [str(police)] and str(desk) not in str(late)
    assert [(each["to_duty_desk"], each["to_head"]) for each in (near, late)] == [(False, False), (False, True)]
    seen = await place.order(order["id"])
    assert (seen["escalated_to"], seen["supervised_at"]) == ("head", None)


async def test_an_objection_to_it_is_the_heads_to_review(new_place: NewPlace) -> None:
    place, _ = await a_place(new_place)
    order, plain = await place.submit(**SHELTER), await place.submit(1)
    secret, other = await objected(place, order), await objected(place, plain)
    staff = await place.client("staff")
    for client, seen in ((staff, [other]), (place.staff, [secret, other])):
        listed = ok(await client.get("/v1/objections"))["items"]
        assert {each["id"] for each in listed} == {each["id"] for each in seen}
    refused(await decide(place, secret, "uphold"), 404, "not-found")
    told = [data for name, data in await events_of(place, order) if name == "objected"]
    assert [each["to"] for each in told] == ["head"]
    assert ok(await decide(place, secret, "overrule", role="head"))["state"] == "overruled"


async def test_a_transfer_asks_the_new_categorys_kind(new_place: NewPlace) -> None:
    place, police = await a_place(new_place)
    order = await place.submit()
    assert order["responder_id"] == str(place.workers[0])
    await place.hear(
        "requests.request_transferred.v1", UUID(order["request_id"]), grid_code=order["grid_code"], **SHELTER
    )
    explained = await place.explain(order["id"])
    asked = [each["responder_id"] for each in explained["assignments"] if each["ended_at"] is None]
    assert asked == [str(place.workers[0]), str(police)], "the first asked stays answerable until another accepts"
    ok(await act(await place.responder(police), order, "acknowledge"))
    assert not await sees(place, order, "grid_worker", grids=place.grids, responder=place.workers[0])


async def test_a_transfer_to_what_is_nobodys_work_asks_the_head(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    order = await place.submit()
    await place.hear(
        "requests.request_transferred.v1", UUID(order["request_id"]), grid_code=order["grid_code"], **CONDUCT
    )
    assert [await place.load(each) for each in place.workers] == [1, 0]
    assert [name for name, _ in await events_of(place, order)][-1] == "left_to_head"
