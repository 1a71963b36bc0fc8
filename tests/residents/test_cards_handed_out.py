"""Cards on their way to their bearers: in the order of the doors, with a list, delivered many at once, confirmed."""

import asyncio
from io import BytesIO
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from services.residents.contact_cards.codes import grouped
from services.residents.contact_cards.doors import Door
from services.residents.contact_cards.layout import HEIGHT_MM, Box, Text, advance, shapes_of
from services.residents.contact_cards.models import CardKind
from shared import audit
from tests.principals import bearer
from tests.residents.neighbourhood import PERSONAL, Neighbourhood
from tests.residents.registry import Registry
from tests.residents.test_contact_cards import CONTACT, a_card, issue

DOORS = (("3号楼", "1单元", "1702"), ("10号楼", "1单元", "101"), ("3号楼", "2单元", "101"), ("3号楼", "1单元", "201"))
WALKED = (("3号楼", "1单元", "201"), ("3号楼", "1单元", "1702"), ("3号楼", "2单元", "101"), ("10号楼", "1单元", "101"))
TEAM = [
    {"role": "police", "name": "王警官", "phone": "19900000011"},
    {"role": "lawyer", "name": "赵律师", "phone": "19900000012"},
    {"role": "mediator", "name": "孙调解", "phone": "19900000013"},
]


async def a_street(registry: Registry) -> dict[tuple[str, ...], dict[str, Any]]:
    """Four homes of one grid with a card each, by door."""
    await registry.publish_grid(registry.grid(), *(("开元小区", building, "") for building in ("3号楼", "10号楼")))
    homes = {
        (await registry.household(building=building, unit=unit, room=room))["id"]: (building, unit, room)
        for building, unit, room in DOORS
    }
    await registry.post("/v1/contact-cards/issue-for-grid", {"grid_code": registry.grid()})
    cards = (await registry.get("/v1/contact-cards"))["items"]
    return {homes[card["household_id"]]: card for card in cards}


def text_of(document: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(document)).pages)


def in_order(text: str, parts: list[str]) -> bool:
    places = [text.index(part) for part in parts]
    return places == sorted(places)


# Order


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_numbers_are_ordered_by_value(a: int, b: int) -> None:
    first, second = Door("园", f"{a}号楼", "", "1").on_the_way(), Door("园", f"{b}号楼", "", "1").on_the_way()
    assert (first < second) == (a < b)


@given(st.lists(st.builds(Door, *[st.text("0123甲A栋-", max_size=5)] * 4), max_size=6))
def test_any_doors_can_be_ordered(doors: list[Door]) -> None:
    walked = sorted(doors, key=Door.on_the_way)
    assert all(a.on_the_way() <= b.on_the_way() for a, b in pairwise(walked))


async def test_sheets_follow_the_doors_and_show_none(registry: Registry) -> None:
    cards = await a_street(registry)
    spare = await registry.post("/v1/contact-cards", {"grid_code": registry.grid()})
    body = {"grid": {"grid_code": registry.grid()}, "contacts": {registry.grid(): CONTACT}, "format": "pdf"}
    answer = await registry.ask("POST", "/internal/contact-cards/print", json=body)
    assert answer.status_code == 200, answer.text
    text = text_of(answer.content)
    assert in_order(text, [grouped(cards[door]["code"]) for door in WALKED] + [grouped(spare["code"])])
    assert not any(word in text for word in ("号楼", "单元", "1702"))


async def test_undelivered_ones_only(registry: Registry) -> None:
    cards = await a_street(registry)
    first = cards[WALKED[0]]
    await registry.post(f"/v1/contact-cards/{first['id']}/deliver", {"is_explained": True})
    grid = {"grid_code": registry.grid(), "undelivered_only": True}
    body = {"grid": grid, "contacts": {registry.grid(): CONTACT}, "format": "pdf"}
    text = text_of((await registry.ask("POST", "/internal/contact-cards/print", json=body)).content)
    assert grouped(first["code"]) not in text
    assert all(grouped(cards[door]["code"]) in text for door in WALKED[1:])


async def test_the_list_says_which_card_is_whose_door_and_is_written_down(registry: Registry) -> None:
    cards = await a_street(registry)
    await registry.person(cards[WALKED[0]]["household_id"], "欧阳慧兰")
    path, asked = "/v1/contact-cards/delivery-list.pdf", {"grid_code": registry.grid()}
    answer = await registry.ask("GET", path, params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    text = text_of(answer.content)
    assert in_order(text, [grouped(cards[door]["code"]) for door in WALKED])
    assert "欧阳慧兰" not in text
    assert "第 1 页, 共 1 页" in text
    async with registry.app.state.database.transaction(registry.community) as session:
        for card in cards.values():
            [entry] = await audit.entries_about(session, registry.community, UUID(card["household_id"]))
            assert (entry.action, entry.purpose.value) == ("contact_cards.delivery_list", "service_delivery")
    for role in ("resident", "supervisor", "merchant"):
        refused = await registry.ask("GET", path, params=asked, by=bearer(role, registry.community))
        assert refused.status_code == 403
    elsewhere = (bearer("grid_worker", registry.community, grids=[registry.grid(9)]), bearer("staff", "150207999999"))
    for by in elsewhere:
        assert (await registry.ask("GET", path, params=asked, by=by)).status_code == 404


# Delivery


async def test_many_are_delivered_at_once_and_the_others_named(place: Neighbourhood) -> None:
    waiting = [await issue(place, grid_code=place.grid) for _ in range(3)]
    lost, away = await issue(place), await issue(place, grid_code=place.other_grid)
    await place.client().post(f"/v1/contact-cards/{lost['id']}/report-lost")
    ids = [card["id"] for card in (*waiting, lost, away)]
    body = {"deliveries": [{"card_id": each, "is_explained": each != ids[0]} for each in ids]}
    worker = place.worker(sub="worker-7")
    told = (await worker.post("/v1/contact-cards/deliver-many", json=body)).json()
    skipped = [{"card_id": lost["id"], "state": "lost"}, {"card_id": away["id"], "state": None}]
    assert told == {"delivered": ids[:3], "skipped": skipped}
    for card_id in ids[:3]:
        card = (await worker.get(f"/v1/contact-cards/{card_id}")).json()
        assert (card["state"], card["delivered_by"], card["version"]) == ("delivered", "worker-7", 2)
        assert card["is_explained"] is (card_id != ids[0])
    again = (await worker.post("/v1/contact-cards/deliver-many", json=body)).json()
    assert again["delivered"] == []
    assert [each["state"] for each in again["skipped"]] == ["delivered"] * 3 + ["lost", None]


async def test_a_card_delivered_by_two_at_once_is_delivered_by_one(place: Neighbourhood) -> None:
    ids = [(await issue(place, grid_code=place.grid))["id"] for _ in range(5)]
    body = {"deliveries": [{"card_id": each, "is_explained": True} for each in ids]}
    answers = await asyncio.gather(*(place.worker().post("/v1/contact-cards/deliver-many", json=body) for _ in "ab"))
    delivered = [each for answer in answers for each in answer.json()["delivered"]]
    assert sorted(delivered) == sorted(ids)


@pytest.mark.parametrize("role", ["resident", "supervisor", "responder", "merchant"])
async def test_who_may_not_deliver(place: Neighbourhood, role: str) -> None:
    body = {"deliveries": [{"card_id": str(uuid4()), "is_explained": True}]}
    answer = await place.client(role, responder=uuid4()).post("/v1/contact-cards/deliver-many", json=body)
    assert answer.status_code == 403
    twice = {"deliveries": body["deliveries"] * 2}
    assert (await place.client().post("/v1/contact-cards/deliver-many", json=twice)).status_code == 422


async def test_a_household_confirms_its_card(place: Neighbourhood) -> None:
    card = await issue(place)
    path = f"/v1/contact-cards/{card['id']}/confirm"
    confirmed = (await place.resident().post(path)).json()
    assert (confirmed["state"], confirmed["confirmed_at"]) == ("delivered", confirmed["delivered_at"])
    again = await place.resident().post(path)
    assert (again.status_code, again.json()["version"]) == (200, confirmed["version"])
    for client, status in ((place.resident(place.neighbour_id), 404), (place.client(), 403), (place.worker(), 403)):
        assert (await client.post(path)).status_code == status


async def test_what_the_worker_said_stays_when_the_household_confirms(place: Neighbourhood) -> None:
    card = await issue(place)
    delivery = {"is_explained": True}
    before = (await place.worker().post(f"/v1/contact-cards/{card['id']}/deliver", json=delivery)).json()
    after = (await place.resident().post(f"/v1/contact-cards/{card['id']}/confirm")).json()
    assert after["confirmed_at"] is not None
    assert [after[name] for name in ("delivered_at", "delivered_by", "is_explained")] == [
        before[name] for name in ("delivered_at", "delivered_by", "is_explained")
    ]


async def test_a_lost_card_is_not_confirmed(place: Neighbourhood) -> None:
    card = await issue(place)
    await place.client().post(f"/v1/contact-cards/{card['id']}/report-lost")
    answer = await place.resident().post(f"/v1/contact-cards/{card['id']}/confirm")
    assert (answer.status_code, answer.json()["state"]) == (409, "lost")


# Team cards


async def test_a_household_has_a_card_of_each_kind(place: Neighbourhood) -> None:
    await issue(place)
    team = await issue(place, household_id=str(place.household_id), kind="team")
    second = await place.client().post(
        "/v1/contact-cards", json={"household_id": str(place.household_id), "kind": "team"}
    )
    assert (team["kind"], second.status_code) == ("team", 409)
    told = (await place.client(None).get(f"/v1/public/contact-cards/{team['code']}")).json()
    assert told["kind"] == "team"
    replaced = (await place.client().post(f"/v1/contact-cards/{team['id']}/replace")).json()
    assert replaced["kind"] == "team"


async def test_team_cards_for_a_grid(place: Neighbourhood) -> None:
    await issue(place)
    issued = [
        (await place.client().post("/v1/contact-cards/issue-for-grid", json={"grid_code": place.grid, "kind": "team"}))
        .json()["issued"]
        for _ in range(2)
    ]  # fmt: skip
    assert issued == [1, 0]
    listed = (await place.client().get("/v1/contact-cards", params={"kind": "team"})).json()["items"]
    assert [card["kind"] for card in listed] == ["team"]
    contacts = {place.grid: CONTACT | {"team": TEAM}}
    body = {"grid": {"grid_code": place.grid, "kind": "team"}, "contacts": contacts, "format": "pdf"}
    text = text_of((await place.client().post("/internal/contact-cards/print", json=body)).content)
    for expected in ("王警官", "199 0000 0011", "社区民警", "赵律师", "律师", "孙调解", "调解员", "李春燕", "网格员"):
        assert expected in text
    assert not any(secret in text for secret in PERSONAL)


def test_a_team_card_has_room_for_the_whole_team() -> None:
    team = [
        *TEAM,
        {"role": "judicial_officer", "name": "阿卜杜热合曼·买买提艾力", "phone": "+4930901820000"},
    ]
    card = a_card(CardKind.TEAM, team=team, grid_name="北梁棚户区第二综合网格", worker_name="李" * 40)
    for shape in shapes_of(card):
        assert shape.y < HEIGHT_MM
        if isinstance(shape, Text) and shape.anchor == "start" and shape.x < 26:
            assert shape.x + shape.size * advance(shape.text) <= (85.6 if shape.y > 47 or shape.y < 10.5 else 52.5)
        elif isinstance(shape, Box):
            assert shape.y + shape.height <= HEIGHT_MM + 1e-6
