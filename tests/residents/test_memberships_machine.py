"""Births, moves, departures, deaths and returns in any order: everybody belongs to the one place where they are."""

import asyncio
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from services.residents.memberships.history import VOID
from shared.clock import china_today
from tests.apps import AppOf, ClientOf
from tests.residents.registry import Registry
from tests.residents.test_household_cards import GREEN, colour, publish

HOMES = 2
ALONE = colour("red", {"household": {"size": {"max": 1}}})
COUPLE = colour("yellow", {"household": {"size": {"min": 2, "max": 2}}})
EVERYBODY = {"state": ["residing", "moved_out", "died"]}


@pytest.fixture
async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


class Model:
    """What must be so, kept by the simplest means: who is where, who heads what, and who is gone."""

    def __init__(self) -> None:
        self.home: dict[str, str] = {}
        self.heads: dict[str, str] = {}
        self.gone: dict[str, str] = {}
        self.today: dict[str, date] = {}
        """The last day on which something is known of a person: nothing may be said to have been before."""

    def members(self, home: str) -> set[str]:
        return {person for person, where in self.home.items() if where == home and person not in self.gone}

    def residing(self) -> list[str]:
        return [person for person in self.home if person not in self.gone]

    def leaves(self, person: str) -> None:
        self.heads = {home: head for home, head in self.heads.items() if head != person}

    def joins(self, person: str, home: str, relation: str) -> None:
        self.home[person] = home
        self.gone.pop(person, None)
        if relation == "head":
            self.heads[home] = person


async def test_everybody_always_belongs_where_they_are(
    app_of: AppOf, client_of: ClientOf, loop: asyncio.AbstractEventLoop
) -> None:
    app, client = await app_of("residents"), await client_of("residents")
    relations = st.sampled_from(["head", "child", "spouse", "other"])

    class Living(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.registry = Registry(client, app)
            self.model = Model()
            self.wait(self.settle())

        def wait(self, coroutine: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result(60)

        async def settle(self) -> None:
            await publish(self.registry, ALONE, COUPLE, GREEN)
            self.homes = [(await self.registry.household())["id"] for _ in range(HOMES)]
            since = china_today() - timedelta(days=60)
            for number in range(3):
                home, relation = self.homes[number % 2], "head" if number < 2 else "spouse"
                person = await self.registry.person(home, "张三", relation=relation, lives_here_since=str(since))
                self.model.today[person["id"]] = since
                self.model.joins(person["id"], home, relation)

        def day(self, data: st.DataObject, person: str) -> date:
            """A day that may be right; often the very day on which something else happened."""
            known = self.model.today[person]
            return known + timedelta(days=data.draw(st.integers(0, min(20, (china_today() - known).days))))

        def post(self, path: str, body: dict[str, Any], status: int) -> Any:
            return self.wait(self.registry.post(path, body, status=status))

        @rule(data=st.data(), relation=relations.filter(lambda relation: relation != "head"))
        def record_birth(self, data: st.DataObject, relation: str) -> None:
            home = data.draw(st.sampled_from(self.homes))
            parents = sorted(self.model.members(home))[:1]
            born = china_today() - timedelta(days=data.draw(st.integers(0, 40)))
            body = {"name": "张小小", "birth_on": str(born), "relation": relation, "parents": parents}
            child = self.post(f"/v1/households/{home}/record-birth", body, 201)["id"]
            self.model.today[child] = born
            self.model.joins(child, home, relation)

        @precondition(lambda self: self.model.residing())
        @rule(data=st.data(), relation=relations)
        def move(self, data: st.DataObject, relation: str) -> None:
            person = data.draw(st.sampled_from(self.model.residing()))
            home = data.draw(st.sampled_from(self.homes))
            on = self.day(data, person)
            same = home == self.model.home[person]
            headed = relation == "head" and home in self.model.heads
            body = {"household_id": home, "relation": relation, "on": str(on)}
            self.post(f"/v1/people/{person}/move", body, 409 if same or headed else 200)
            if not same and not headed:
                self.model.leaves(person)
                self.model.joins(person, home, relation)
                self.model.today[person] = on

        @precondition(lambda self: self.model.residing())
        @rule(data=st.data(), verb=st.sampled_from(["move-out", "record-death"]))
        def depart(self, data: st.DataObject, verb: str) -> None:
            person = data.draw(st.sampled_from(self.model.residing()))
            on = self.day(data, person)
            too_early = self.model.today[person] - timedelta(days=1)
            self.post(f"/v1/people/{person}/{verb}", {"on": str(too_early)}, 422)
            self.post(f"/v1/people/{person}/{verb}", {"on": str(on)}, 200)
            self.model.leaves(person)
            self.model.gone[person] = "moved_out" if verb == "move-out" else "died"
            self.model.today[person] = on

        @precondition(lambda self: self.model.gone)
        @rule(data=st.data(), relation=relations)
        def come_back(self, data: st.DataObject, relation: str) -> None:
            person = data.draw(st.sampled_from(sorted(self.model.gone)))
            home = data.draw(st.sampled_from(self.homes))
            on = self.day(data, person)
            refused = self.model.gone[person] == "died" or (relation == "head" and home in self.model.heads)
            body = {"household_id": home, "relation": relation, "on": str(on)}
            self.post(f"/v1/people/{person}/return", body, 409 if refused else 200)
            if not refused:
                self.model.joins(person, home, relation)
                self.model.today[person] = on

        @rule(data=st.data())
        def appoint_head(self, data: st.DataObject) -> None:
            home = data.draw(st.sampled_from(self.homes))
            person = data.draw(st.sampled_from(sorted(self.model.home)))
            there = person in self.model.members(home)
            body = {"person_id": person}
            self.post(f"/v1/households/{home}/appoint-head", body, 200 if there else 409)
            if there:
                self.model.heads[home] = person

        @invariant()
        def everybody_is_listed_where_they_are(self) -> None:
            for home in self.homes:
                members = self.wait(self.registry.get(f"/v1/households/{home}/members"))
                assert {each["person"]["id"] for each in members} == self.model.members(home)
                heads = [each["person"]["id"] for each in members if each["is_head"]]
                assert heads == [self.model.heads[home]] if home in self.model.heads else heads == []
                shown = self.wait(self.registry.get(f"/v1/households/{home}"))
                assert shown["has_head"] is bool(heads)

        @invariant()
        def everybody_is_in_the_state_they_are_in(self) -> None:
            listed = self.wait(self.registry.get("/v1/people", params={**EVERYBODY, "limit": 200}))["items"]
            states = {each["id"]: (each["state"], each["household_id"]) for each in listed}
            assert states == {
                person: (self.model.gone.get(person, "residing"), home) for person, home in self.model.home.items()
            }

        @invariant()
        def every_history_has_one_end_and_no_gap_within(self) -> None:
            for person, home in self.model.home.items():
                spans = self.wait(self.registry.get(f"/v1/people/{person}/memberships"))
                spans = [span for span in reversed(spans) if span["end_reason"] not in VOID]
                open_ones = [span["household_id"] for span in spans if span["ended_on"] is None]
                assert open_ones == ([] if person in self.model.gone else [home])
                for first, second in pairwise(spans):
                    assert first["began_on"] <= first["ended_on"] <= second["began_on"]
                    assert first["end_reason"] != "moved_within" or first["ended_on"] == second["began_on"]

        @invariant()
        def the_colour_follows_from_who_lives_there(self) -> None:
            for home in self.homes:
                card = self.wait(self.registry.get(f"/v1/households/{home}/card"))
                expected = {0: "red", 1: "red", 2: "yellow"}.get(len(self.model.members(home)), "green")
                assert card["colour"] == expected

    checks = settings(
        max_examples=4,
        stateful_step_count=8,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # as for merges: a shrunken story tells no more
    )
    await asyncio.to_thread(run_state_machine_as_test, Living, settings=checks)
