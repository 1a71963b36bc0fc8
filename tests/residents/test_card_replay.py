"""A card of the past, derived anew from what was known then, agrees with what was on record; or it is said why not."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from services.residents.household_cards.derive import derive_households
from shared.clock import china_today
from shared.vault import Vault
from tests.residents.naive_colours import House, Somebody, colour_on
from tests.residents.registry import Registry
from tests.residents.test_household_cards import BLUE, GREEN, RED, YELLOW, aged, card, colour, noon, publish, sweep

DAY = date(2027, 5, 10)
DAYS = 5
SCHEMES = (
    [RED, YELLOW, BLUE, GREEN],
    [
        colour("red", {"count": {"of": {"age": {"min": 60}}, "min": 2}}),
        colour("blue", {"not": {"tag": "veteran"}}),
        GREEN,
    ],
    [colour("red", {"every": {"any": [{"tag": "dementia"}, {"age": {"min": 60}}]}}), GREEN],
)

people = st.integers(0, 3)
events = st.one_of(
    st.tuples(st.just("grant"), people, st.sampled_from(["dementia", "disabled", "veteran"]), st.integers(-2, 1)),
    st.tuples(st.just("grant"), people, st.just("veteran"), st.integers(-1, 0)),
    st.tuples(st.just("revoke"), people),
    st.tuples(st.just("move"), people),
    st.tuples(st.just("publish"), st.integers(0, len(SCHEMES) - 1)),
)
histories = st.lists(st.lists(events, max_size=3), min_size=DAYS, max_size=DAYS)


@dataclass
class Chronicle:
    """Two homes and four people over some days, as the registry keeps them and as the naive evaluator does."""

    registry: Registry
    homes: list[dict[str, Any]] = field(default_factory=list)
    houses: list[House] = field(default_factory=lambda: [House(), House()])
    ids: list[str] = field(default_factory=list)
    people: list[Somebody] = field(default_factory=list)
    granted: dict[int, list[tuple[str, tuple]]] = field(default_factory=lambda: defaultdict(list))
    colours: list[dict[str, Any]] = field(default_factory=lambda: SCHEMES[0])
    recorded: dict[tuple[date, int], dict[str, Any]] = field(default_factory=dict)

    async def live(self, days: list[list[tuple]]) -> None:
        for number, happening in enumerate(days):
            with time_machine.travel(noon(DAY + timedelta(days=number)), tick=True):
                if number == 0:
                    await self.begin()
                await self.morning()
                for what, *about in happening:
                    await getattr(self, what)(*about)
                await self.evening()

    async def begin(self) -> None:
        await publish(self.registry, *self.colours)
        self.homes = [await self.registry.household() for _ in self.houses]
        for number, born in enumerate((date(1947, 5, 12), date(1967, 5, 13), date(2000, 1, 1), None)):
            known = {"birth_on": str(born)} if born else {}
            person = await self.registry.person(self.homes[number % 2]["id"], "王伟", **known)
            self.ids.append(person["id"])
            self.people.append(Somebody(born))
            self.houses[number % 2].people.append(self.people[number])

    async def morning(self) -> None:
        """What the day's first sweep does, for these two homes alone."""
        app = self.registry.app
        async with app.state.database.transaction(self.registry.community) as session:
            vault = Vault(session, app.state.keyring)
            await derive_households(session, vault, self.registry.community, [home["id"] for home in self.homes])

    async def evening(self) -> None:
        today = china_today()
        for number, home in enumerate(self.homes):
            said = await card(self.registry, home)
            assert said["colour"] == colour_on(today, self.houses[number], self.colours)
            self.recorded[today, number] = said

    async def grant(self, who: int, kind: str, since: int) -> None:
        first = china_today() + timedelta(days=since)
        last = first + timedelta(days=2) if kind == "dementia" else None
        body = {"kind": kind, "valid_from": str(first), "valid_to": last and str(last)}
        tag = await self.registry.post(f"/v1/people/{self.ids[who]}/tags", body)
        self.granted[who].append((tag["id"], (kind, first, last)))
        self.people[who].tags.append((kind, first, last))

    async def revoke(self, who: int) -> None:
        if self.granted[who]:
            tag_id, tag = self.granted[who].pop()
            await self.registry.post(f"/v1/people/{self.ids[who]}/tags/{tag_id}/revoke")
            self.people[who].tags.remove(tag)

    async def move(self, who: int) -> None:
        number = next(number for number, house in enumerate(self.houses) if self.people[who] in house.people)
        target = self.homes[1 - number]["id"]
        person = await self.registry.ask("GET", f"/v1/people/{self.ids[who]}")
        headers = {"If-Match": person.headers["ETag"]}
        moved = await self.registry.ask(
            "PATCH", f"/v1/people/{self.ids[who]}", json={"household_id": target}, headers=headers
        )
        assert moved.status_code == 200, moved.text
        self.houses[number].people = [each for each in self.houses[number].people if each is not self.people[who]]
        self.houses[1 - number].people.append(self.people[who])

    async def publish(self, which: int) -> None:
        self.colours = SCHEMES[which]
        await publish(self.registry, *self.colours)

    async def look_back(self) -> None:
        with time_machine.travel(noon(DAY + timedelta(days=DAYS + 30)), tick=True):
            for (day, number), said in self.recorded.items():
                replay = await replayed(self.registry, self.homes[number], day)
                then = replay["as_known_then"]
                assert (then["colour"], then["facts"]) == (said["colour"], said["facts"]), (day, number)
                assert replay["scheme_number"] == said["scheme_number"]
                assert (replay["agrees"], replay["because"]) == (True, None)
                assert replay["recorded"]["colour"] == said["colour"]


async def replayed(registry: Registry, household: dict[str, Any], day: date) -> dict[str, Any]:
    return await registry.get(f"/v1/households/{household['id']}/card/replay", params={"on": str(day)})


async def test_the_replay_of_any_history_is_the_record(registry: Registry) -> None:
    """Whatever happens on five days: each day's card is what a naive evaluator says, and is found again later."""
    loop = asyncio.get_running_loop()

    @settings(max_examples=6, derandomize=True)
    @given(histories)
    def play(days: list[list[tuple]]) -> None:
        chronicle = Chronicle(Registry(registry.client, registry.app))
        asyncio.run_coroutine_threadsafe(chronicle.live(days), loop).result(60)
        asyncio.run_coroutine_threadsafe(chronicle.look_back(), loop).result(60)

    await asyncio.to_thread(play)


async def test_what_is_entered_later_changes_what_we_know_but_not_what_was_known(registry: Registry) -> None:
    with time_machine.travel(noon(DAY), tick=True):
        await publish(registry, RED, GREEN)
        household = await registry.household()
        person = await registry.person(household["id"])
    with time_machine.travel(noon(DAY + timedelta(days=9)), tick=True):
        await registry.post(f"/v1/people/{person['id']}/tags", {"kind": "dementia", "valid_from": str(DAY)})
        replay = await replayed(registry, household, DAY)
    assert (replay["as_known_then"]["colour"], replay["recorded"]["colour"]) == ("green", "green")
    assert (replay["as_known_today"]["colour"], replay["as_known_today"]["facts"]) == ("red", ["tag:dementia"])
    assert (replay["agrees"], replay["because"]) == (True, None)


async def test_it_is_said_why_a_record_says_something_else(registry: Registry) -> None:
    with time_machine.travel(noon(DAY), tick=True):
        await publish(registry, RED, YELLOW, GREEN)
        overridden, corrected, erased = homes = [await registry.household() for _ in range(3)]
        override = {"colour": "red", "reason": "x", "until": str(DAY)}
        await registry.post(f"/v1/households/{overridden['id']}/card/override", override)
        young = await registry.person(corrected["id"], birth_on="1980-01-01")
        gone = await registry.person(erased["id"])
        await registry.post(f"/v1/people/{gone['id']}/tags", {"kind": "dementia"})
    with time_machine.travel(noon(DAY + timedelta(days=3)), tick=True):
        await sweep(registry)
        path = f"/v1/people/{young['id']}"
        fixed = await registry.ask("PATCH", path, json={"birth_on": "1930-01-01"}, headers={"If-Match": '"1"'})
        assert fixed.status_code == 200
        await registry.post(f"/v1/people/{gone['id']}/erase")
        because = [(await replayed(registry, home, DAY))["because"] for home in homes]
        today = await replayed(registry, overridden, DAY + timedelta(days=3))
    assert because == ["overridden", "corrected_later", "person_erased"]
    assert today["agrees"], "the override has ended"


async def test_before_there_was_a_scheme_there_is_nothing_to_replay(registry: Registry) -> None:
    household = await registry.household()
    await publish(registry, RED, GREEN)
    replay = await replayed(registry, household, china_today() - timedelta(days=1))
    assert (replay["as_known_then"], replay["recorded"], replay["agrees"]) == (None, None, True)
    assert (await replayed(registry, household, china_today()))["agrees"]
    path = f"/v1/households/{household['id']}/card/replay"
    tomorrow = await registry.ask("GET", path, params={"on": str(china_today() + timedelta(days=1))})
    assert (tomorrow.status_code, tomorrow.json()["code"]) == (422, "day-in-future")


async def test_a_household_without_a_card_of_that_day_is_said_to_have_none(registry: Registry) -> None:
    with time_machine.travel(noon(DAY), tick=True):
        await publish(registry, RED, GREEN)
    with time_machine.travel(noon(DAY + timedelta(days=1)), tick=True):
        household = await registry.household()
        await registry.person(household["id"], birth_on=aged(85))
        replay = await replayed(registry, household, DAY)
    assert (replay["recorded"], replay["because"]) == (None, "not_recorded")
