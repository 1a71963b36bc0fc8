"""A resident's first screen: whole, in parts while services are away, and nobody else's."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from tests.apps import serving
from tests.gateway.conftest import Town
from tests.gateway.high_street import HighStreet, open_shop
from tests.gateway.outages import away, hanging, reached_at, refusing
from tests.gateway.requesting import submit
from tests.gateway.village import HOTLINE, WORKER_NAME, WORKER_PHONE, Village, eventually

PARTS = {
    "requests": {"requests"},
    "residents": {"card", "worker", "notices"},
    "dispatch": {"worker"},
    "merchants": {"offers"},
}
"""Service → what the screen lacks without it. Without residents nobody knows in which grid home is."""


@pytest.fixture(scope="module")
async def street(village: Village) -> HighStreet:
    return await open_shop(village)


@pytest.fixture(scope="module")
async def asked(town: Town, village: Village) -> dict[str, Any]:
    """A request of the elder's that was accepted, of which they were told."""
    request = await submit(town, village, "路灯不亮")
    async with await village.resident() as elder, await village.staff() as staff:
        assert (await staff.post(f"/v1/service-requests/{request['id']}/accept")).is_success

        async def was_told() -> bool:
            return bool((await elder.get("/v1/notices")).json()["items"])

        await eventually(was_told)
    return request


async def _home(village: Village, **headers: str) -> dict[str, Any]:
    async with await village.resident() as elder:
        answer = await elder.get("/v1/home", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_everything_at_a_glance(village: Village, street: HighStreet, asked: dict[str, Any]):
    home = await _home(village)
    assert home["unavailable"] == []
    request = next(each for each in home["requests"] if each["id"] == asked["id"])
    assert (request["title"], request["mine"]) == ("路灯不亮", True)
    assert home["card"].keys() == {"colour", "name", "meaning"}
    worker = home["worker"]
    assert (worker["worker_name"], worker["hotline"], worker["grid_code"]) == (WORKER_NAME, HOTLINE, village.grid)
    assert worker["worker_phone"].endswith(WORKER_PHONE)
    offers = {offer["id"]: offer for offer in home["offers"]}
    assert {street.for_all, street.for_elders} <= offers.keys()
    assert 0 < offers[street.for_all]["distance_m"] < 2000
    assert "request_accepted" in {notice["kind"] for notice in home["notices"]}


async def test_notices_come_in_the_callers_language(village: Village, asked: dict[str, Any]):
    chinese, english = await _home(village), await _home(village, **{"Accept-Language": "en"})
    assert chinese["notices"][0]["title"] != english["notices"][0]["title"]


@pytest.mark.parametrize("service", sorted(PARTS))
async def test_a_service_that_is_away_takes_only_its_part(
    town: Town, village: Village, street: HighStreet, asked: dict[str, Any], service: str
):
    async with away(town, service):
        home = await _home(village)
    lacking = {name for name, part in home.items() if part is None}
    assert (home["unavailable"], lacking) == ([service], PARTS[service])
    assert home["offers"] is None or home["offers"]


async def test_a_service_that_stops_is_missed_from_then_on(town: Town, village: Village, street: HighStreet):
    async with AsyncExitStack() as server:
        url = await server.enter_async_context(serving(town.services["merchants"]))
        async with reached_at(town, url, "merchants"):
            before = await _home(village)
            await server.aclose()
            after = await _home(village)
    assert before["unavailable"] == []
    assert (after["offers"], after["unavailable"]) == (None, ["merchants"])


async def test_services_that_hang_cost_one_deadline_together(town: Town, village: Village, asked: dict[str, Any]):
    async with hanging(town, "merchants", "requests") as hung:
        home = await _home(village)
    assert home["unavailable"] == ["merchants", "requests"]
    assert home["worker"]["worker_name"] == WORKER_NAME
    assert hung.most == 2


@pytest.mark.parametrize("status", [403, 429, 500, 503])
async def test_a_service_that_refuses_is_left_out(town: Town, village: Village, asked: dict[str, Any], status: int):
    async with refusing(town, status, "merchants"):
        home = await _home(village)
    assert (home["offers"], home["unavailable"]) == (None, ["merchants"])


async def test_a_token_that_is_no_longer_good_is_said_so(town: Town, village: Village):
    """It may end between two calls; half a screen would hide that."""
    async with refusing(town, 401, "requests"), await village.resident() as elder:
        answer = await elder.get("/v1/home")
    assert (answer.status_code, answer.json()["code"]) == (401, "refused")


async def test_with_nothing_to_show_it_fails(town: Town, village: Village):
    async with away(town, *PARTS), await village.resident() as elder:
        chinese, english = await asyncio.gather(
            elder.get("/v1/home"), elder.get("/v1/home", headers={"Accept-Language": "en"})
        )
    assert {chinese.status_code, english.status_code} == {503}
    assert chinese.json()["code"] == english.json()["code"] == "upstream-unavailable"
    assert chinese.json()["title"] != english.json()["title"]


async def test_an_account_without_a_home_has_no_card_and_no_worker(village: Village, street: HighStreet):
    async with await village.client("resident") as newcomer:
        answer = await newcomer.get("/v1/home")
    home = answer.json()
    assert (home["card"], home["worker"], home["unavailable"]) == (None, None, [])
    assert (home["requests"], home["notices"]) == ([], [])
    assert {offer["distance_m"] for offer in home["offers"]} == {None}


async def test_it_is_the_residents_own(town: Town, village: Village, asked: dict[str, Any]):
    async with town.client(await town.token("resident", "150299000001")) as stranger:
        home = (await stranger.get("/v1/home")).json()
    assert (home["requests"], home["worker"], home["offers"], home["unavailable"]) == ([], None, [], [])


@pytest.mark.parametrize("role", ["staff", "grid_worker", "supervisor", "merchant", "partner", None])
async def test_only_residents_have_a_home_here(town: Town, village: Village, role: str | None):
    async with await village.client(role) if role else town.client() as other:
        answer: httpx.Response = await other.get("/v1/home")
    assert answer.status_code == (403 if role else 401)


async def test_answers_tell_the_limit_and_are_not_kept(village: Village):
    async with await village.resident() as elder:
        answer = await elder.get("/v1/home")
    assert answer.headers["ratelimit"].startswith('"calls-per-caller"')
    assert "no-store" in answer.headers["cache-control"] or "private" in answer.headers["cache-control"]
