"""Whom a card names: composed of what residents and dispatch know, and never anything about its bearer."""

from io import BytesIO
from uuid import uuid4

import httpx
import pytest
from pypdf import PdfReader

from gateway.calls import ask
from shared.http_client import Upstream
from tests.gateway.conftest import NOBODY, Town
from tests.gateway.village import ELDER, HOTLINE, HOTLINE_SHOWN, WORKER_NAME, WORKER_PHONE, Village


async def test_anyone_learns_whom_to_call_and_nothing_of_the_bearer(town: Town, village: Village):
    async with town.client() as anyone:
        answer = await anyone.get(f"/v1/public/contact-cards/{village.card['code']}")
    card = answer.json()
    assert (card["worker_name"], card["hotline"], card["grid_name"]) == (WORKER_NAME, HOTLINE, "第一网格")
    assert card["worker_phone"].endswith(WORKER_PHONE)
    assert card["unavailable"] == []
    assert str(village.household_id) not in answer.text
    assert not any(secret in answer.text for secret in (ELDER, village.elder_phone, "1702", "丰景苑"))


async def test_without_dispatch_there_is_still_a_number(town: Town, village: Village):
    upstreams = town.gateway.state.upstreams
    before, upstreams["dispatch"] = upstreams["dispatch"], Upstream("dispatch", NOBODY)
    async with town.client() as anyone:
        card = (await anyone.get(f"/v1/public/contact-cards/{village.card['code']}")).json()
    await upstreams["dispatch"].close()
    upstreams["dispatch"] = before
    assert (card["hotline"], card["worker_phone"], card["unavailable"]) == ("12345", None, ["dispatch"])


@pytest.mark.parametrize("code", ["0000-0000-0000-0000", "nothing", "%00", "..%2f..%2finternal", "中文"])
async def test_what_is_no_code_is_not_found(town: Town, code: str):
    async with town.client() as anyone:
        assert (await anyone.get(f"/v1/public/contact-cards/{code}")).status_code == 404
        assert (await anyone.get(f"/c/{code}")).status_code == 404


async def test_a_card_is_printed_with_the_contacts_of_today(village: Village):
    async with await village.staff() as staff:
        svg = await staff.get(f"/v1/contact-cards/{village.card['id']}/print.svg")
        pdf = await staff.get(f"/v1/contact-cards/{village.card['id']}/print.pdf")
        sheet = await staff.get("/v1/contact-cards/print.pdf", params={"grid_code": village.grid})
    assert svg.headers["content-type"].startswith("image/svg+xml")
    assert WORKER_NAME in svg.text
    for document in (pdf, sheet):
        assert document.headers["content-type"] == "application/pdf"
        text = PdfReader(BytesIO(document.content)).pages[0].extract_text()
        assert HOTLINE_SHOWN in text
        assert ELDER not in text


async def test_only_who_may_see_a_card_prints_it(village: Village):
    path = f"/v1/contact-cards/{village.card['id']}/print.svg"
    async with village.town.client(await village.town.token("head", "150299000001")) as stranger:
        assert (await stranger.get(path)).status_code == 404
        empty = await stranger.get("/v1/contact-cards/print.pdf", params={"grid_code": village.grid})
        assert empty.status_code == 404
    async with await village.resident() as resident:
        assert (await resident.get(path)).status_code == 403
    async with village.town.client() as anyone:
        assert (await anyone.get(path)).status_code == 401
    async with await village.staff() as staff:
        assert (await staff.get(f"/v1/contact-cards/{uuid4()}/print.svg")).status_code == 404


async def test_the_gateways_own_token_reaches_no_further_than_asked(town: Town, village: Village):
    state = town.gateway.state
    path = f"/internal/grids/{village.grid}/contact"
    assert (await ask(state, "dispatch", "GET", path, area=village.code))["hotline"] == HOTLINE
    token = await state.issuer.service_token("150299000001")
    answer: httpx.Response = await state.upstreams["dispatch"].get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 404
