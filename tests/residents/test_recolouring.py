"""A scheme is tried before it is published, published in the background, and told to exactly those whom it concerns."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from shared.clock import china_today
from tests.principals import bearer
from tests.residents.registry import Registry
from tests.residents.test_household_cards import BLUE, GREEN, RED, YELLOW, aged, card, colour, history, publish, sweep
from tests.residents.test_importing import home, load


async def draft(registry: Registry, *colours: dict[str, Any]) -> str:
    scheme = await registry.post("/v1/colour-schemes", {"colours": colours}, status=201)
    return f"/v1/colour-schemes/{scheme['id']}"


async def street(registry: Registry) -> list[dict[str, Any]]:
    """Three homes: of an elder alone, of a veteran, of nobody in particular."""
    homes = [await registry.household() for _ in range(3)]
    await registry.person(homes[0]["id"], birth_on=aged(85))
    veteran = await registry.person(homes[1]["id"], birth_on=aged(50))
    await registry.post(f"/v1/people/{veteran['id']}/tags", {"kind": "veteran"})
    return homes


def cells(tried: dict[str, Any]) -> dict[tuple[str | None, str], int]:
    return {(cell["colour_before"], cell["colour_after"]): cell["households"] for cell in tried["matrix"]}


async def test_a_dry_run_says_who_would_change_and_why_and_changes_nothing(registry: Registry) -> None:
    elder, veteran, _ = await street(registry)
    await publish(registry, RED, BLUE, GREEN)
    path = await draft(registry, YELLOW, GREEN)
    before = await snapshot(registry)
    tried = await registry.post(f"{path}/dry-run")
    assert cells(tried) == {("red", "yellow"): 1, ("blue", "green"): 1, ("green", "green"): 1}
    assert (tried["scheme_number"], tried["published_number"]) == (2, 1)
    assert (tried["households"], tried["changed"]) == (3, 2)
    shown = {item["household"]["id"]: item for item in tried["items"]}
    assert set(shown) == {elder["id"], veteran["id"]}
    first = shown[elder["id"]]
    assert (first["colour_before"], first["colour_after"], first["facts"]) == ("red", "yellow", ["age>=80"])
    assert (first["visit_interval_days_before"], first["visit_interval_days_after"]) == (7, 30)
    assert first["household"]["room"] == elder["room"]
    assert await snapshot(registry) == before
    await registry.post(f"{path}/publish")
    await sweep(registry)
    assert {(await card(registry, each))["colour"] for each in (elder, veteran)} == {"yellow", "green"}
    tried = await registry.post(f"{path}/dry-run")
    assert (tried["changed"], tried["items"]) == (0, []), "of the published scheme: nothing is left to change"


async def snapshot(registry: Registry) -> list[Any]:
    """Every row that publishing writes."""
    tables = ("household_card", "household_card_change", "colour_scheme", "outbox")
    async with registry.app.state.database.transaction(registry.community) as session:
        rows = [
            (await session.execute(text(f"SELECT to_jsonb(t) - 'published_at' FROM {table} t ORDER BY 1"))).all()
            for table in tables
        ]
    return rows


async def test_a_dry_run_before_the_first_scheme(registry: Registry) -> None:
    await registry.household()
    path = await draft(registry, RED, GREEN)
    tried = await registry.post(f"{path}/dry-run")
    assert (cells(tried), tried["published_number"]) == ({(None, "green"): 1}, None)


async def test_a_dry_run_respects_overrides_and_sees_intervals(registry: Registry) -> None:
    elder, veteran, _ = await street(registry)
    await publish(registry, RED, BLUE, GREEN)
    override = {"colour": "green", "reason": "x", "until": str(china_today())}
    await registry.post(f"/v1/households/{elder['id']}/card/override", override)
    path = await draft(registry, RED, colour("blue", BLUE["rule"], 60), GREEN)
    tried = await registry.post(f"{path}/dry-run")
    assert cells(tried) == {("green", "green"): 2, ("blue", "blue"): 1}
    [item] = tried["items"]
    assert item["household"]["id"] == veteran["id"]
    assert (item["visit_interval_days_before"], item["visit_interval_days_after"]) == (90, 60)
    path = await draft(registry, RED, colour("white"))
    tried = await registry.post(f"{path}/dry-run")
    assert cells(tried)[("green", "red")] == 1, "the override ends with the colour it names"


async def test_changed_households_come_in_pages_and_by_cell(registry: Registry) -> None:
    homes = [home(f"{number}") for number in range(1, 8)]
    await load(registry, homes, [])
    elder = await registry.household()
    await registry.person(elder["id"], birth_on=aged(85))
    await publish(registry, GREEN)
    path = await draft(registry, RED, colour("white"))
    found, cursor = [], ""
    while cursor is not None:
        page = await registry.post(f"{path}/dry-run?limit=3{cursor and f'&cursor={cursor}'}")
        assert page["changed"] == 8, "the matrix is that of all on every page"
        found += [item["household"]["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(found) == sorted([elder["id"], *(str(each.id) for each in homes)])
    one = await registry.post(f"{path}/dry-run?colour_before=green&colour_after=red")
    assert [item["household"]["id"] for item in one["items"]] == [elder["id"]]
    refused = await registry.ask("POST", f"{path}/dry-run?cursor=nonsense")
    assert refused.status_code == 400


async def test_a_superseded_scheme_is_not_tried(registry: Registry) -> None:
    old = await publish(registry, RED, GREEN)
    await publish(registry, BLUE, GREEN)
    await registry.post(f"/v1/colour-schemes/{old['id']}/dry-run", status=409)


async def test_publishing_tells_its_progress(registry: Registry) -> None:
    await load(registry, [home(str(number)) for number in range(1, 4)], [])
    path = await draft(registry, RED, GREEN)
    assert (await registry.get(path))["recolouring"] is None
    published = await registry.post(f"{path}/publish")
    begun = published["recolouring"]
    assert (begun["total"], begun["done"], begun["finished_at"]) == (3, 0, None)
    assert begun["started_at"] == published["published_at"]
    await sweep(registry)
    done = (await registry.get(path))["recolouring"]
    assert (done["total"], done["done"]) == (3, 3)
    assert done["finished_at"] >= done["started_at"]
    await sweep(registry)
    assert (await registry.get(path))["recolouring"] == done, "finished once"


async def test_a_new_scheme_tells_exactly_those_whose_colour_or_interval_changes(registry: Registry) -> None:
    homes = [home(str(number)) for number in range(1, 21)]
    await load(registry, homes, [])
    elder, veteran, _ = await street(registry)
    await publish(registry, RED, BLUE, GREEN)
    seen = len(await registry.events("household_colour_changed"))
    assert seen == 23, "each once"

    await publish(registry, RED, BLUE, GREEN)
    assert len(await registry.events("household_colour_changed")) == seen, "the same scheme again: nobody"
    assert [change["scheme_number"] for change in await history(registry, elder)] == [2, 1], "though it is on record"

    await publish(registry, colour("red", RED["rule"], 14), BLUE, GREEN)
    [told] = (await registry.events("household_colour_changed"))[seen:]
    assert (told["household_id"], told["colour"], told["visit_interval_days"]) == (elder["id"], "red", 14)

    await publish(registry, colour("red", RED["rule"], 14), GREEN)
    [told] = (await registry.events("household_colour_changed"))[seen + 1 :]
    assert (told["household_id"], told["colour"]) == (veteran["id"], "green")


async def test_a_household_that_has_ended_keeps_its_card_and_is_not_waited_for(registry: Registry) -> None:
    gone = await registry.household()
    await publish(registry, RED, GREEN)
    async with registry.app.state.database.transaction(registry.community) as session:
        await session.execute(text("UPDATE household SET ended_on = current_date WHERE id = :id"), {"id": gone["id"]})
    seen = await registry.events("household_colour_changed")
    published = await publish(registry, colour("white"))
    assert await registry.events("household_colour_changed") == seen
    recolouring = (await registry.get(f"/v1/colour-schemes/{published['id']}"))["recolouring"]
    assert (recolouring["total"], recolouring["done"]) == (0, 0)
    assert recolouring["finished_at"] is not None


async def test_overridden_cards_are_listed_by_the_day_they_go_back(registry: Registry) -> None:
    beyond = await registry.household(building="9号楼")
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""))
    await publish(registry, RED, GREEN)
    homes = [await registry.household(), await registry.household(), beyond]
    for days, household in zip((9, 3, 6), homes, strict=True):
        override = {"colour": "red", "reason": "刚出院", "until": str(china_today() + timedelta(days=days))}
        await registry.post(f"/v1/households/{household['id']}/card/override", override)
    first = await registry.get("/v1/card-overrides", params={"limit": 2})
    rest = await registry.get("/v1/card-overrides", params={"limit": 2, "cursor": first["next_cursor"]})
    listed = first["items"] + rest["items"]
    assert [item["household"]["id"] for item in listed] == [homes[number]["id"] for number in (1, 2, 0)]
    assert {(item["colour"], item["derived_colour"]) for item in listed} == {("red", "green")}
    assert "出院" not in str(listed)
    worker = bearer("grid_worker", registry.community, grids=[registry.grid()])
    mine = await registry.get("/v1/card-overrides", by=worker)
    assert [item["household"]["id"] for item in mine["items"]] == [homes[1]["id"], homes[0]["id"]]
