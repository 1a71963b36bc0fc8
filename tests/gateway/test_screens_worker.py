"""The day of a grid worker: orders with their requests, open cases, duty; whole, in parts, and only their own."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.clock import utc_now
from tests.gateway.conftest import Town
from tests.gateway.outages import away
from tests.gateway.requesting import submit
from tests.gateway.village import ELDER, Village, eventually


async def _day(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/v1/worker/today")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
async def case(town: Town, village: Village) -> dict[str, Any]:
    """The order that a report about somebody carrying the village's card becomes."""
    found: list[dict[str, Any]] = []
    async with town.client() as finder, await village.worker() as worker:
        report = {"place_text": "实验小学东门", "note": "不记得家在哪里"}
        sent = await finder.post(f"/v1/public/contact-cards/{village.card['code']}/found-reports", json=report)
        assert sent.status_code == 201, sent.text

        async def has_come() -> bool:
            orders = (await _day(worker))["work_orders"]
            found[:] = [order for order in orders if order["origin"] and order["request"]]
            return bool(found)

        await eventually(has_come)
    return found[0]


async def test_the_day_at_a_glance(village: Village, case: dict[str, Any]):
    now = utc_now()
    shift = {"starts_at": now.isoformat(), "ends_at": (now + timedelta(hours=8)).isoformat()}
    path = f"/v1/responders/{village.worker_id}/roster"
    async with await village.staff() as staff, await village.worker() as worker:
        assert (await staff.post(path, json=shift)).status_code == 201
        answer = await worker.get("/v1/worker/today")
    day = answer.json()
    assert day["unavailable"] == []
    assert (case["urgency"], case["origin"]["type"], case["grid_code"]) == ("urgent", "found_person", village.grid)
    assert case["request"].keys() == {"id", "state", "category", "title", "waiting_since"}
    assert case["request"]["id"] == case["request_id"]
    assert case["origin"]["id"] in {found["id"] for found in day["found_persons"]}
    dues = [order["due_at"] for order in day["work_orders"]]
    assert dues == sorted(dues)
    duty = day["duty"]
    assert (duty["pattern"], duty["capacity"], len(duty["shifts"]), duty["absences"]) == ("standing", 9, 1, [])
    assert duty["open_orders"] >= 1
    assert not any(secret in answer.text for secret in (ELDER, village.elder_phone, "实验小学", "不记得"))


async def test_what_is_done_is_off_the_list(town: Town, village: Village):
    request = await submit(town, village, "楼道灯不亮")
    async with await village.worker() as worker:

        async def held() -> dict[str, Any] | None:
            orders = (await _day(worker))["work_orders"]
            return next((order for order in orders if order["request_id"] == request["id"]), None)

        async def has_come() -> bool:
            order = await held()
            return order is not None and order["request"] is not None

        await eventually(has_come)
        order = await held()
        assert order is not None
        assert order["request"]["title"] == "楼道灯不亮"
        path = f"/v1/work-orders/{order['id']}"
        assert (await worker.post(f"{path}/acknowledge")).is_success
        assert (await worker.post(f"{path}/start")).is_success
        under_way = await held()
        assert under_way is not None
        assert under_way["state"] == "in_progress"
        assert (await worker.post(f"{path}/complete", json={"outcome": "done"})).is_success
        assert await held() is None


async def test_without_requests_the_orders_remain(town: Town, village: Village, case: dict[str, Any]):
    async with away(town, "requests"), await village.worker() as worker:
        day = await _day(worker)
    order = next(each for each in day["work_orders"] if each["id"] == case["id"])
    assert (order["request"], order["category"]) == (None, case["category"])
    assert day["unavailable"] == ["requests"]
    assert day["found_persons"]
    assert day["duty"] is not None


async def test_without_residents_only_the_cases_are_missing(town: Town, village: Village, case: dict[str, Any]):
    async with away(town, "residents"), await village.worker() as worker:
        day = await _day(worker)
    assert (day["found_persons"], day["unavailable"]) == (None, ["residents"])
    assert case["id"] in {order["id"] for order in day["work_orders"]}


async def test_without_work_orders_there_is_no_day(town: Town, village: Village):
    async with away(town, "dispatch"), await village.worker() as worker:
        answer = await worker.get("/v1/worker/today")
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream-unavailable")
    assert answer.json()["upstream"] == "dispatch"


async def test_another_worker_sees_their_own_day(village: Village, case: dict[str, Any]):
    other = f"{village.code}002"
    async with await village.client("grid_worker", grids=[other], responder=uuid4()) as worker:
        day = await _day(worker)
    assert (day["work_orders"], day["found_persons"], day["duty"], day["unavailable"]) == ([], [], None, [])


async def test_a_responder_sees_what_is_assigned_to_them(village: Village, case: dict[str, Any]):
    async with await village.client("responder", responder=village.worker_id) as holder:
        day = await _day(holder)
    assert case["id"] in {order["id"] for order in day["work_orders"]}
    assert day["duty"]["pattern"] == "standing"
    async with await village.client("responder") as nobody:
        day = await _day(nobody)
    assert (day["work_orders"], day["duty"], day["unavailable"]) == ([], None, [])


@pytest.mark.parametrize("role", ["staff", "resident", "supervisor", "merchant", "partner", None])
async def test_only_who_goes_out_has_such_a_day(town: Town, village: Village, role: str | None):
    async with await village.client(role) if role else town.client() as other:
        answer = await other.get("/v1/worker/today")
    assert answer.status_code == (403 if role else 401)
