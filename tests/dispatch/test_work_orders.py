"""Work orders: from a request to a result, through the people who are asked."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text

from services.dispatch.work_orders.intake import NotKnownYet
from shared.audit_chain import audit_entry
from shared.outbox import outbox
from tests.apps import ClientOf
from tests.dispatch.community import NewPlace, Place, made, ok, refused
from tests.principals import a_community


async def act(client: httpx.AsyncClient, order: dict[str, Any], action: str, **body: Any) -> httpx.Response:
    return await client.post(f"/v1/work-orders/{order['id']}/{action}", json=body or None)


async def events_of(place: Place, order: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    async with place.app.state.database.transaction(place.code) as session:
        statement = select(outbox.c.type, outbox.c.data).where(outbox.c.subject == f"work-orders/{order['id']}")
        rows = await session.execute(statement.order_by(outbox.c.id))
        return [(type.removeprefix("dispatch.work_order_").removesuffix(".v1"), data) for type, data in rows]


async def test_a_request_reaches_the_grids_own_worker(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    origin = {"type": "found_person", "id": str(uuid4())}
    order = await place.submit(1, urgency="urgent", origin=origin, channel="card")
    assert (order["state"], order["responder_id"], order["tier"]) == ("assigned", str(place.workers[1]), "first")
    assert order["due_at"] == "2026-12-01T02:00:00Z"

    created, assigned = await events_of(place, order)
    assert created[1]["origin"] == assigned[1]["origin"] == origin
    assert assigned == (
        "assigned",
        {
            "work_order_id": order["id"],
            "request_id": order["request_id"],
            "grid_code": place.grids[1],
            "responder_id": str(place.workers[1]),
            "tier": "first",
            "origin": origin,
        },
    )


async def test_the_way_to_a_result(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    order = await place.submit()
    worker = await place.worker(0)
    assert await place.load(place.workers[0]) == 1
    refused(await act(worker, order, "start"), 409, "wrong-state")
    assert ok(await act(worker, order, "acknowledge"))["state"] == "acknowledged"
    refused(await act(worker, order, "acknowledge"), 409, "wrong-state")
    assert ok(await act(worker, order, "start"))["state"] == "in_progress"
    done = ok(await act(worker, order, "complete", outcome="done", note="已更换灯泡, 李四签收"))
    assert (done["state"], done["outcome"]) == ("completed", "done")
    refused(await act(worker, order, "complete", outcome="done"), 409, "wrong-state")
    assert await place.load(place.workers[0]) == 0

    names = [name for name, _ in await events_of(place, order)]
    assert names == ["created", "assigned", "acknowledged", "started", "completed"]
    assert "李四" not in str(await events_of(place, order))
    assert ok(await worker.get(f"/v1/work-orders/{order['id']}"))["version"] == done["version"]


async def test_a_note_is_revealed_for_a_purpose_and_the_reading_is_kept(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    order = await place.submit()
    worker = await place.worker(0)
    await act(worker, order, "acknowledge")
    await act(worker, order, "complete", outcome="done", note="李四签收")
    refused(await act(place.staff, order, "reveal-note", purpose="curiosity"), 422, "validation")
    assert ok(await act(place.staff, order, "reveal-note", purpose="oversight")) == {"note": "李四签收"}
    async with place.app.state.database.transaction(place.code) as session:
        rows = (
            await session.execute(select(audit_entry.c.action, audit_entry.c.purpose, audit_entry.c.subject_id))
        ).all()
    assert rows == [("work_order.reveal_note", "oversight", UUID(order["id"]))]
    supervisor = await place.client("supervisor")
    refused(await act(supervisor, order, "reveal-note", purpose="oversight"), 403, "forbidden")


async def test_an_erased_person_leaves_no_note(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    person = uuid4()
    done = await place.submit(requester_person_id=str(person))
    still_open = await place.submit(requester_person_id=str(person))
    worker = await place.worker(0)
    await act(worker, done, "acknowledge")
    await act(worker, done, "complete", outcome="done", note="李四签收")
    await place.hear("residents.person_erased.v1", uuid4(), person_id=str(person))
    assert ok(await act(place.staff, done, "reveal-note", purpose="oversight")) == {"note": None}
    async with place.app.state.database.transaction(place.code) as session:
        assert (await session.execute(text("SELECT count(requester_person_id) FROM work_order"))).scalar_one() == 0
    await act(worker, still_open, "acknowledge")
    assert ok(await act(worker, still_open, "complete", outcome="done"))["state"] == "completed"


async def test_the_explanation_names_everybody(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    lawyer = await place.register("lawyer", duty="standing")
    order = await place.submit(0)
    (asked,) = (await place.explain(order["id"]))["assignments"]
    rulings = {each["responder_id"]: each["ruling"] for each in asked["considered"]}
    assert rulings == {
        str(place.workers[0]): "chosen",
        str(place.workers[1]): "outranked",
        str(lawyer): "lacks_skill",
    }
    near, far = (next(each for each in asked["considered"] if each["responder_id"] == str(w)) for w in place.workers)
    assert near["distance_m"] == 0
    assert far["distance_m"] == pytest.approx(337, abs=5)
    assert (asked["cause"], asked["decided_by"], asked["policy_number"]) == ("arrival", "dispatch", 0)


async def test_above_the_cap_the_nearest_least_loaded_is_asked(new_place: NewPlace) -> None:
    place = await new_place(grids=3, capacity=2)
    asked = [(await place.submit(0))["responder_id"] for _ in range(7)]
    first, second, third = map(str, place.workers)
    # 337 m and 674 m away: two orders weigh 300 m, so the second is always asked before the third is.
    assert asked == [first, first, second, second, third, third, None]
    last = (await place.submit(0))["id"]
    explained = await place.explain(last)
    assert explained["assignments"] == []
    assert {each["ruling"] for each in explained["nobody_because"]} == {"at_capacity"}


async def test_skills_and_kin(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    rules = ok(
        await place.staff.post(
            "/v1/dispatch-policies",
            json={"required_skills": [{"category": "rights_protection", "skills": ["mediation"]}]},
        ),
        201,
    )
    assert (rules["number"], rules["rules"]["urgent"]["backup_after_minutes"]) == (1, 5)
    household = str(uuid4())
    related = await place.register("mediator", duty="standing", skills=["mediation"], household_id=household)
    neutral = await place.register("mediator", duty="standing", skills=["mediation"])
    order = await place.submit(0, category="rights_protection.noise", household_id=household)
    assert (order["responder_id"], order["tier"]) == (str(neutral), "other")
    body = {"responder_id": str(related), "reason": "他离得近"}
    refused(await act(place.staff, order, "assign", **body), 409, "conflict-of-interest")


async def test_off_duty_people_are_not_asked(new_place: NewPlace) -> None:
    place = await new_place()
    rostered = await place.register("backup", duty="rostered")
    await place.add_grid(duty="rostered")
    order = await place.submit()
    assert order["state"] == "created"
    shift = {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2099-01-01T00:00:00Z"}
    elsewhere = shift | {"grid_code": place.code + "999"}
    made(await place.staff.post(f"/v1/responders/{place.workers[0]}/roster", json=elsewhere))
    made(await place.staff.post(f"/v1/responders/{rostered}/roster", json=shift | {"grid_code": place.grids[0]}))
    assert (await place.submit())["responder_id"] == str(rostered)


async def test_a_request_without_grid_goes_to_the_least_loaded(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    asked = {(await place.submit(None))["responder_id"] for _ in range(2)}
    assert asked == {str(worker) for worker in place.workers}


# Handing back, withdrawing, reopening


async def test_handed_back_work_goes_to_another_and_keeps_its_deadline(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    order = await place.submit(0)
    worker = await place.worker(0)
    ok(await act(worker, order, "acknowledge"))
    back = ok(await act(worker, order, "hand-back", reason="unavailable"))
    assert (back["state"], back["responder_id"]) == ("assigned", str(place.workers[1]))
    assert (back["due_at"], back["acknowledged_at"]) == (order["due_at"], None)
    assert [await place.load(worker_id) for worker_id in place.workers] == [0, 1]
    names = [name for name, _ in await events_of(place, order)]
    assert names == ["created", "assigned", "acknowledged", "handed_back", "assigned"]
    refused(await act(worker, order, "acknowledge"), 403, "not-your-work-order")
    # Nobody else is left: the one who handed it back first is asked again rather than nobody.
    second = await place.worker(1)
    assert ok(await act(second, order, "hand-back", reason="wrong_place"))["responder_id"] == str(place.workers[0])
    refused(await act(second, order, "hand-back", reason="Zhang San is ill"), 422, "validation")


async def test_what_nobody_can_take_goes_to_the_duty_desk_above_its_cap(new_place: NewPlace) -> None:
    place = await new_place(grids=1, capacity=0)
    desk = await place.register("duty_desk", capacity=0)
    ok(
        await place.staff.patch(
            f"/v1/communities/{place.code}", json={"duty_desk_id": str(desk)}, headers={"If-Match": '"1"'}
        )
    )
    order = await place.submit()
    assert (order["responder_id"], order["tier"]) == (str(desk), "duty")
    # Staff sit at the desk.
    assert ok(await act(place.staff, order, "acknowledge"))["responder_id"] == str(desk)


async def test_a_withdrawn_request_needs_nobody(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    order = await place.submit()
    await place.hear("requests.request_withdrawn.v1", UUID(order["request_id"]))
    assert (await place.order(order["id"]))["state"] == "cancelled"
    assert await place.load(place.workers[0]) == 0
    refused(await act(await place.worker(0), order, "acknowledge"), 409, "wrong-state")
    assert (await events_of(place, order))[-1][0] == "cancelled"


async def test_news_of_an_unknown_request_is_not_lost(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    request_id = uuid4()
    for event in ("withdrawn", "reopened", "resolved", "confirmed"):
        with pytest.raises(NotKnownYet):
            await place.hear(f"requests.request_{event}.v1", request_id, version=2)


async def test_a_reopened_request_gets_a_linked_order(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    order = await place.submit(urgency="urgent")
    request_id = UUID(order["request_id"])
    news = {"category": order["category"], "urgency": "urgent", "grid_code": place.grids[0]}
    await place.hear("requests.request_reopened.v1", request_id, **news)
    assert len(await place.orders_of(request_id)) == 1, "an open order is enough"

    worker = await place.worker(0)
    ok(await act(worker, order, "acknowledge"))
    ok(await act(worker, order, "complete", outcome="partly_done"))
    await place.hear("requests.request_resolved.v1", request_id)
    await place.hear("requests.request_reopened.v1", request_id, **news)
    first, second = await place.orders_of(request_id)
    assert (second["sequence"], second["previous_id"], second["state"]) == (2, first["id"], "assigned")

    await place.hear("requests.request_reopened.v1", request_id, version=2, **news)
    await place.hear("requests.request_resolved.v1", request_id, version=3)
    assert [each["state"] for each in await place.orders_of(request_id)] == ["completed", "assigned"], "old news"


async def test_a_submission_that_comes_twice_makes_one_order(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    order = await place.submit()
    again = {"category": order["category"], "urgency": "normal", "grid_code": place.grids[0]}
    await place.hear("requests.request_submitted.v1", UUID(order["request_id"]), version=1, **again)
    assert len(await place.orders_of(order["request_id"])) == 1


async def test_staff_decide_by_hand_above_a_cap(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    order = await place.submit(0)
    full = await place.register(capacity=0)
    body = {"responder_id": str(full), "reason": "熟悉这户人家"}
    assert ok(await act(place.staff, order, "assign", **body))["responder_id"] == str(full)
    refused(await act(place.staff, order, "assign", **body), 409, "already-assigned")
    refused(await act(place.staff, order, "assign", **body | {"responder_id": str(uuid4())}), 409, "responder-unknown")
    assert [await place.load(each) for each in (*place.workers, full)] == [0, 0, 1]
    *_, asked = (await place.explain(order["id"]))["assignments"]
    assert (asked["cause"], asked["considered"]) == ("manual", [])
    assert "熟悉" not in str(await events_of(place, order))


# Who sees and does what


async def test_lists(new_place: NewPlace) -> None:
    place = await new_place(grids=2)
    late = await place.submit(0, resolve_by="2026-12-03T00:00:00Z")
    soon = await place.submit(0, resolve_by="2026-12-02T00:00:00Z", urgency="urgent")
    other = await place.submit(1, resolve_by="2026-12-04T00:00:00Z")
    worker = await place.worker(0)

    async def listed(client: httpx.AsyncClient, **query: Any) -> list[str]:
        return [each["id"] for each in ok(await client.get("/v1/work-orders", params=query))["items"]]

    assert await listed(place.staff) == [soon["id"], late["id"], other["id"]]
    assert await listed(worker) == await listed(worker, mine=True) == [soon["id"], late["id"]]
    assert await listed(place.staff, grid_code=place.grids[1]) == [other["id"]]
    assert await listed(place.staff, urgency="urgent") == [soon["id"]]
    assert await listed(place.staff, responder_id=str(place.workers[1])) == [other["id"]]
    assert await listed(place.staff, due_before="2026-12-02T12:00:00Z") == [soon["id"]]
    ok(await act(worker, soon, "acknowledge"))
    assert await listed(place.staff, state=["acknowledged"]) == [soon["id"]]
    assert len(await listed(place.staff, state=["acknowledged", "assigned"])) == 3
    page = ok(await place.staff.get("/v1/work-orders", params={"limit": 2}))
    rest = await listed(place.staff, limit=2, cursor=page["next_cursor"])
    assert [each["id"] for each in page["items"]] + rest == [soon["id"], late["id"], other["id"]]


async def test_a_responder_sees_what_is_in_their_hands_and_what_they_did(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    volunteer = await place.register("volunteer", force="volunteer", duty="standing")
    order = await place.submit()
    client = await place.responder(volunteer)
    refused(await client.get(f"/v1/work-orders/{order['id']}"), 404, "not-found")
    ok(await act(place.staff, order, "assign", responder_id=str(volunteer), reason="志愿者更近"))
    ok(await act(client, order, "acknowledge"))
    ok(await act(client, order, "complete", outcome="done"))
    assert ok(await client.get(f"/v1/work-orders/{order['id']}"))["state"] == "completed"
    # The grid's worker lost it to the volunteer, but it lies in their grid.
    assert ok(await (await place.worker(0)).get(f"/v1/work-orders/{order['id']}"))["id"] == order["id"]


@pytest.mark.parametrize(
    ("role", "reads", "acknowledges", "assigns"),
    [
        ("staff", 200, 403, 409),
        ("head", 200, 403, 409),
        ("grid_worker", 404, 404, 403),
        ("responder", 404, 404, 403),
        ("supervisor", 200, 403, 403),
        ("resident", 403, 403, 403),
        ("merchant", 403, 403, 403),
        ("partner", 403, 403, 403),
        ("gateway", 403, 403, 403),
    ],
)
async def test_who_may(new_place: NewPlace, role: str, reads: int, acknowledges: int, assigns: int) -> None:
    place = await new_place(grids=1)
    order = await place.submit()
    client = await place.client(role)
    assert (await client.get(f"/v1/work-orders/{order['id']}")).status_code == reads
    assert (await client.get("/v1/work-orders")).status_code == (403 if reads == 403 else 200)
    assert (await act(client, order, "acknowledge")).status_code == acknowledges
    assigned = await act(client, order, "assign", responder_id=str(place.workers[0]), reason="理由")
    assert assigned.status_code == assigns


async def test_another_community_sees_nothing(new_place: NewPlace, client_of: ClientOf) -> None:
    place = await new_place(grids=1)
    order = await place.submit()
    stranger = await client_of("dispatch", role="head", area=a_community())
    assert ok(await stranger.get("/v1/work-orders"))["items"] == []
    refused(await act(stranger, order, "acknowledge"), 404, "not-found")


# Many at once


async def test_simultaneous_requests_do_not_exceed_caps(new_place: NewPlace) -> None:
    place = await new_place(grids=2, capacity=5)
    orders = await asyncio.gather(*(place.submit(0) for _ in range(16)))
    held = [sum(order["responder_id"] == str(worker) for order in orders) for worker in place.workers]
    assert held == [5, 5]
    assert [await place.load(worker) for worker in place.workers] == [5, 5]
    assert sum(order["state"] == "created" for order in orders) == 6


async def test_one_of_many_acknowledgements_wins(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    order = await place.submit()
    worker = await place.worker(0)
    answers = await asyncio.gather(*(act(worker, order, "acknowledge") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7


async def test_a_repeated_key_acts_once(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    order = await place.submit()
    worker = await place.worker(0)
    url, key = f"/v1/work-orders/{order['id']}/acknowledge", {"Idempotency-Key": "a1"}
    first, second = [await worker.post(url, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"


async def test_an_order_is_due_when_its_request_is(new_place: NewPlace) -> None:
    """The clock starts, stands and runs on; what is heard late or of an order that is done changes nothing."""
    place = await new_place(grids=1)
    order = await place.submit()
    request_id = UUID(order["request_id"])
    due = []
    for version, event, day in ((4, "progressed", 3), (3, "progressed", 2), (9, "noted", 5), (8, "accepted", 4)):
        told = f"2026-12-{day:02}T02:00:00Z"
        await place.hear(f"requests.request_{event}.v1", request_id, version=version, resolve_by=told)
        due.append((await place.order(order["id"]))["due_at"][:10])
    assert due == ["2026-12-03", "2026-12-03", "2026-12-05", "2026-12-05"]
    assert (await place.order(order["id"]))["version"] == order["version"] + 2
    await place.hear("requests.request_resolved.v1", request_id, version=10)
    await place.hear("requests.request_noted.v1", request_id, version=11, resolve_by="2026-12-09T02:00:00Z")
    assert (await place.order(order["id"]))["due_at"] == "2026-12-05T02:00:00Z"
