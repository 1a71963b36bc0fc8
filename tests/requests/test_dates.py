"""Whatever date or time a caller names, the answer is never that something broke on our side."""

from typing import Any

import pytest
from httpx import QueryParams

from shared.clock import utc_now
from tests.requests.world import World

EXTREMES = {
    "date": ("0001-01-01", "9999-12-31"),
    "date-time": (
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
    ),
}


def _dated(schema: Any) -> set[str]:
    """The formats of dates in a schema."""
    if isinstance(schema, list):
        return {found for each in schema for found in _dated(each)}
    if not isinstance(schema, dict):
        return set()
    own = {schema["format"]} & EXTREMES.keys() if isinstance(schema.get("format"), str) else set()
    return own | {found for each in schema.values() for found in _dated(each)}


async def test_no_date_in_a_query_breaks_anything(world: World):
    asked = 0
    for path, operations in world.app.openapi()["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", []):
            if parameter["in"] != "query" or path.startswith("/internal"):
                continue
            for value in (value for each in _dated(parameter["schema"]) for value in EXTREMES[each]):
                answer = await world.call("head", "GET", f"{path}?{QueryParams({parameter['name']: value})}")
                assert answer.status_code < 500, (path, parameter["name"], value)
                asked += 1
    assert asked > 20


@pytest.mark.parametrize("value", EXTREMES["date-time"])
async def test_a_time_out_of_reach_is_refused_and_says_so(world: World, value: str):
    answer = await world.call("staff", "GET", f"?{QueryParams(submitted_after=value)}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"] == "年份须在 2000 至 2099 之间"
    answer = await world.call("staff", "POST", "search", {"q": "路灯", "due_before": value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/due_before"
    view = await world.call("staff", "POST", "/v1/request-views", {"name": "v", "filters": {"due_after": value}})
    assert view.status_code == 422


async def test_a_usual_time_is_taken(world: World):
    request = await world.submit()
    listed = await world.get("staff", f"?{QueryParams(submitted_before=utc_now().isoformat())}")
    assert [each["id"] for each in listed["items"]] == [request["id"]]
