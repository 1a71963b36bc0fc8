"""Whom a card names: composed of what residents and dispatch know, and never anything about its bearer."""

import re
from collections.abc import Iterator
from io import BytesIO
from uuid import uuid4

import httpx
import pytest
from pypdf import PdfReader

from gateway.calls import ask
from shared.http_client import Upstream
from tests.gateway.conftest import NOBODY, Town, a_phone
from tests.gateway.village import (
    ELDER,
    HOTLINE,
    HOTLINE_SHOWN,
    TEAM,
    WORKER_NAME,
    WORKER_PHONE,
    Village,
    add_team,
    settle,
)


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


async def test_a_new_worker_is_on_every_card_without_a_new_code(town: Town):
    village = await settle(town, a_phone())
    path = f"/v1/public/contact-cards/{village.card['code']}"
    name, number = "周建国", a_phone()
    async with town.client() as anyone, await village.staff() as staff:
        assert (await anyone.get(path)).json()["worker_name"] == WORKER_NAME
        worker = {"force": "community", "kind": "grid_worker", "name": name, "phone": number, "capacity": 9}
        worker_id = (await staff.post("/v1/responders", json=worker)).json()["id"]
        assigned = await staff.post(f"/v1/grids/{village.grid}/assign-worker", json={"responder_id": worker_id})
        assert assigned.is_success, assigned.text
        told = (await anyone.get(path)).json()
        page = await anyone.get(village.page)
        svg = await staff.get(f"/v1/contact-cards/{village.card['id']}/print.svg")
        sheet = await staff.get("/v1/contact-cards/print.pdf", params={"grid_code": village.grid})
    assert (told["worker_name"], told["worker_phone"][-11:], told["state"]) == (name, number, "issued")
    printed = PdfReader(BytesIO(sheet.content)).pages[0].extract_text()
    for shown in (page.text, svg.text, printed):
        assert name in shown
        assert WORKER_NAME not in shown
    assert "-".join(re.findall("....", village.card["code"])) in printed


async def test_a_team_card_names_the_team_and_whoever_agreed_only(town: Town):
    village = await settle(town, a_phone())
    phones = await add_team(village)
    async with await village.staff() as staff, town.client() as anyone:
        body = {"grid_code": village.grid, "kind": "team"}
        issued = (await staff.post("/v1/contact-cards/issue-for-grid", json=body)).json()
        card = (await staff.get(f"/v1/contact-cards/{issued['card_ids'][0]}")).json()
        told = (await anyone.get(f"/v1/public/contact-cards/{card['code']}")).json()
        plain = (await anyone.get(f"/v1/public/contact-cards/{village.card['code']}")).json()
        page = (await anyone.get(f"/c/{card['code']}")).text
        sheet = await staff.get("/v1/contact-cards/print.pdf", params={"grid_code": village.grid, "kind": "team"})
        listed = await staff.get("/v1/contact-cards/delivery-list.pdf", params=body)
    assert [(each["role"], each["name"], each["phone"][-11:]) for each in told["team"]] == [
        (role, name, phones[role]) for role, _, name in TEAM
    ]
    assert (plain["kind"], plain["team"]) == ("worker", [])
    printed = PdfReader(BytesIO(sheet.content)).pages[0].extract_text()
    for shown in (page, printed):
        assert all(name in shown for _, _, name in TEAM)
        assert "不公开" not in shown
    assert "1702" in PdfReader(BytesIO(listed.content)).pages[0].extract_text()


async def test_guessing_codes_is_slowed(strict: Town, town: Town, village: Village):
    strict.gateway.state.upstreams["residents"] = town.gateway.state.upstreams["residents"]
    most = strict.gateway.state.limits.unknown_codes.amount
    async with strict.client() as anyone:
        guesses = [await anyone.get(f"/v1/public/contact-cards/{number:016d}") for number in range(most + 2)]
        known = await anyone.get(f"/v1/public/contact-cards/{village.card['code']}")
        page = await anyone.get(f"/c/{village.card['code']}")
    assert [answer.status_code for answer in guesses] == [404] * most + [429] * 2
    assert (known.status_code, page.status_code) == (429, 429)
    for answer in (known, page):
        assert int(answer.headers["retry-after"]) > 0
    assert 'href="tel:12345"' in page.text


@pytest.fixture
def one_scan_a_minute(town: Town) -> Iterator[None]:
    """Put back by hand: an application's state keeps no attributes that monkeypatch could restore."""
    state = town.services["residents"].state
    usual = state.settings
    state.settings = usual.model_copy(update={"card_scans_per_minute": 1})
    yield
    state.settings = usual


async def test_a_card_read_too_often_still_says_whom_to_call(town: Town, one_scan_a_minute: None):
    village = await settle(town, a_phone())
    async with town.client() as anyone:  # of three in a row at least two fall into one minute
        answers = [await anyone.get(f"/v1/public/contact-cards/{village.card['code']}") for _ in range(3)]
        pages = [await anyone.get(village.page) for _ in range(3)]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "too-many-requests"
    assert 0 < int(refused.headers["retry-after"]) <= 60
    page = next(answer for answer in pages if answer.status_code == 429)
    assert 'href="tel:110"' in page.text


async def test_the_gateways_own_token_reaches_no_further_than_asked(town: Town, village: Village):
    state = town.gateway.state
    path = f"/internal/grids/{village.grid}/contact"
    assert (await ask(state, "dispatch", "GET", path, area=village.code))["hotline"] == HOTLINE
    token = await state.issuer.service_token("150299000001")
    answer: httpx.Response = await state.upstreams["dispatch"].get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 404
