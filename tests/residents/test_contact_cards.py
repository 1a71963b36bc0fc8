"""Contact cards: a code that tells whom to call and nothing of its bearer, and what is printed from it."""

import asyncio
from io import BytesIO
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from services.residents.contact_cards.codes import LENGTH, grouped, new_code, read_code, with_check_symbol
from services.residents.contact_cards.layout import HEIGHT_MM, WIDTH_MM, Box, PrintedCard, Text, advance, shapes_of
from services.residents.contact_cards.models import CardKind
from services.residents.contact_cards.pdf import render_sheet
from services.residents.contact_cards.schemas import GridContact
from services.residents.contact_cards.svg import render_svg
from services.residents.households.models import Household
from shared.spoken_codes import ALPHABET
from tests.residents.neighbourhood import PERSONAL, Neighbourhood

CONTACT = {
    "grid_name": "第一网格",
    "worker_name": "李春燕",
    "worker_phone": "19900000001",
    "hotline": "0472-5910001",
    "community_name": "开元社区",
}


async def issue(place: Neighbourhood, **body: object) -> dict:
    response = await place.client().post("/v1/contact-cards", json=body or {"household_id": str(place.household_id)})
    assert response.status_code == 201, response.text
    return response.json()


# Codes


CODES = st.lists(st.integers(0, 31), min_size=LENGTH - 1, max_size=LENGTH - 1).map(with_check_symbol)
PLACES = st.integers(0, LENGTH - 1)


@given(CODES, PLACES, st.integers(1, 31))
def test_every_single_wrong_symbol_is_recognised(code: str, place: int, shift: int) -> None:
    wrong = ALPHABET[(ALPHABET.index(code[place]) + shift) % 32]
    assert read_code(code[:place] + wrong + code[place + 1 :]) is None


@given(CODES, PLACES, PLACES)
def test_every_exchange_of_two_symbols_is_recognised(code: str, a: int, b: int) -> None:
    symbols = list(code)
    symbols[a], symbols[b] = symbols[b], symbols[a]
    exchanged = "".join(symbols)
    assert (read_code(exchanged) is None) == (exchanged != code)


@given(CODES, st.sampled_from(["-", " ", ""]), st.booleans())
def test_a_code_is_read_however_it_is_spelled(code: str, separator: str, lower: bool) -> None:
    spelled = grouped(code).replace("0", "O").replace("1", "l").replace("-", separator)
    assert read_code(spelled.lower() if lower else spelled) == code


def test_codes_are_not_repeated() -> None:
    assert len({new_code() for _ in range(1000)}) == 1000


@given(st.text(max_size=40))
def test_what_is_no_code_is_refused(text: str) -> None:
    found = read_code(text)
    assert found is None or (len(found) == LENGTH and set(found) <= set(ALPHABET))


# Life of a card


async def test_a_card_belongs_to_a_household_and_takes_its_grid(place: Neighbourhood) -> None:
    card = await issue(place)
    assert (card["state"], card["grid_code"], card["version"]) == ("issued", place.grid, 1)
    events = await place.events("contact_card_issued", card_id=card["id"])
    assert events == [{"card_id": card["id"], "household_id": str(place.household_id), "grid_code": place.grid}]
    second = await place.client().post("/v1/contact-cards", json={"household_id": str(place.household_id)})
    assert (second.status_code, second.json()["code"]) == (409, "contact-card-exists")


async def test_a_person_has_a_card_beside_the_household(place: Neighbourhood) -> None:
    await issue(place)
    card = await issue(place, person_id=str(place.elder_id))
    assert card["household_id"] == str(place.household_id)
    spare = await issue(place, grid_code=place.other_grid)
    assert spare["household_id"] is None


@pytest.mark.parametrize("body", [{}, {"household_id": str(uuid4()), "person_id": str(uuid4())}])
async def test_a_card_belongs_to_one_thing(place: Neighbourhood, body: dict) -> None:
    assert (await place.client().post("/v1/contact-cards", json=body)).status_code == 422


async def test_a_household_outside_every_grid_gets_none(place: Neighbourhood) -> None:
    async with place.transaction() as session:
        household = await session.get(Household, (place.code, place.household_id))
        assert household is not None
        household.grid_code = None
    response = await place.client().post("/v1/contact-cards", json={"household_id": str(place.household_id)})
    assert response.json()["code"] == "household-without-grid"


async def test_delivery_remembers_who_explained_it(place: Neighbourhood) -> None:
    card = await issue(place)
    worker = place.worker(sub="worker-7")
    response = await worker.post(f"/v1/contact-cards/{card['id']}/deliver", json={"is_explained": True})
    delivered = response.json()
    assert (delivered["state"], delivered["delivered_by"], delivered["is_explained"]) == ("delivered", "worker-7", True)
    again = await worker.post(f"/v1/contact-cards/{card['id']}/deliver", json={"is_explained": True})
    assert (again.status_code, again.json()["state"]) == (409, "delivered")


@pytest.mark.parametrize("before", [[], ["deliver"], ["report-lost"]])
async def test_a_replaced_card_still_says_whom_to_call(place: Neighbourhood, before: list[str]) -> None:
    old = await issue(place)
    staff = place.client()
    for verb in before:
        body = {"is_explained": False} if verb == "deliver" else None
        assert (await staff.post(f"/v1/contact-cards/{old['id']}/{verb}", json=body)).status_code == 200
    new = (await staff.post(f"/v1/contact-cards/{old['id']}/replace")).json()
    assert new["code"] != old["code"]
    assert new["household_id"] == old["household_id"]
    public = place.client(None)
    for code, state in ((old["code"], "replaced"), (new["code"], "issued")):
        told = (await public.get(f"/v1/public/contact-cards/{code}")).json()
        where = {"community_code": place.code, "grid_code": place.grid, "kind": "worker"}
        assert told == where | {"state": state, "takes_reports": True}
    shown = (await staff.get(f"/v1/contact-cards/{old['id']}")).json()
    assert shown["replaced_by"] == new["id"]


async def test_what_is_revoked_stays_revoked(place: Neighbourhood) -> None:
    card = await issue(place)
    staff = place.client()
    assert (await staff.post(f"/v1/contact-cards/{card['id']}/revoke")).json()["state"] == "revoked"
    for verb in ("report-lost", "replace", "revoke"):
        assert (await staff.post(f"/v1/contact-cards/{card['id']}/{verb}")).status_code == 409
    await issue(place)  # the household may have a new one


async def test_replacing_twice_at_once_makes_one_card(place: Neighbourhood) -> None:
    card = await issue(place)
    staff = place.client()
    answers = await asyncio.gather(*(staff.post(f"/v1/contact-cards/{card['id']}/replace") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_repeated_issue_is_one_card(place: Neighbourhood) -> None:
    staff = place.client()
    body, key = {"household_id": str(place.household_id)}, {"Idempotency-Key": str(uuid4())}
    first, second = [await staff.post("/v1/contact-cards", json=body, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"


async def test_issue_for_a_grid_reaches_every_household_once(place: Neighbourhood) -> None:
    staff = place.client()
    first = (await staff.post("/v1/contact-cards/issue-for-grid", json={"grid_code": place.grid})).json()
    again = (await staff.post("/v1/contact-cards/issue-for-grid", json={"grid_code": place.grid})).json()
    assert (first["issued"], again["issued"]) == (1, 0)
    listed = (await staff.get("/v1/contact-cards", params={"grid_code": place.grid})).json()["items"]
    assert [card["id"] for card in listed] == first["card_ids"]


async def test_etag_answers_not_modified(place: Neighbourhood) -> None:
    card = await issue(place)
    staff = place.client()
    tag = (await staff.get(f"/v1/contact-cards/{card['id']}")).headers["etag"]
    again = await staff.get(f"/v1/contact-cards/{card['id']}", headers={"If-None-Match": tag})
    assert again.status_code == 304


async def publish(place: Neighbourhood, grid: str, compound: str) -> None:
    ring = [[109.96, 40.61], [109.97, 40.61], [109.97, 40.62], [109.96, 40.61]]
    data = {
        "grid_code": grid,
        "kind": "comprehensive",
        "version": 1,
        "boundary": {"type": "Polygon", "coordinates": [ring]},
        "addresses": [{"compound": compound, "building": "3", "unit": ""}],
    }
    await place.consume("dispatch.grid_published.v1", f"grids/{grid}", 1, data)


async def test_cards_follow_their_households_grid(place: Neighbourhood) -> None:
    card = await issue(place)
    await publish(place, place.other_grid, "丰景苑")
    told = (await place.client(None).get(f"/v1/public/contact-cards/{card['code']}")).json()
    assert told["grid_code"] == place.other_grid


async def test_cards_follow_a_household_that_moves(place: Neighbourhood) -> None:
    await publish(place, place.grid, "丰景苑")
    await publish(place, place.other_grid, "安康里")
    card = await issue(place, person_id=str(place.elder_id))
    address = {"compound": "安康里", "building": "3", "unit": "1", "room": "301"}
    moved = await place.client().post(f"/v1/households/{place.household_id}/move", json=address)
    assert moved.status_code == 200, moved.text
    told = (await place.client(None).get(f"/v1/public/contact-cards/{card['code']}")).json()
    assert told["grid_code"] == place.other_grid


# Who may do what


async def test_who_sees_a_card(place: Neighbourhood) -> None:
    card = await issue(place)
    path = f"/v1/contact-cards/{card['id']}"
    expected = {
        place.client("staff"): 200,
        place.client("head"): 200,
        place.worker(): 200,
        place.worker(place.other_grid): 404,
        place.resident(): 200,
        place.resident(place.neighbour_id): 404,
        place.client("staff", area="150207999999"): 404,
        place.client("responder", responder=uuid4()): 403,
        place.client("supervisor"): 403,
        place.client("merchant"): 403,
        place.client("partner"): 403,
        place.client(None): 401,
    }
    for client, status in expected.items():
        assert (await client.get(path)).status_code == status
        listed = await client.get("/v1/contact-cards")
        assert (listed.json().get("items") or []) == ([card] if status == 200 else [])


@pytest.mark.parametrize("verb", ["deliver", "report-lost", "replace", "revoke"])
async def test_who_may_not_change_a_card(place: Neighbourhood, verb: str) -> None:
    card = await issue(place, person_id=str(place.elder_id))
    refused = {
        place.worker(place.other_grid): 403 if verb == "revoke" else 404,
        place.resident(place.neighbour_id): 404 if verb == "report-lost" else 403,
        place.client("staff", area="150207999999"): 404,
        place.client("supervisor"): 403,
        place.client(None): 401,
    }
    for client, status in refused.items():
        body = {"is_explained": True} if verb == "deliver" else None
        response = await client.post(f"/v1/contact-cards/{card['id']}/{verb}", json=body)
        assert response.status_code == status
    assert (await place.client().get(f"/v1/contact-cards/{card['id']}")).json() == card


async def test_a_resident_reports_their_own_card_lost(place: Neighbourhood) -> None:
    card = await issue(place, person_id=str(place.elder_id))
    answer = await place.resident().post(f"/v1/contact-cards/{card['id']}/report-lost")
    assert answer.json()["state"] == "lost"


async def test_a_worker_issues_in_their_own_grid_only(place: Neighbourhood) -> None:
    body = {"household_id": str(place.household_id)}
    assert (await place.worker(place.other_grid).post("/v1/contact-cards", json=body)).status_code == 404
    assert (await place.worker().post("/v1/contact-cards", json=body)).status_code == 201
    bulk = {"grid_code": place.grid}
    answer = await place.worker(place.other_grid).post("/v1/contact-cards/issue-for-grid", json=bulk)
    assert answer.status_code == 404


# The public door


async def test_mistyped_and_unknown_codes_are_told_apart(place: Neighbourhood) -> None:
    card = await issue(place)
    public = place.client(None)
    wrong = ALPHABET[(ALPHABET.index(card["code"][3]) + 1) % 32]
    mistyped = await public.get(f"/v1/public/contact-cards/{card['code'][:3]}{wrong}{card['code'][4:]}")
    unknown = await public.get(f"/v1/public/contact-cards/{new_code()}")
    assert (mistyped.status_code, mistyped.json()["code"]) == (404, "card-code-mistyped")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "card-code-unknown")


async def test_nothing_public_or_published_names_the_bearer(place: Neighbourhood) -> None:
    card = await issue(place, person_id=str(place.elder_id))
    told = (await place.client(None).get(f"/v1/public/contact-cards/{card['code']}")).text
    published = str([await place.events(kind) for kind in ("contact_card_issued", "contact_card_scanned")])
    for secret in (*PERSONAL, str(place.elder_id), str(place.household_id)):
        assert secret not in told
    for secret in PERSONAL:
        assert secret not in published


# Print


def a_card(kind: CardKind = CardKind.WORKER, **contact: object) -> PrintedCard:
    code = new_code()
    return PrintedCard(code, f"http://127.0.0.1:8365/c/{code}", kind, GridContact.model_validate(CONTACT | contact))


async def test_one_card_as_svg(place: Neighbourhood) -> None:
    card = await issue(place, person_id=str(place.elder_id))
    body = {"card_ids": [card["id"]], "contacts": {place.grid: CONTACT}, "format": "svg"}
    response = await place.client().post("/internal/contact-cards/print", json=body)
    assert response.headers["content-type"] == "image/svg+xml"
    root = ElementTree.fromstring(response.text)
    assert (root.get("width"), root.get("height")) == ("85.6mm", "54.0mm")
    words = "".join(root.itertext())
    for expected in ("李春燕", "199 0000 0001", "第一网格", "开元社区", grouped(card["code"])):
        assert expected in words
    for secret in PERSONAL:
        assert secret not in response.text


async def test_a_sheet_holds_ten_cards_a_page(place: Neighbourhood) -> None:
    cards = [await issue(place, grid_code=place.grid) for _ in range(11)]
    body = {"card_ids": [card["id"] for card in cards], "contacts": {place.grid: CONTACT}, "format": "pdf"}
    response = await place.worker().post("/internal/contact-cards/print", json=body)
    assert response.headers["content-type"] == "application/pdf"
    pages = PdfReader(BytesIO(response.content)).pages
    assert len(pages) == 2
    assert [round(float(side)) for side in pages[0].mediabox[2:]] == [595, 842]
    for card, page in ((cards[0], 0), (cards[9], 0), (cards[10], 1)):
        assert grouped(card["code"]) in pages[page].extract_text()


def test_every_font_of_a_sheet_is_embedded() -> None:
    pages = PdfReader(BytesIO(render_sheet([a_card(worker_name="李𬭚燕") for _ in range(3)]))).pages
    assert "李𬭚燕" in pages[0].extract_text()
    assert len(_fonts(pages[0])) == 2
    assert all("/FontFile2" in font["/FontDescriptor"] for font in _fonts(pages[0]))


def _fonts(page: Any) -> list[Any]:
    """The fonts of a page and of the forms that it draws."""
    resources = page["/Resources"]
    found = [font.get_object() for font in resources.get("/Font", {}).values()]
    for form in resources.get("/XObject", {}).values():
        found += _fonts(form.get_object())
    return list({font["/BaseFont"]: font for font in found}.values())


async def test_printing_needs_the_contact_of_every_grid(place: Neighbourhood) -> None:
    card = await issue(place)
    body = {"card_ids": [card["id"]], "contacts": {place.other_grid: CONTACT}, "format": "svg"}
    staff = place.client()
    assert (await staff.post("/internal/contact-cards/print", json=body)).json()["code"] == "contact-missing"
    body["contacts"] = {place.grid: CONTACT}
    assert (await place.resident().post("/internal/contact-cards/print", json=body)).status_code == 403
    elsewhere = place.client("staff", area="150207999999")
    assert (await elsewhere.post("/internal/contact-cards/print", json=body)).status_code == 404


@settings(max_examples=40)
@given(
    name=st.text(st.characters(categories=["Lo", "Ll", "Lu", "Nd", "Po", "Sm"]), min_size=1, max_size=40),
    phone=st.sampled_from([None, "19900000001", "0472-5910001", "12345", "+4930901820"]),
)
def test_any_card_fits_and_can_be_drawn(name: str, phone: str | None) -> None:
    card = a_card(grid_name=name, worker_name=name, worker_phone=phone, hotline=phone, community_name=name)
    for shape in shapes_of(card):
        if isinstance(shape, Box):
            assert shape.x >= 0 and shape.x + shape.width <= WIDTH_MM + 1e-6
            assert shape.y >= 0 and shape.y + shape.height <= HEIGHT_MM + 1e-6
        elif isinstance(shape, Text):
            assert 0 < shape.y < HEIGHT_MM
            assert shape.size * advance(shape.text) <= WIDTH_MM
    ElementTree.fromstring(render_svg(card))
    assert render_sheet([card]) == render_sheet([card])
