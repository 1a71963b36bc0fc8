"""Residents sign in by phone: who they are is what the registry says, at every sign-in, until they are erased."""

from uuid import UUID

import httpx
import pytest

from shared.http_client import Upstream
from tests.gateway.conftest import NOBODY, Town, a_phone
from tests.gateway.village import Village


@pytest.fixture
async def person(village: Village) -> dict[str, str]:
    """Somebody registered with a phone: {id, phone}."""
    phone = a_phone()
    body = {"household_id": str(village.household_id), "name": "单雪梅", "phone": phone}
    async with await village.staff() as staff:
        answer = await staff.post("/v1/people", json=body)
        assert answer.status_code == 201, answer.text
    return {"id": answer.json()["id"], "phone": phone}


async def _sign_in(town: Town, phone: str) -> httpx.Response:
    async with town.client() as client:
        request_id = (await client.post("/v1/auth/otp", json={"phone": phone})).json()["request_id"]
        body = {"request_id": request_id, "code": town.codes_sent_to(phone)[-1]}
        return await client.post("/v1/auth/otp/verify", json=body)


async def _refresh(town: Town, tokens: dict[str, str]) -> httpx.Response:
    async with town.client() as client:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return await client.post("/oauth/token", data=form)


async def test_the_first_sign_in_makes_the_account(town: Town, village: Village, person: dict[str, str]):
    answer = await _sign_in(town, person["phone"])
    assert answer.status_code == 200, answer.text
    principal = await town.gateway.state.verifier.verify(answer.json()["access_token"])
    assert (principal.role, principal.area, principal.grids) == ("resident", village.code, (village.grid,))
    assert (principal.person_id, principal.household_id) == (UUID(person["id"]), village.household_id)
    async with town.client(answer.json()["access_token"]) as client:
        assert (await client.get("/v1/home")).status_code == 200


async def test_an_unknown_phone_is_told_where_to_register_and_gets_no_account(town: Town):
    phone = a_phone()
    answer = await _sign_in(town, phone)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-registered")
    assert (await _sign_in(town, phone)).status_code == 403


async def test_while_the_registry_is_away_who_was_known_still_signs_in(town: Town, person: dict[str, str]):
    await _sign_in(town, person["phone"])
    upstreams = town.gateway.state.upstreams
    before, upstreams["residents"] = upstreams["residents"], Upstream("residents", NOBODY)
    known, unknown = await _sign_in(town, person["phone"]), await _sign_in(town, a_phone())
    await upstreams["residents"].close()
    upstreams["residents"] = before
    assert (known.status_code, unknown.status_code) == (200, 503)


async def test_the_next_tokens_say_where_a_resident_lives_now(town: Town, village: Village, person: dict[str, str]):
    tokens = (await _sign_in(town, person["phone"])).json()
    async with await village.staff() as staff:
        home = {"compound": "丰景苑", "building": "3号楼", "unit": "1单元", "room": f"9{person['phone'][-4:]}"}
        other = (await staff.post("/v1/households", json=home)).json()["id"]
        moved = await staff.post(f"/v1/people/{person['id']}/move", json={"household_id": other})
        assert moved.is_success, moved.text
    tokens = (await _refresh(town, tokens)).json()
    principal = await town.gateway.state.verifier.verify(tokens["access_token"])
    assert (principal.person_id, principal.household_id) == (UUID(person["id"]), UUID(other))
    upstreams = town.gateway.state.upstreams
    before, upstreams["residents"] = upstreams["residents"], Upstream("residents", NOBODY)
    tokens = (await _refresh(town, tokens)).json()
    await upstreams["residents"].close()
    upstreams["residents"] = before
    principal = await town.gateway.state.verifier.verify(tokens["access_token"])
    assert principal.household_id == UUID(other), "what was known holds while the registry is away"


async def test_who_left_gets_no_more_tokens_until_they_are_back(town: Town, village: Village, person: dict[str, str]):
    tokens = (await _sign_in(town, person["phone"])).json()
    async with await village.staff() as staff:
        assert (await staff.post(f"/v1/people/{person['id']}/move-out", json={})).is_success
        refused = await _refresh(town, tokens)
        assert (refused.status_code, refused.json()["code"]) == (401, "no-longer-resident")
        assert refused.json()["error"] == "invalid_grant"
        back = await staff.post(f"/v1/people/{person['id']}/return", json={"household_id": str(village.household_id)})
        assert back.is_success, back.text
    assert (await _refresh(town, tokens)).status_code == 200, "nothing was spent"


async def test_erasing_a_person_ends_their_account_and_sessions(town: Town, village: Village, person: dict[str, str]):
    tokens = (await _sign_in(town, person["phone"])).json()
    async with await village.resident() as other:
        assert not (await other.post(f"/v1/people/{person['id']}/erase", json={})).is_success
    assert (await _sign_in(town, person["phone"])).status_code == 200
    async with await village.staff() as staff:
        erased = await staff.post(f"/v1/people/{person['id']}/erase", json={})
        assert erased.is_success, erased.text
    assert (await _refresh(town, tokens)).status_code == 400
    assert (await _sign_in(town, person["phone"])).json()["code"] == "not-registered"
