"""Unacknowledged work, by the clock. Time does not pass here: due times are moved into the past."""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.dispatch.work_orders.sweep import TIMERS
from shared.bus import Outgoing
from shared.clock import utc_now
from shared.envelope import Envelope
from shared.ids import new_id
from shared.timers import sweep_once
from tests.apps import bus_of
from tests.dispatch.community import NewPlace, Place, made, ok, refused
from tests.dispatch.test_work_orders import act, events_of
from tests.servers import NatsServer

DEADLINE = 10


async def fall_due(place: Place, order: dict[str, Any]) -> dict[str, Any]:
    """The order once what was due for it has been done, by this test's sweep or by the application's own."""
    async with place.app.state.database.transaction(place.code) as session:
        await session.execute(
            text(
                "UPDATE work_order SET escalate_at = now() - interval '1 second' WHERE id = :id AND community_code = :c"
            ),
            {"id": UUID(order["id"]), "c": place.code},
        )
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        await sweep_once(place.app.state.database, TIMERS[0])
        now = await place.order(order["id"])
        if now["escalate_at"] is None or datetime.fromisoformat(now["escalate_at"]) > utc_now():
            return now
        await asyncio.sleep(0.01)
    raise AssertionError("nothing was done about what is due")


async def seat_desk(place: Place, **values: Any) -> UUID:
    desk = await place.register("duty_desk", **values)
    url = f"/v1/communities/{place.code}"
    version = ok(await place.staff.get(url))["version"]
    ok(await place.staff.patch(url, json={"duty_desk_id": str(desk)}, headers={"If-Match": f'"{version}"'}))
    return desk


async def with_backup(new_place: NewPlace, **values: Any) -> tuple[Place, UUID, UUID]:
    """A grid with worker and backup, and a duty desk."""
    place = await new_place()
    backup = await place.register("backup", **values)
    await place.add_grid(backup=backup)
    return place, backup, await seat_desk(place)


def minutes_until(moment: str) -> float:
    return (datetime.fromisoformat(moment) - utc_now()) / timedelta(minutes=1)


async def test_urgent_work_goes_to_the_backup_and_then_to_the_desk(new_place: NewPlace) -> None:
    place, backup, desk = await with_backup(new_place)
    order = await place.submit(urgency="urgent")
    assert minutes_until(order["escalate_at"]) == pytest.approx(5, abs=0.5)

    asked = await fall_due(place, order)
    assert (asked["escalation_level"], asked["responder_id"]) == (1, str(place.workers[0])), "the first answers still"
    assert minutes_until(asked["escalate_at"]) == pytest.approx(5, abs=0.5)
    desked = await fall_due(place, asked)
    assert (desked["escalation_level"], desked["escalate_at"]) == (2, None)

    names = [(name, data.get("tier") or data.get("to")) for name, data in await events_of(place, order)]
    assert names[1:] == [
        ("assigned", "first"),
        ("escalated", "backup"),
        ("assigned", "backup"),
        ("escalated", "duty_desk"),
        ("assigned", "duty"),
    ]
    everybody = (place.workers[0], backup, desk)
    assert [await place.load(each) for each in everybody] == [1, 1, 1]

    # All three still see it as theirs; whoever accepts first lets the others go.
    client = await place.responder(backup)
    assert ok(await client.get("/v1/work-orders", params={"mine": True}))["items"][0]["id"] == order["id"]
    accepted = ok(await act(client, order, "acknowledge"))
    assert (accepted["responder_id"], accepted["tier"]) == (str(backup), "backup")
    assert [await place.load(each) for each in everybody] == [0, 1, 0]
    refused(await act(await place.worker(0), order, "acknowledge"), 409, "wrong-state")


async def test_the_first_may_still_accept_after_escalation(new_place: NewPlace) -> None:
    place, backup, _ = await with_backup(new_place)
    order = await fall_due(place, await place.submit(urgency="urgent"))
    accepted = ok(await act(await place.worker(0), order, "acknowledge"))
    assert (accepted["responder_id"], accepted["tier"], accepted["escalate_at"]) == (
        str(place.workers[0]),
        "first",
        None,
    )
    assert await place.load(backup) == 0


async def test_acknowledged_and_everyday_work_does_not_escalate(new_place: NewPlace) -> None:
    place, _, _ = await with_backup(new_place)
    normal = await place.submit()
    assert normal["escalate_at"] is None
    urgent = await place.submit(urgency="urgent")
    assert ok(await act(await place.worker(0), urgent, "acknowledge"))["escalate_at"] is None


@pytest.mark.parametrize("values", [{"capacity": 0}, {"duty": "rostered"}])
async def test_a_backup_who_cannot_be_asked_is_passed_over(new_place: NewPlace, values: dict[str, Any]) -> None:
    place, backup, desk = await with_backup(new_place, **values)
    order = await fall_due(place, await place.submit(urgency="urgent"))
    assert order["escalation_level"] == 2
    assert [await place.load(each) for each in (backup, desk)] == [0, 1]


async def test_without_backup_and_desk_the_first_stays_asked(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    order = await fall_due(place, await place.submit(urgency="urgent"))
    assert (order["state"], order["responder_id"]) == ("assigned", str(place.workers[0]))
    assert order["escalate_at"] is None
    assert [name for name, _ in await events_of(place, order)] == ["created", "assigned"]


async def test_the_policy_in_force_at_creation_decides(new_place: NewPlace) -> None:
    place, _, _ = await with_backup(new_place)
    before = await place.submit(urgency="urgent")
    slow = {"urgent": {"backup_after_minutes": 30, "desk_after_minutes": 40}}
    made(await place.staff.post("/v1/dispatch-policies", json=slow))
    after = await place.submit(urgency="urgent")
    assert minutes_until(after["escalate_at"]) == pytest.approx(30, abs=0.5)
    assert minutes_until((await fall_due(place, before))["escalate_at"]) == pytest.approx(5, abs=0.5)
    assert minutes_until((await fall_due(place, after))["escalate_at"]) == pytest.approx(40, abs=0.5)


async def test_a_hand_back_after_escalation_leaves_it_with_the_others(new_place: NewPlace) -> None:
    place, backup, _ = await with_backup(new_place)
    order = await fall_due(place, await place.submit(urgency="urgent"))
    back = ok(await act(await place.worker(0), order, "hand-back", reason="unavailable"))
    assert (back["state"], back["responder_id"], back["tier"]) == ("assigned", str(backup), "backup")
    assert back["escalate_at"] == order["escalate_at"], "the clock runs on"


async def test_work_that_nobody_could_take_is_tried_again(new_place: NewPlace) -> None:
    place = await new_place(grids=1, capacity=1)
    first, second = await place.submit(), await place.submit()
    assert second["state"] == "created"
    assert (await fall_due(place, second))["state"] == "created"
    worker = await place.worker(0)
    ok(await act(worker, first, "acknowledge"))
    ok(await act(worker, first, "complete", outcome="done"))
    assert (await fall_due(place, second))["responder_id"] == str(place.workers[0])
    assert (await place.explain(second["id"]))["nobody_because"] == []


async def test_one_bad_order_does_not_hold_up_the_others(new_place: NewPlace) -> None:
    place, _, _ = await with_backup(new_place)
    bad, good = await place.submit(urgency="urgent"), await place.submit(urgency="urgent")
    async with place.app.state.database.transaction(place.code) as session:
        # A policy that does not exist: no code path makes this, a careless repair by hand does.
        await session.execute(
            text("UPDATE work_order SET policy_number = 99 WHERE id = :id AND community_code = :c"),
            {"id": UUID(bad["id"]), "c": place.code},
        )
    postponed = await fall_due(place, bad)
    assert (postponed["escalation_level"], postponed["state"]) == (0, "assigned")
    assert (await fall_due(place, good))["escalation_level"] == 1


async def test_a_report_is_soon_a_visible_order(new_place: NewPlace, nats_server: NatsServer) -> None:
    """Over the real bus: the requests service's event, dispatch's consumer, the worker's list."""
    place = await new_place(grids=1)
    worker = await place.worker(0)
    bus = bus_of("requests", nats_server)
    request_id = uuid4()
    data = {"request_id": str(request_id), "category": "public_safety.lost_person", "urgency": "urgent"}
    envelope = Envelope(
        id=new_id(),
        source="/requests",
        type="requests.request_submitted.v1",
        subject=f"service-requests/{request_id}",
        time=utc_now(),
        community=place.code,
        aggregateversion=1,
        data=data | {"grid_code": place.grids[0], "resolve_by": utc_now().isoformat(), "channel": "card"},
    )
    try:
        message = Outgoing(envelope.wire_subject, envelope.model_dump_json().encode(), str(envelope.id))
        await bus.declare_stream("requests")
        until = time.monotonic() + DEADLINE
        assert await bus.publish("requests", [message]) == [None]
        found: list[Any] = []
        while not found and time.monotonic() < until:
            found = ok(await worker.get("/v1/work-orders", params={"mine": True}))["items"]
            await asyncio.sleep(0.005)
        assert [each["request_id"] for each in found] == [str(request_id)]
    finally:
        await bus.close()
