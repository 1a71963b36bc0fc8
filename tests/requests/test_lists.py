"""Lists: filters, order, pages; and that PostgreSQL answers them from an index however many rows there are."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import create_async_engine

from services.requests.categories.models import Urgency
from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.states import State
from services.requests.views.filters import Due, RequestFilter, Sort, in_order
from shared.auth import Principal, Role
from tests.requests.world import LAMP, World, found

ROWS = 20_000


async def test_a_misspelt_filter_is_refused_instead_of_listing_everything(world: World) -> None:
    made = await world.submit()
    for language, words in (("zh", "可用的参数"), ("en", "This takes")):
        refused = await world.call("staff", "GET", "?stat=1380013800", headers={"Accept-Language": language})
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown-parameter")
        assert words in refused.json()["detail"]
        assert "state" in refused.json()["detail"], "what there is is named"
        assert "1380013800" not in refused.text
    alone = await world.call("staff", "GET", f"{made['id']}?state=accepted")
    assert (alone.status_code, alone.json()["code"]) == (422, "unknown-parameter")
    assert "没有查询参数" in alone.json()["detail"]
    changing = await world.call("staff", "POST", f"{made['id']}/accept?quietly=true")
    assert changing.status_code == 422
    assert (await world.get("staff", made["id"]))["state"] == "submitted"


async def test_filters_and_pages(world: World) -> None:
    made = [await world.submit("grid_worker", category=code) for code in (LAMP, "livelihood.walls", "fairness")]
    await world.post("staff", f"{made[0]['id']}/accept")
    ids = [item["id"] for item in made]

    async def listed(query: str, role: str = "staff") -> list[str]:
        return [item["id"] for item in (await world.get(role, query))["items"]]

    assert await listed("") == ids[::-1]
    assert await listed("?category=livelihood") == [ids[1], ids[0]]
    assert await listed(f"?category={LAMP}") == [ids[0]]
    assert await listed("?state=accepted&state=confirmed") == [ids[0]]
    assert await listed(f"?grid_code={world.grid}&urgency=normal") == ids[::-1]
    assert await listed("?urgency=urgent") == []
    assert await listed("?mine=true") == []
    theirs = (await world.submit())["id"]
    assert await listed(f"?household_id={world.household}") == [theirs]
    ids.append(theirs)
    assert (await listed("?sort=deadline"))[-1] == ids[1], "walls are promised latest"
    first = await world.call("staff", "GET", "?limit=2")
    assert [item["id"] for item in first.json()["items"]] == [ids[3], ids[2]]
    assert 'rel="next"' in first.headers["Link"]
    assert await listed(f"?limit=2&cursor={first.json()['next_cursor']}") == [ids[1], ids[0]]
    other_list = await world.call("staff", "GET", f"?category=livelihood&cursor={first.json()['next_cursor']}")
    assert other_list.json()["code"] == "cursor-invalid"
    assert (await world.call("staff", "GET", "?state=lost")).status_code == 422


@pytest.fixture(scope="module")
async def crowded(api: FastAPI) -> World:
    """A community with many requests of many people in twelve grids."""
    world = await found(api)
    world.person, world.household = UUID(int=7), UUID(int=1007)
    await world.submit("partner", external_id="one")
    columns = ", ".join(column for column in ServiceRequest.model_fields if column not in _VARIED)
    async with world.database.transaction(world.code) as session:
        await session.execute(
            text(f"""
                INSERT INTO service_request ({", ".join(_VARIED)}, {columns})
                SELECT {", ".join(_VARIED.values())}, {columns}
                FROM service_request, generate_series(1, {ROWS}) AS n WHERE community_code = :code
            """),
            {"code": world.code},
        )
    return world


_VARIED = {
    "reference": "new_reference()",
    "updated_at": "updated_at + make_interval(secs => n)",
    "id": "uuidv7(make_interval(secs => n - 30000))",
    "external_id": "'e' || n",
    "grid_code": "community_code || lpad((n % 12 + 1)::text, 3, '0')",
    "requester_person_id": "lpad(to_hex(n % 2000), 32, '0')::uuid",
    "household_id": "lpad(to_hex(n % 800 + 1000), 32, '0')::uuid",
    "resolve_by": "resolve_by + make_interval(mins => n)",
    "state": "(ARRAY['submitted', 'dispatched', 'in_progress', 'resolved'])[n % 4 + 1]",
}


@pytest.fixture(scope="module")
async def analysed(crowded: World, quiet_urls: tuple[str, str]) -> World:
    """Statistics are the owner's to gather."""
    engine = create_async_engine(quiet_urls[1])
    async with engine.begin() as connection:
        await connection.execute(text("ANALYZE service_request"))
    await engine.dispose()
    return crowded


def a_principal(world: World, role: Role) -> Principal:
    return Principal(
        subject="x",
        role=role,
        area=world.code[:9] if role is Role.SUPERVISOR else world.code,
        grids=(world.grid,),
        person_id=world.person,
        household_id=world.household,
        responder_id=uuid4(),
        client_id="hotline",
    )


CASES: list[tuple[Role, Sort, dict[str, Any]]] = [
    (Role.STAFF, Sort.NEWEST, {}),
    (Role.STAFF, Sort.DEADLINE, {}),
    (Role.STAFF, Sort.UPDATED, {}),
    (Role.STAFF, Sort.NEWEST, {"state": [State.RESOLVED]}),
    (Role.STAFF, Sort.NEWEST, {"state": [State.RESOLVED, State.DISPATCHED]}),
    (Role.STAFF, Sort.NEWEST, {"grid": True}),
    (Role.STAFF, Sort.DEADLINE, {"urgency": Urgency.NORMAL, "open": True}),
    (Role.STAFF, Sort.NEWEST, {"category": ["livelihood"]}),
    (Role.STAFF, Sort.DEADLINE, {"due": Due.THIS_WEEK}),
    (Role.SUPERVISOR, Sort.NEWEST, {}),
    (Role.SUPERVISOR, Sort.DEADLINE, {}),
    (Role.SUPERVISOR, Sort.UPDATED, {}),
    (Role.SUPERVISOR, Sort.NEWEST, {"state": [State.RESOLVED]}),
    (Role.RESIDENT, Sort.NEWEST, {}),
    (Role.RESIDENT, Sort.NEWEST, {"mine": True}),
    (Role.GRID_WORKER, Sort.NEWEST, {}),
    (Role.RESPONDER, Sort.NEWEST, {}),
    (Role.RESPONDER, Sort.DEADLINE, {}),
    (Role.PARTNER, Sort.NEWEST, {}),
]


@pytest.mark.parametrize(("role", "sort", "chosen"), CASES)
async def test_every_list_is_answered_from_an_index(
    analysed: World, role: Role, sort: Sort, chosen: dict[str, Any]
) -> None:
    if "grid" in chosen:
        chosen = {"grid_code": [analysed.grid]}
    statement, order_by = in_order(RequestFilter(**chosen).statement(a_principal(analysed, role)), sort)
    statement = statement.order_by(*order_by).limit(51)
    compiled = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    plan = await analysed.sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled}".replace("%%", "%"))
    nodes = list(_nodes(plan[0][0][0]["Plan"]))
    # The few rows of what a mediation closes, or of who was asked, may well be read whole.
    scans = {node["Node Type"] for node in nodes if node.get("Relation Name") == "service_request"}
    assert "Seq Scan" not in scans, scans
    touched = sum(
        node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in nodes if "Scan" in node["Node Type"]
    )
    assert touched < ROWS / 10, "a page costs what it shows, not what there is"


def _nodes(plan: dict[str, Any]) -> Any:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
