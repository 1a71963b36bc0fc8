"""Scans of contact cards: counted by the minute and never by whom, limited per card, forgotten in time."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import func, select

from services.residents.contact_cards.models import ContactCardScan
from services.residents.contact_cards.scans import scan_timer
from shared.clock import china_today, utc_now
from shared.timers import sweep_once
from tests.residents.neighbourhood import Neighbourhood
from tests.residents.test_contact_cards import issue


def next_minute(later: int = 0) -> datetime:
    """The beginning of a minute, so that what follows lies within it."""
    return utc_now().replace(second=0, microsecond=0) + timedelta(minutes=1 + later)


async def scan(place: Neighbourhood, card: dict[str, Any], times: int = 1) -> list[int]:
    public = place.client(None)
    answers = await asyncio.gather(*(public.get(f"/v1/public/contact-cards/{card['code']}") for _ in range(times)))
    return [answer.status_code for answer in answers]


async def scans_of(place: Neighbourhood, card: dict[str, Any]) -> list[dict[str, Any]]:
    return (await place.client().get(f"/v1/contact-cards/{card['id']}/scans")).json()["items"]


async def test_scans_of_a_minute_are_one_row_and_one_event(place: Neighbourhood) -> None:
    card = await issue(place)
    first, second = next_minute(), next_minute(1)
    for minute, times in ((first, 3), (second, 1)):
        with time_machine.travel(minute, tick=True):
            assert await scan(place, card, times) == [200] * times
    events = await place.events("contact_card_scanned", card_id=card["id"])
    assert events == [{"card_id": card["id"], "grid_code": place.grid}] * 2
    shown = await scans_of(place, card)
    assert [(each["scans"], each["reports"]) for each in shown] == [(1, 0), (3, 0)]
    assert [datetime.fromisoformat(each["scanned_at"]) for each in shown] == [second, first]


async def test_a_report_counts_for_the_scan_that_led_to_it(place: Neighbourhood) -> None:
    card = await issue(place)
    with time_machine.travel(next_minute(), tick=True):
        await scan(place, card, 2)
    with time_machine.travel(next_minute(4), tick=True):
        report = await place.client(None).post(f"/v1/public/contact-cards/{card['code']}/found-reports", json={})
    assert report.status_code == 201
    assert [(each["scans"], each["reports"]) for each in await scans_of(place, card)] == [(2, 1)]


async def test_a_report_without_a_scan_is_one(place: Neighbourhood) -> None:
    card = await issue(place)
    report = await place.client(None).post(f"/v1/public/contact-cards/{card['code']}/found-reports", json={})
    assert report.status_code == 201
    assert [(each["scans"], each["reports"]) for each in await scans_of(place, card)] == [(1, 1)]


async def test_a_card_is_read_so_often_in_a_minute_and_no_more(place: Neighbourhood) -> None:
    card, other = await issue(place), await issue(place, person_id=str(place.elder_id))
    most = place.app.state.settings.card_scans_per_minute
    minute = next_minute()
    with time_machine.travel(minute, tick=True):
        allowed = await scan(place, card, most + 5)
        refused = await place.client(None).get(f"/v1/public/contact-cards/{card['code']}")
        assert await scan(place, other) == [200]
    assert sorted(allowed) == [200] * most + [429] * 5
    assert refused.json()["code"] == "too-many-requests"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    with time_machine.travel(minute + timedelta(minutes=1), tick=True):
        assert await scan(place, card) == [200]


async def test_a_finder_who_follows_a_report_is_no_scan(place: Neighbourhood) -> None:
    card = await issue(place)
    gateway = place.client("gateway", area="*")
    told = await gateway.get(f"/internal/contact-cards/by-code/{card['code']}")
    assert (told.status_code, told.json()["kind"]) == (200, "worker")
    assert await scans_of(place, card) == []
    assert (await place.client().get(f"/internal/contact-cards/by-code/{card['code']}")).status_code == 403


async def test_statistics_by_grid(place: Neighbourhood) -> None:
    cards = [await issue(place, grid_code=grid) for grid in (place.grid, place.grid, place.other_grid)]
    for card, times in zip(cards, (2, 1, 4), strict=True):
        await scan(place, card, times)
    expected = [
        {"grid_code": place.grid, "cards_scanned": 2, "scans": 3, "reports": 0},
        {"grid_code": place.other_grid, "cards_scanned": 1, "scans": 4, "reports": 0},
    ]

    async def seen(client: Any, **asked: object) -> Any:
        answer = await client.get("/v1/contact-cards/scan-statistics", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()["grids"]

    assert await seen(place.client()) == expected
    supervisor = place.client("supervisor", area=place.code[:9])
    assert await seen(supervisor, grid_code=place.grid) == expected[:1]
    assert await seen(place.client(), grid_code=place.other_grid) == expected[1:]
    assert await seen(place.worker()) == expected[:1]
    assert await seen(place.client("staff", area="150207999999")) == []
    yesterday = china_today() - timedelta(days=1)
    assert await seen(place.client(), last_on=str(yesterday)) == []


@pytest.mark.parametrize(
    ("first_on", "last_on", "status"),
    [("2026-02-01", "2026-01-31", 422), ("2025-01-01", "2026-01-02", 422), ("0001-01-01", "0001-01-02", 422)],
)
async def test_a_period_that_is_none(place: Neighbourhood, first_on: str, last_on: str, status: int) -> None:
    asked = {"first_on": first_on, "last_on": last_on}
    answer = await place.client().get("/v1/contact-cards/scan-statistics", params=asked)
    assert answer.status_code == status


@pytest.mark.parametrize("role", ["resident", "responder", "merchant", "partner", None])
async def test_who_may_not_see_scans(place: Neighbourhood, role: str | None) -> None:
    card = await issue(place, person_id=str(place.elder_id))
    client = place.resident() if role == "resident" else place.client(role, responder=uuid4())
    for path in (f"/v1/contact-cards/{card['id']}/scans", "/v1/contact-cards/scan-statistics"):
        assert (await client.get(path)).status_code == (401 if role is None else 403)
    assert (await place.worker(place.other_grid).get(f"/v1/contact-cards/{card['id']}/scans")).status_code == 404


async def test_scans_are_forgotten(place: Neighbourhood) -> None:
    card = await issue(place)
    await scan(place, card)
    settings = place.app.state.settings
    database, timer = place.app.state.database, scan_timer(settings)
    count = select(func.count()).select_from(ContactCardScan).where(ContactCardScan.card_id == card["id"])
    await sweep_once(database, timer)
    assert await place.rows(count) == [1]
    with time_machine.travel(utc_now() + settings.card_scan_retention + timedelta(minutes=2), tick=True):
        await sweep_once(database, timer)
    assert await place.rows(count) == [0]
