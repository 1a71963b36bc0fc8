"""Colour schemes and household cards: derived, overridden, explained, and derived again when the day changes."""

import json
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select
from sqlmodel import col

from services.residents.household_cards.derive import derive_due
from services.residents.household_cards.models import NEVER_DUE, HouseholdCard
from shared.clock import china_today
from shared.codes import EVERYWHERE
from shared.vault import Vault
from tests.principals import bearer
from tests.residents.registry import Registry
from tests.toy.pair import eventually

CHINA = ZoneInfo("Asia/Shanghai")


def colour(code: str, rule: Any = None, visits: int | None = None) -> dict[str, Any]:
    said = {"zh": f"{code}的", "en": code}
    return {"code": code, "name": said, "meaning": said, "visit_interval_days": visits, "rule": rule}


RED = colour(
    "red", {"any": [{"tag": "dementia"}, {"all": [{"age": {"min": 80}}, {"household": {"living_alone": True}}]}]}, 7
)
YELLOW = colour("yellow", {"any": [{"age": {"min": 80}}, {"tag": "disabled"}]}, 30)
BLUE = colour("blue", {"tag": "veteran"}, 90)
GREEN = colour("green")


async def publish(registry: Registry, *colours: dict[str, Any]) -> dict[str, Any]:
    scheme = await registry.post("/v1/colour-schemes", {"colours": colours or [RED, YELLOW, BLUE, GREEN]}, status=201)
    published = await registry.post(f"/v1/colour-schemes/{scheme['id']}/publish")
    await sweep(registry)
    return published


async def sweep(registry: Registry) -> None:
    """What the timer does, until nothing is due; what the application's own timer holds meanwhile is waited for."""
    database, keyring = registry.app.state.database, registry.app.state.keyring
    held = select(HouseholdCard.household_id).where(col(HouseholdCard.community_code) == registry.community)
    due = held.where(col(HouseholdCard.derived_on) < china_today()).limit(1)
    is_due = True
    while is_due:
        done = 1
        while done:
            async with database.transaction(EVERYWHERE) as session:
                done = await derive_due(session, Vault(session, keyring))
        async with database.transaction(EVERYWHERE) as session:
            await session.execute(held.with_for_update())
            is_due = (await session.execute(due)).first() is not None


async def card(registry: Registry, household: dict[str, Any], **options: Any) -> dict[str, Any]:
    return await registry.get(f"/v1/households/{household['id']}/card", **options)


async def history(registry: Registry, household: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    return (await registry.get(f"/v1/households/{household['id']}/card/history", **options))["items"]


def aged(years: int, *, days: int = 0) -> str:
    """The birth date of someone who turned `years` so many days ago."""
    today = china_today() - timedelta(days=days)
    return str(today.replace(year=today.year - years, day=min(today.day, 28)))


async def test_without_a_scheme_a_card_has_no_colour(registry: Registry) -> None:
    household = await registry.household()
    assert (await card(registry, household))["colour"] is None
    override = {"colour": "red", "reason": "x", "until": str(china_today())}
    await registry.post(f"/v1/households/{household['id']}/card/override", override, status=409)
    assert await registry.events("household_colour_changed") == []


async def test_a_published_scheme_colours_every_household(registry: Registry) -> None:
    homes = [await registry.household() for _ in range(3)]
    await registry.person(homes[0]["id"], birth_on=aged(85))
    await registry.person(homes[1]["id"], birth_on=aged(85))
    await registry.person(homes[1]["id"], "王伟", birth_on=aged(50))
    published = await publish(registry)
    assert published["state"] == "published"
    assert [(await card(registry, home))["colour"] for home in homes] == ["red", "yellow", "green"]
    assert (await registry.get(f"/v1/colour-schemes/{published['id']}"))["households_pending"] == 0
    shown = await card(registry, homes[0])
    assert shown["facts"] == ["age>=80", "household_living_alone"]
    assert (shown["name"]["en"], shown["visit_interval_days"], shown["scheme_number"]) == ("red", 7, 1)
    events = {event["household_id"]: event for event in await registry.events("household_colour_changed")}
    assert len(events) == 3
    assert events[homes[1]["id"]] == {
        "household_id": homes[1]["id"],
        "grid_code": None,
        "colour": "yellow",
        "visit_interval_days": 30,
    }
    listed = await registry.get("/v1/households", params={"colour": "yellow"})
    assert [item["id"] for item in listed["items"]] == [homes[1]["id"]]


async def test_the_card_follows_tags_members_and_birth_dates_at_once(registry: Registry) -> None:
    await publish(registry)
    household = await registry.household()
    colours = [(await card(registry, household))["colour"]]

    async def note() -> None:
        colours.append((await card(registry, household))["colour"])

    person = await registry.person(household["id"], birth_on=aged(40))
    await note()
    veteran = await registry.post(f"/v1/people/{person['id']}/tags", {"kind": "veteran"})
    await note()
    await registry.post(f"/v1/people/{person['id']}/tags", {"kind": "dementia"})
    await note()
    await registry.post(f"/v1/people/{person['id']}/tags/{veteran['id']}/revoke")
    await note()
    mother = await registry.person(household["id"], "单玉兰", birth_on=aged(79))
    await registry.post(f"/v1/people/{person['id']}/erase")
    await note()
    path = f"/v1/people/{mother['id']}"
    await registry.ask("PATCH", path, json={"birth_on": aged(81)}, headers={"If-Match": '"1"'})
    await note()
    other = await registry.household()
    await registry.ask("PATCH", path, json={"household_id": other["id"]}, headers={"If-Match": '"2"'})
    await note()
    assert colours == ["green", "green", "blue", "red", "red", "green", "red", "green"]
    assert (await card(registry, other))["colour"] == "red"
    mine = [
        e["colour"] for e in await registry.events("household_colour_changed") if e["household_id"] == household["id"]
    ]
    assert mine == ["green", "blue", "red", "green", "red", "green"], "an event only where the colour changed"


async def test_days_pass_and_cards_follow(registry: Registry) -> None:
    """A tag ends, a birthday comes: nobody touches anything, the timer finds it the next day."""
    day = date(2027, 5, 10)
    with time_machine.travel(noon(day), tick=True):
        await publish(registry)
        household = await registry.household()
        person = await registry.person(household["id"], birth_on="1947-05-12")
        ends = {"kind": "dementia", "valid_from": "2027-05-10", "valid_to": "2027-05-10"}
        await registry.post(f"/v1/people/{person['id']}/tags", ends)
        begins = {"kind": "veteran", "valid_from": "2027-05-11"}
        await registry.post(f"/v1/people/{person['id']}/tags", begins)
        seen = [(await card(registry, household))["colour"]]
    for later in (1, 2):
        with time_machine.travel(noon(day + timedelta(days=later)), tick=True):
            await sweep(registry)
            seen.append((await card(registry, household))["colour"])
    assert seen == ["red", "blue", "red"]
    with time_machine.travel(noon(day + timedelta(days=30)), tick=True):
        on_may_11 = await history(registry, household, params={"on": "2027-05-11"})
        assert {change["colour"] for change in on_may_11} == {"red", "blue"}, "red until the morning's sweep"


async def test_the_daily_sweep_leaves_out_households_that_have_ended(registry: Registry) -> None:
    statement = select(HouseholdCard.derived_on).where(col(HouseholdCard.community_code) == registry.community)

    async def derived_on() -> list[date]:
        async with registry.app.state.database.transaction(EVERYWHERE) as session:
            return sorted((await session.execute(statement)).scalars())

    day = date(2027, 5, 10)
    with time_machine.travel(noon(day), tick=True):
        await publish(registry)
        await registry.household()
        ended = await registry.household()
        await registry.post(f"/v1/households/{ended['id']}/end", {})
    for later in (1, 2):
        today = day + timedelta(days=later)
        with time_machine.travel(noon(today), tick=True):
            await sweep(registry)
            assert await derived_on() == [today, NEVER_DUE]
            await publish(registry)
            await sweep(registry)
            assert await derived_on() == [today, NEVER_DUE]
    assert (await card(registry, ended))["colour"] == "green"


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), CHINA)


async def test_why_was_this_household_yellow(registry: Registry) -> None:
    await publish(registry)
    household = await registry.household()
    person = await registry.person(household["id"], birth_on=aged(40))
    await registry.post(f"/v1/people/{person['id']}/tags", {"kind": "disabled", "evidence": "残疾证绝密"})
    await publish(registry, colour("white", {"tag": "disabled"}), GREEN)
    now, then, *_ = changes = await history(registry, household)
    assert (now["colour"], now["scheme_number"], now["ended_at"]) == ("white", 2, None)
    assert (then["colour"], then["scheme_number"], then["facts"]) == ("yellow", 1, ["tag:disabled"])
    assert then["rule"] == YELLOW["rule"], "the rule as it was then"
    assert then["ended_at"] == now["began_at"]
    assert "绝密" not in json.dumps(changes, ensure_ascii=False)
    on_day = await history(registry, household, params={"on": str(china_today())})
    assert {change["id"] for change in on_day} == {change["id"] for change in changes}
    assert await history(registry, household, params={"on": "2020-05-01"}) == []


async def test_staff_override_a_card_for_a_while(registry: Registry) -> None:
    await publish(registry)
    household = await registry.household()
    path = f"/v1/households/{household['id']}/card"
    until = china_today() + timedelta(days=10)
    override = {"colour": "red", "reason": "刚出院, 需要每周探望", "until": str(until)}
    shown = await registry.post(f"{path}/override", override)
    assert (shown["colour"], shown["derived_colour"], shown["override_until"]) == ("red", "green", str(until))
    person = await registry.person(household["id"])
    await registry.post(f"/v1/people/{person['id']}/tags", {"kind": "veteran"})
    shown = await card(registry, household)
    assert (shown["colour"], shown["derived_colour"]) == ("red", "blue"), "the override wins"
    with time_machine.travel(noon(until), tick=True):
        await sweep(registry)
        assert (await card(registry, household))["colour"] == "red", "also on its last day"
    with time_machine.travel(noon(until + timedelta(days=1)), tick=True):
        await sweep(registry)
        shown = await card(registry, household)
        assert (shown["colour"], shown["override_until"]) == ("blue", None)
        causes = [change["cause"] for change in await history(registry, household)]
        assert causes == ["override_expired", "derived", "overridden", "derived"]
        assert "出院" not in json.dumps(await history(registry, household), ensure_ascii=False)


async def test_reasons_are_sealed_and_revealed_for_a_purpose(registry: Registry) -> None:
    await publish(registry)
    household = await registry.household()
    path = f"/v1/households/{household['id']}/card"
    override = {"colour": "red", "reason": "刚出院", "until": str(china_today())}
    await registry.post(f"{path}/override", override)
    await registry.post(f"{path}/reveal-reasons", {}, status=422)
    [revealed] = await registry.post(f"{path}/reveal-reasons", {"purpose": "visit"})
    assert revealed["reason"] == "刚出院"


async def test_an_override_can_be_cleared(registry: Registry) -> None:
    await publish(registry)
    household = await registry.household()
    path = f"/v1/households/{household['id']}/card"
    await registry.post(f"{path}/clear-override", status=409)
    await registry.post(f"{path}/override", {"colour": "red", "reason": "x", "until": str(china_today())})
    assert (await registry.post(f"{path}/clear-override"))["colour"] == "green"
    assert next(change["cause"] for change in await history(registry, household)) == "override_cleared"
    assert [e["colour"] for e in await registry.events("household_colour_changed")] == ["green", "red", "green"]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"colour": "purple"}, 422),
        ({"until": "2020-01-01"}, 422),
        ({"until": "2999-01-01"}, 422),
        ({"reason": ""}, 422),
        ({"reason": None}, 422),
    ],
)
async def test_an_override_is_checked(registry: Registry, wrong: dict[str, Any], status: int) -> None:
    await publish(registry)
    household = await registry.household()
    body = {"colour": "red", "reason": "x", "until": str(china_today())} | wrong
    await registry.post(f"/v1/households/{household['id']}/card/override", body, status=status)
    assert (await card(registry, household))["colour"] == "green"


async def test_an_overrides_colour_that_is_gone_ends_it(registry: Registry) -> None:
    await publish(registry)
    household = await registry.household()
    path = f"/v1/households/{household['id']}/card"
    await registry.post(f"{path}/override", {"colour": "red", "reason": "x", "until": str(china_today())})
    await publish(registry, BLUE, GREEN)
    assert (await card(registry, household))["colour"] == "green"
    assert (await history(registry, household))[0]["cause"] == "override_cleared"


async def test_a_scheme_is_drafted_changed_and_published_once(registry: Registry) -> None:
    draft = await registry.post("/v1/colour-schemes", {"colours": [RED, GREEN]})
    path = f"/v1/colour-schemes/{draft['id']}"
    assert (draft["state"], draft["number"]) == ("draft", 1)
    changed = await registry.ask("PATCH", path, json={"colours": [BLUE, GREEN]}, headers={"If-Match": '"1"'})
    assert [each["code"] for each in changed.json()["colours"]] == ["blue", "green"]
    await registry.post(f"{path}/publish")
    await registry.post(f"{path}/publish", status=409)
    frozen = await registry.ask("PATCH", path, json={"colours": [RED, GREEN]}, headers={"If-Match": '"3"'})
    assert frozen.status_code == 409
    await publish(registry)
    assert [(each["number"], each["state"]) for each in (await registry.get("/v1/colour-schemes"))["items"]] == [
        (2, "published"),
        (1, "superseded"),
    ]


async def test_residents_see_their_colour_and_not_why(registry: Registry) -> None:
    await publish(registry)
    household = await registry.household()
    person = await registry.person(household["id"])
    await registry.post(f"/v1/people/{person['id']}/tags", {"kind": "dementia"})
    me = bearer("resident", registry.community, person=person["id"], household=household["id"])
    shown = await card(registry, household, by=me)
    assert (shown["colour"], shown["facts"]) == ("red", [])
    path = f"/v1/households/{household['id']}/card"
    assert (await registry.ask("GET", f"{path}/history", by=me)).status_code == 403
    stranger = bearer("resident", registry.community, household=person["id"])
    assert (await registry.ask("GET", path, by=stranger)).status_code == 404
    override = {"colour": "green", "reason": "x", "until": str(china_today())}
    worker = bearer("grid_worker", registry.community, grids=[registry.grid()])
    for by in (me, worker, bearer("supervisor", registry.community[:9])):
        await registry.post(f"{path}/override", override, by=by, status=403)


async def test_the_running_timer_colours_what_a_scheme_made_due(registry: Registry) -> None:
    """Through the service's own worker, not by hand."""
    household = await registry.household()
    scheme = await registry.post("/v1/colour-schemes", {"colours": [RED, GREEN]})
    published = await registry.post(f"/v1/colour-schemes/{scheme['id']}/publish")
    assert published["households_pending"] == 1

    async def is_coloured() -> bool:
        return (await card(registry, household))["colour"] == "green"

    await eventually(is_coloured)
