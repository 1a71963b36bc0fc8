"""What dispatch does when a request's deadline comes near or passes."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.dispatch.work_orders.intake import NotKnownYet
from tests.dispatch.community import NewPlace, Place, ok
from tests.dispatch.test_escalation import seat_desk, with_backup
from tests.dispatch.test_work_orders import act, events_of

DUE = "2026-12-01T10:00:00+08:00"


async def pass_by(place: Place, order: dict[str, Any], deadline: str, percent: int = 100, **more: Any) -> None:
    kind = "deadline_breached" if percent == 100 else "deadline_warned"
    news = {"deadline": deadline, "due_at": DUE, "percent": percent}
    await place.hear(f"requests.{kind}.v1", UUID(order["request_id"]), **news, **more)


async def reminders(place: Place, order: dict[str, Any]) -> list[dict[str, Any]]:
    return [data for name, data in await events_of(place, order) if name == "reminded"]


async def test_at_four_fifths_the_holder_and_the_backup_are_reminded(new_place: NewPlace) -> None:
    place, backup, _ = await with_backup(new_place)
    order = await place.submit()
    await pass_by(place, order, "resolution", 50)
    assert await reminders(place, order) == []
    await pass_by(place, order, "resolution", 80)
    [told] = await reminders(place, order)
    assert told["responder_ids"] == [str(place.workers[0]), str(backup)]
    assert (told["percent"], told["to_duty_desk"], told["category"]) == (80, False, order["category"])
    assert (await place.order(order["id"]))["escalated_to"] is None


async def test_work_that_nobody_accepted_in_time_goes_to_the_duty_desk_as_well(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    desk = await seat_desk(place)
    order = await place.submit()
    await pass_by(place, order, "first_response")
    seen = await place.order(order["id"])
    assert (seen["escalated_to"], seen["supervised_at"], seen["escalation_level"]) == ("duty_desk", None, 2)
    assert seen["responder_id"] == str(place.workers[0]), "the first asked answers still"
    names = [name for name, _ in await events_of(place, order)]
    assert names[2:] == ["escalated", "assigned", "reminded"]
    [told] = await reminders(place, order)
    assert (told["responder_ids"], told["to_duty_desk"]) == ([str(place.workers[0]), str(desk)], True)
    ok(await act(await place.responder(desk), order, "acknowledge"))


async def test_work_not_solved_in_time_is_supervised_and_stays_with_whoever_holds_it(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    await seat_desk(place)
    other, order = await place.submit(), await place.submit()
    worker = await place.worker(0)
    for action in ("acknowledge", "start"):
        ok(await act(worker, order, action))
    await pass_by(place, order, "resolution")
    await pass_by(place, order, "accept")
    seen = await place.order(order["id"])
    assert (seen["state"], seen["responder_id"]) == ("in_progress", str(place.workers[0]))
    assert (seen["escalated_to"], seen["supervised_at"] is not None) == ("subdistrict", True)
    supervisor = await place.client_of("dispatch", role="supervisor", area=place.code[:9])
    listed = ok(await supervisor.get("/v1/work-orders", params={"supervised": True}))["items"]
    assert [each["id"] for each in listed if each["request_id"] in (order["request_id"], other["request_id"])] == [
        order["id"]
    ]
    ok(await act(worker, order, "complete", outcome="done"))


async def test_work_that_nobody_could_be_asked_for_finds_the_desk_that_is_seated_meanwhile(
    new_place: NewPlace,
) -> None:
    place = await new_place(grids=0)
    order = await place.submit(None)
    assert order["state"] == "created"
    desk = await seat_desk(place)
    await pass_by(place, order, "accept")
    seen = await place.order(order["id"])
    assert (seen["state"], seen["responder_id"], seen["tier"]) == ("assigned", str(desk), "duty")


async def test_what_was_missed_before_a_reopening_says_nothing_of_the_new_order(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    await seat_desk(place)
    first = await place.submit()
    ok(await act(await place.worker(0), first, "acknowledge"))
    ok(await act(await place.worker(0), first, "complete", outcome="done"))
    await place.hear(
        "requests.request_reopened.v1", UUID(first["request_id"]), category=first["category"], version=9, resolve_by=DUE
    )
    order = await place.order_of(first["request_id"])
    await pass_by(place, order, "resolution", version=8)
    assert (await place.order(order["id"]))["supervised_at"] is None
    await pass_by(place, order, "resolution", version=10)
    assert (await place.order(order["id"]))["supervised_at"] is not None


async def test_news_of_a_request_that_is_not_known_yet_comes_again(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    for deadline in (80, 100):
        with pytest.raises(NotKnownYet):
            await pass_by(place, {"request_id": str(uuid4())}, "accept", deadline)
