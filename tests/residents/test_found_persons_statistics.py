"""How cases went, counted from rows whose times are known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.residents.found_persons.models import FoundPerson
from tests.residents.cases import TO_POLICE, a_card, act, only_case, open_case, report
from tests.residents.neighbourhood import Neighbourhood

PATH = "/v1/found-persons/statistics"
NOON = datetime(2026, 5, 31, 16, 30, tzinfo=UTC)
"""Half past midnight on 1 June in China."""


async def dated(place: Neighbourhood, case: dict[str, Any], at: datetime, **minutes: int | None) -> None:
    """Let the case have been reported at `at`, and other things have happened so many minutes later."""
    async with place.transaction() as session:
        row = await session.get(FoundPerson, (place.code, case["id"]))
        assert row is not None
        times = {name: at + timedelta(minutes=after) for name, after in minutes.items() if after is not None}
        row.sqlmodel_update({"created_at": at, **times})


@pytest.fixture
async def counted(place: Neighbourhood) -> Neighbourhood:
    """Four cases: a card's, two without, one unfounded."""
    staff = place.client()
    card = await a_card(place)
    await report(place, card["code"])
    by_card = await only_case(staff)
    await dated(place, by_card, NOON - timedelta(days=1), identified_at=4, handed_over_at=30)
    for minutes in (10, 40):
        case = await open_case(place)
        handed_over: dict[str, Any] = TO_POLICE
        await act(staff, case["id"], "hand-over", **handed_over)
        await act(staff, case["id"], "close", outcome="with_police")
        late = 31 if minutes == 40 else None
        await dated(place, case, NOON, identified_at=minutes, handed_over_at=minutes + 20, escalated_at=late)
    dismissed = await open_case(place)
    await act(staff, dismissed["id"], "unfounded", reason="nobody_there")
    await dated(place, dismissed, NOON)
    return place


async def read(place: Neighbourhood, role: str = "staff", **params: str) -> dict[str, Any]:
    answer = await place.client(role).get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_totals(counted: Neighbourhood) -> None:
    total = (await read(counted))["total"]
    assert (total["cases"], total["with_card"], total["without_card"]) == (4, 1, 3)
    assert {state: count for state, count in total["states"].items() if count} == {
        "reported": 1,
        "closed": 2,
        "unfounded": 1,
    }
    assert {each: count for each, count in total["outcomes"].items() if count} == {"with_police": 2, "unfounded": 1}
    assert {each: count for each, count in total["unfounded_reasons"].items() if count} == {"nobody_there": 1}
    assert total["minutes_to_identified"] == {"median": 10.0, "p90": 34.0}
    assert total["minutes_to_handed_over"] == {"median": 30.0, "p90": 54.0}
    assert (total["escalated"], total["overdue_share"]) == (1, 0.3333)


async def test_by_grid_and_by_chinese_month(counted: Neighbourhood) -> None:
    by_grid = {group["group"]: group["cases"] for group in (await read(counted))["groups"]}
    assert by_grid == {counted.grid: 1, None: 3}
    by_month = [(group["group"], group["cases"]) for group in (await read(counted, by="month"))["groups"]]
    assert by_month == [("2026-05", 1), ("2026-06", 3)]


async def test_both_days_count(counted: Neighbourhood) -> None:
    june = {"from": "2026-06-01", "to": "2026-06-01"}
    assert (await read(counted, **june))["total"]["cases"] == 3
    assert (await read(counted, to="2026-05-31"))["total"]["cases"] == 1
    empty = (await read(counted, **{"from": "2027-01-01"}))["total"]
    assert (empty["cases"], empty["overdue_share"], empty["minutes_to_identified"]["median"]) == (0, None, None)


async def test_who_reads_them(counted: Neighbourhood) -> None:
    assert (await read(counted, "head"))["total"]["cases"] == 4
    above = await counted.client("supervisor", area=counted.code[:12]).get(PATH)
    assert above.json()["total"]["cases"] == 4
    elsewhere = await counted.client("staff", area="150207999999").get(PATH)
    assert elsewhere.json()["total"]["cases"] == 0
    for role in ("grid_worker", "responder", "resident", "merchant"):
        assert (await counted.client(role).get(PATH)).status_code == 403
    assert (await counted.client(None).get(PATH)).status_code == 401
