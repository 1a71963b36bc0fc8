"""Whatever is merged and undone, in any order that is possible: undoing all of it leaves what was there before."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from services.residents.merges.models import PersonMerge
from services.residents.merges.moving import MOVABLE
from tests.apps import AppOf, ClientOf
from tests.residents.registry import Registry, a_phone
from tests.residents.test_duplicates import everything

STAYS = {
    "membership.person_id": "history of the record; the open one ends with the merge",
    "person.merged_into": "is the merge",
    "person_merge.kept_id": "is the merge",
    "person_merge.merged_id": "is the merge",
    "duplicate_candidate.person_id": "the pair itself",
    "duplicate_candidate.other_id": "the pair itself",
}
"""Columns that refer to a person and do not follow, and why."""


def test_nothing_that_hangs_on_a_person_is_forgotten() -> None:
    """A new table that refers to a person must say what becomes of its rows when records are merged."""
    referring = {
        f"{table.name}.{key.parent.name}"
        for table in PersonMerge.metadata.tables.values()
        for key in table.foreign_keys
        if key.target_fullname == "person.id"
    }
    assert referring - {kind.name for kind in MOVABLE} == set(STAYS)


@pytest.fixture
async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def test_undoing_every_merge_restores_everything(
    app_of: AppOf, client_of: ClientOf, loop: asyncio.AbstractEventLoop
) -> None:
    app, client = await app_of("residents"), await client_of("residents")

    class Merging(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.registry = Registry(client, app)
            self.people: list[dict[str, Any]] = []
            self.before: list[dict[str, Any]] = []
            self.done: list[tuple[str, dict[str, Any]]] = []
            self.gone: set[str] = set()
            self.wait(self.settle())

        def wait(self, coroutine: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result(60)

        async def settle(self) -> None:
            for number, name in enumerate(("单玉兰", "善玉兰", "单玉莲", "王建国")):
                home = await self.registry.household()
                person = await self.registry.person(home["id"], name, phone=a_phone(), cautions=f"注意 {number}")
                contact = {"name": "李秀英", "phone": a_phone(), "relation": "child"}
                await self.registry.post(f"/v1/people/{person['id']}/family-contacts", contact)
                kind = ("dementia", "disabled", "veteran", "hardship")[number]
                await self.registry.post(f"/v1/people/{person['id']}/tags", {"kind": kind, "evidence": "证"})
                self.people.append(person)
            self.before = [await everything(self.registry, person) for person in self.people]

        def present(self) -> list[dict[str, Any]]:
            return [person for person in self.people if person["id"] not in self.gone]

        @precondition(lambda self: len(self.present()) > 1)
        @rule(
            data=st.data(),
            take=st.sets(st.sampled_from(["name", "phone", "cautions", "sex", "birth_on"]), max_size=3),
        )
        def merge(self, data: st.DataObject, take: set[str]) -> None:
            kept, merged = data.draw(st.permutations(self.present()))[:2]
            self.wait(self._merge(kept, merged, take))

        async def _merge(self, kept: dict[str, Any], merged: dict[str, Any], take: set[str]) -> None:
            pair = await self.registry.post("/v1/duplicates", {"person_id": kept["id"], "other_id": merged["id"]})
            wanted = {"keep": kept["id"], "take": sorted(take)}
            done = await self.registry.post(f"/v1/duplicates/{pair['id']}/merge", wanted)
            self.done.append((kept["id"], done))
            self.gone.add(merged["id"])

        @precondition(lambda self: self.done)
        @rule()
        def undo(self) -> None:
            self.wait(self._undo())

        async def _undo(self) -> None:
            kept, done = self.done.pop()
            await self.registry.post(f"/v1/people/{kept}/merges/{done['id']}/undo")
            self.gone.discard(done["merged_id"])

        @invariant()
        def who_is_listed_is_who_was_not_merged(self) -> None:
            listed = self.wait(self.registry.get("/v1/people"))["items"]
            assert {person["id"] for person in listed} == {person["id"] for person in self.present()}

        def teardown(self) -> None:
            while self.done:
                self.wait(self._undo())
            if self.people:
                after = [self.wait(everything(self.registry, person)) for person in self.people]
                assert after == self.before

    checks = settings(
        max_examples=4,
        stateful_step_count=7,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # a shrunken story of a few steps tells no more, and takes minutes to find
    )
    await asyncio.to_thread(run_state_machine_as_test, Merging, settings=checks)
