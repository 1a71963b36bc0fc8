"""A found person was not brought home in time: the police of the grid are asked as well."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.dispatch.work_orders.intake import NotKnownYet
from tests.dispatch.community import NewPlace, Place, ok
from tests.dispatch.test_escalation import seat_desk

CATEGORY = "public_safety.lost_person"
POLICE = "public_safety.police_help"


async def lost(place: Place) -> tuple[dict[str, Any], UUID]:
    """The order of a found person in the first grid, and the case's id."""
    case_id = uuid4()
    origin = {"type": "found_person", "id": str(case_id)}
    return await place.submit(category=CATEGORY, urgency="urgent", origin=origin), case_id


async def escalate(place: Place, case_id: UUID) -> None:
    data = {"found_person_id": str(case_id), "step": "identify", "grid_code": place.grids[0]}
    await place.hear("residents.found_person_escalated.v1", case_id, **data)


async def test_the_police_on_duty_are_asked_and_the_worker_stays(new_place: NewPlace) -> None:
    place = await new_place()
    await place.add_grid()
    await place.add_grid()
    await place.register("mediator", duty="standing")
    far = await place.register("police", force="partner_unit", duty="standing", home_grid_code=place.grids[1])
    near = await place.register("police", force="partner_unit", duty="standing", home_grid_code=place.grids[0])
    first, case_id = await lost(place)
    await escalate(place, case_id)
    await escalate(place, case_id)  # delivered again under another id: still one order
    orders = await place.orders_of(first["request_id"])
    assert [order["category"] for order in orders] == [CATEGORY, POLICE]
    police = orders[1]
    assert (police["responder_id"], police["urgency"], police["origin"]) == (str(near), "urgent", first["origin"])
    rulings = {
        UUID(each["responder_id"]): each["ruling"]
        for each in (await place.explain(police["id"]))["assignments"][0]["considered"]
    }
    assert (rulings[near], rulings[far], rulings[place.workers[0]]) == ("chosen", "outranked", "lacks_skill")
    assert (await place.order(first["id"]))["responder_id"] == str(place.workers[0])
    officer = await place.responder(near)
    ok(await officer.post(f"/v1/work-orders/{police['id']}/acknowledge"))
    assert (await place.order(first["id"]))["state"] == "assigned"


async def test_without_police_the_duty_desk_is_asked(new_place: NewPlace) -> None:
    place = await new_place()
    await place.add_grid()
    await place.register("police", force="partner_unit", duty="rostered")
    desk = await seat_desk(place)
    first, case_id = await lost(place)
    await escalate(place, case_id)
    _, police = await place.orders_of(first["request_id"])
    assert (police["responder_id"], police["tier"]) == (str(desk), "duty")


async def test_both_orders_end_with_the_request(new_place: NewPlace) -> None:
    place = await new_place()
    await place.add_grid()
    officer = await place.register("police", force="partner_unit", duty="standing")
    first, case_id = await lost(place)
    await escalate(place, case_id)
    request_id = UUID(first["request_id"])
    await place.hear("requests.request_withdrawn.v1", request_id, version=9)
    assert {order["state"] for order in await place.orders_of(request_id)} == {"cancelled"}
    assert await place.load(officer) == 0
    await escalate(place, case_id)
    assert len(await place.orders_of(request_id)) == 2


async def test_a_case_whose_request_has_not_come_is_delivered_again(new_place: NewPlace) -> None:
    place = await new_place()
    await place.add_grid()
    with pytest.raises(NotKnownYet):
        await escalate(place, uuid4())
