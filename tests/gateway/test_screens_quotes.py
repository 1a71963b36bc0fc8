"""Quotes and reservations through the gateway: eligibility is attested on the way, and repeats are repeats."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from shared.crypto import Attestor
from tests.gateway.conftest import Town
from tests.gateway.high_street import FOR_ALL, FOR_ELDERS, PRICE, HighStreet, open_shop
from tests.gateway.outages import away, hanging
from tests.gateway.village import Village


@pytest.fixture(scope="module")
async def street(village: Village) -> HighStreet:
    return await open_shop(village)


@pytest.fixture
async def elder(village: Village) -> AsyncIterator[httpx.AsyncClient]:
    async with await village.resident() as client:
        consent = {"purpose": "eligibility", "text_version": 1, "is_separate": True}
        answer = await client.post(f"/v1/people/{village.elder_id}/consents", json=consent)
        assert answer.status_code == 201, answer.text
        yield client


async def _quote(client: httpx.AsyncClient, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = await client.post("/v1/quotes", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_registry_attests_and_the_better_offer_applies(street: HighStreet, elder: httpx.AsyncClient):
    answer = await elder.post("/v1/quotes", json=street.basket)
    quote = answer.json()
    assert quote["total_after_fen"] == PRICE - FOR_ELDERS
    assert [applied["offer_id"] for applied in quote["applied"]] == [street.for_elders]
    assert quote["unavailable"] == []
    assert answer.headers["ratelimit"].startswith('"calls-per-caller"')
    assert "eligibility-attestations" not in answer.headers


async def test_who_is_not_eligible_gets_everybodys_offer(village: Village, street: HighStreet):
    async with await village.client("resident", person=uuid4()) as young:
        quote = await _quote(young, street.basket)
    assert (quote["total_after_fen"], quote["unavailable"]) == (PRICE - FOR_ALL, [])
    assert {(each["offer_id"], each["reason"]) for each in quote["not_applied"]} == {
        (street.for_elders, "not_eligible")
    }


async def test_staff_see_what_anybody_gets(village: Village, street: HighStreet):
    async with await village.staff() as staff:
        quote = await _quote(staff, street.basket)
    assert (quote["total_after_fen"], quote["unavailable"]) == (PRICE - FOR_ALL, [])


async def test_without_residents_a_quote_is_for_everybody_and_says_so(
    town: Town, street: HighStreet, elder: httpx.AsyncClient
):
    async with away(town, "residents"):
        quote = await _quote(elder, street.basket)
    assert (quote["total_after_fen"], quote["unavailable"]) == (PRICE - FOR_ALL, ["residents"])


async def test_residents_that_hang_do_not_hold_up_a_quote(town: Town, street: HighStreet, elder: httpx.AsyncClient):
    async with hanging(town, "residents"):
        quote = await _quote(elder, street.basket)
    assert quote["unavailable"] == ["residents"]


async def test_without_merchants_nothing_is_quoted(town: Town, street: HighStreet, elder: httpx.AsyncClient):
    async with away(town, "merchants"):
        answer = await elder.post("/v1/quotes", json=street.basket)
    assert (answer.status_code, answer.json()["upstream"]) == (503, "merchants")


async def test_a_reservation_needs_the_proof_again_and_gets_it(street: HighStreet, elder: httpx.AsyncClient):
    quote = await _quote(elder, street.basket)
    answer = await elder.post("/v1/redemptions", json={"quote": quote["quote"]})
    assert answer.status_code == 201, answer.text
    assert answer.json()["total_after_fen"] == PRICE - FOR_ELDERS
    assert answer.headers["location"] == f"/v1/redemptions/{answer.json()['id']}"
    mine = (await elder.get(answer.headers["location"])).json()
    assert mine["code"] == answer.json()["code"]
    assert (await elder.post(f"{answer.headers['location']}/cancel")).status_code == 200


async def test_a_repeat_is_the_same_request_although_proofs_are_new(street: HighStreet, elder: httpx.AsyncClient):
    key = {"Idempotency-Key": str(uuid4())}
    quote = await _quote(elder, street.basket)
    first = await elder.post("/v1/redemptions", json={"quote": quote["quote"]}, headers=key)
    again = await elder.post("/v1/redemptions", json={"quote": quote["quote"]}, headers=key)
    other = await elder.post("/v1/redemptions", json={"quote": quote["quote"][:-1] + "A"}, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    await elder.post(f"/v1/redemptions/{first.json()['id']}/cancel")


async def test_a_repeat_while_residents_is_away_is_still_the_first_answer(
    town: Town, street: HighStreet, elder: httpx.AsyncClient
):
    quoting, reserving = str(uuid4()), str(uuid4())
    quote = await _quote(elder, street.basket, **{"Idempotency-Key": quoting})
    body, headers = {"quote": quote["quote"]}, {"Idempotency-Key": reserving}
    first = await elder.post("/v1/redemptions", json=body, headers=headers)
    async with away(town, "residents"):
        assert await _quote(elder, street.basket, **{"Idempotency-Key": quoting}) == quote
        again = await elder.post("/v1/redemptions", json=body, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    await elder.post(f"/v1/redemptions/{first.json()['id']}/cancel")


async def test_what_needs_a_proof_waits_for_residents(town: Town, street: HighStreet, elder: httpx.AsyncClient):
    """The quote still holds, so nobody is told that it changed; the same request succeeds afterwards."""
    body = {"quote": (await _quote(elder, street.basket))["quote"]}
    headers = {"Idempotency-Key": str(uuid4())}
    async with away(town, "residents"):
        refused = await elder.post("/v1/redemptions", json=body, headers=headers)
    assert (refused.status_code, refused.json()["upstream"]) == (503, "residents")
    made = await elder.post("/v1/redemptions", json=body, headers=headers)
    assert made.status_code == 201, made.text
    await elder.post(f"/v1/redemptions/{made.json()['id']}/cancel")


async def test_what_needs_no_proof_is_reserved_without_residents(
    town: Town, street: HighStreet, elder: httpx.AsyncClient
):
    async with away(town, "residents"):
        body = {"quote": (await _quote(elder, street.basket))["quote"]}
        made = await elder.post("/v1/redemptions", json=body)
    assert (made.status_code, made.json()["total_after_fen"]) == (201, PRICE - FOR_ALL)
    await elder.post(f"/v1/redemptions/{made.json()['id']}/cancel")


async def test_proofs_from_outside_are_dropped(village: Village, street: HighStreet, attestation_pair: tuple[str, str]):
    """Even a genuine one: nobody but the gateway brings proofs."""
    person = uuid4()
    token = Attestor.from_settings(attestation_pair[0]).attest(person, "age>=80")
    async with await village.client("resident", person=person) as young:
        quote = await _quote(young, street.basket, **{"Eligibility-Attestations": token})
    assert quote["total_after_fen"] == PRICE - FOR_ALL


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"nothing", b"\xff\xfe", b'{"merchant_id": 7}', b"[" * 50_000, b'{"quote": {"a": 1}}'],
)
@pytest.mark.parametrize("path", ["/v1/quotes", "/v1/redemptions"])
async def test_nonsense_is_refused_by_merchants_in_its_own_words(
    town: Town, elder: httpx.AsyncClient, path: str, content: bytes
):
    answer = await elder.post(path, content=content, headers={"Content-Type": "application/json"})
    headers = {"Content-Type": "application/json", "Authorization": elder.headers["Authorization"]}
    own = await town.gateway.state.upstreams["merchants"].post(path, content=content, headers=headers)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == own.json()


async def test_an_unknown_shop_is_not_found(street: HighStreet, elder: httpx.AsyncClient):
    answer = await elder.post("/v1/quotes", json=street.basket | {"merchant_id": str(uuid4())})
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_merchants_keep_no_reason(town: Town, street: HighStreet, elder: httpx.AsyncClient):
    quote = await _quote(elder, street.basket)
    made = await elder.post("/v1/redemptions", json={"quote": quote["quote"]})
    async with town.services["merchants"].state.database.transaction(street.village.code) as session:
        rows = [
            str(row)
            for table in ("redemption", "redemption_offer", "offer_use", "outbox")
            for row in await session.execute(text(f"SELECT * FROM {table}"))
        ]
    assert any(made.json()["id"] in row for row in rows)
    assert not any(str(street.village.elder_id) in row or "age>=" in row for row in rows)
    await elder.post(f"/v1/redemptions/{made.json()['id']}/cancel")


async def test_other_methods_reach_merchants_as_before(elder: httpx.AsyncClient, street: HighStreet):
    assert (await elder.get("/v1/redemptions")).status_code == 200
    assert (await elder.get("/v1/quotes")).status_code == 405


async def test_both_are_in_the_description(town: Town):
    async with town.client() as anyone:
        paths = (await anyone.get("/openapi.json")).json()["paths"]
    schema = paths["/v1/quotes"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["$ref"].endswith("QuoteRead")
    assert {"/v1/home", "/v1/worker/today", "/v1/redemptions"} <= paths.keys()
