"""Writers at desks, two phones that are away most of the time, and a transaction that takes its time: after a download
a phone holds what its worker would be shown, and every edit was applied or its refusal was told."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from shared.clock import china_today
from tests.residents.phones import Phone
from tests.residents.registry import Registry
from tests.residents.test_sync_edits import an_edit, correct, revealed

BUILDINGS = ("3号楼", "5号楼")
PEOPLE = st.integers(0, 20)
PHONES = st.integers(0, 1)
TEXTS = st.sampled_from(["听力不好", "走路慢", "怕狗"])


class PhonesMachine(RuleBasedStateMachine):
    client: Any
    app: Any
    loop: asyncio.AbstractEventLoop

    def do(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    @initialize()
    def settle(self) -> None:
        self.town = Registry(self.client, self.app)
        self.grids = [self.town.grid(1), self.town.grid(2)]
        self.assigned = [0, 1]
        for number in (0, 1):
            self.do(self.town.publish_grid(self.grids[number], ("开元小区", BUILDINGS[number], "")))
        shared = self.town.grid(3)
        self.do(self.town.publish_grid(shared, ("开元小区", "7号楼", "")))
        self.phones = [Phone(self.town, [shared, grid], subject=f"worker {grid}") for grid in self.grids]
        self.homes = [self.do(self.town.household(building=building))["id"] for building in BUILDINGS]
        self.slow_home = self.do(self.town.household(building="7号楼"))["id"]
        self.cautions: dict[str, str | None] = {}
        self.waiting: list[list[dict[str, Any]]] = [[], []]
        self.slow: AsyncExitStack | None = None
        self.written = 0
        self.grid_version = 1

    def somebody(self, number: int) -> str:
        return sorted(self.cautions)[number % len(self.cautions)]

    def post(self, path: str, body: dict[str, Any] | None = None) -> bool:
        """As staff; whether it was possible."""
        response = self.do(self.town.ask("POST", path, json=body))
        assert response.is_success or response.status_code == 409, response.text
        return response.is_success

    # At the desk

    @rule(home=PHONES)
    def register(self, home: int) -> None:
        person = self.do(self.town.ask("POST", "/v1/people", json={"household_id": self.homes[home], "name": "张三"}))
        if person.is_success:
            self.cautions[person.json()["id"]] = None

    @precondition(lambda self: self.cautions)
    @rule(number=PEOPLE, told=TEXTS)
    def correct(self, number: int, told: str) -> None:
        person = self.somebody(number)
        self.do(correct(self.town, person, cautions=told))
        self.cautions[person] = told

    @precondition(lambda self: self.cautions)
    @rule(number=PEOPLE)
    def tag(self, number: int) -> None:
        self.post(f"/v1/people/{self.somebody(number)}/tags", {"kind": "veteran"})

    @precondition(lambda self: self.cautions)
    @rule(number=PEOPLE, home=PHONES)
    def move(self, number: int, home: int) -> None:
        self.post(f"/v1/people/{self.somebody(number)}/move", {"household_id": self.homes[home]})

    @precondition(lambda self: self.cautions)
    @rule(number=PEOPLE, home=PHONES, comes_back=st.booleans())
    def leave_or_return(self, number: int, home: int, comes_back: bool) -> None:
        person = self.somebody(number)
        if comes_back:
            self.post(f"/v1/people/{person}/return", {"household_id": self.homes[home]})
        else:
            self.post(f"/v1/people/{person}/move-out", {})

    @precondition(lambda self: self.cautions)
    @rule(number=PEOPLE)
    def erase(self, number: int) -> None:
        person = self.somebody(number)
        if self.post(f"/v1/people/{person}/erase"):
            del self.cautions[person]

    @rule(home=PHONES, building=PHONES, room=st.integers(1, 3))
    def move_household(self, home: int, building: int, room: int) -> None:
        address = {"compound": "开元小区", "building": BUILDINGS[building], "unit": "", "room": f"{home}{room}"}
        self.post(f"/v1/households/{self.homes[home]}/move", address)

    @rule()
    def swap_the_boundaries(self) -> None:
        self.assigned = self.assigned[::-1]
        for lines in ([(), ()], [(("开元小区", BUILDINGS[building], ""),) for building in self.assigned]):
            self.grid_version += 1
            for grid, line in zip(self.grids, lines, strict=True):
                self.do(self.town.publish_grid(grid, *line, version=self.grid_version))

    # Somebody who takes their time

    @precondition(lambda self: self.slow is None)
    @rule()
    def begin_slowly(self) -> None:
        async def begin() -> AsyncExitStack:
            stack = AsyncExitStack()
            session = await stack.enter_async_context(self.app.state.database.transaction(self.town.community))
            await session.execute(_TOUCH, {"id": self.slow_home})
            return stack

        self.slow = self.do(begin())

    @precondition(lambda self: self.slow is not None)
    @rule()
    def end_at_last(self) -> None:
        assert self.slow is not None
        self.do(self.slow.aclose())
        self.slow = None

    # Away

    @rule(number=PHONES, limit=st.integers(1, 3), is_kept=st.booleans())
    def fetch_one_page(self, number: int, limit: int, is_kept: bool) -> None:
        self.do(self.phones[number].page(limit, is_kept=is_kept))

    @rule(number=PHONES)
    def workers_change_grids(self, number: int) -> None:
        grids = self.phones[number].grids
        self.phones[number].grids = [*grids[:-1], self.grids[1 - self.grids.index(grids[-1])]]

    @rule(number=PHONES, limit=st.sampled_from([1, 3, 200]))
    def download(self, number: int, limit: int) -> None:
        phone = self.phones[number]
        self.do(phone.sync(limit))
        assert phone.copy == self.do(self.shown(phone))

    async def shown(self, phone: Phone) -> dict[tuple[str, str], Any]:
        """What a fresh phone of this worker is given; itself held against the lists that the worker may read."""
        fresh = Phone(self.town, phone.grids, subject="fresh")
        await fresh.sync()
        lists = {
            name: (await self.town.get(f"/v1/{name}", by=phone.worker, params={"limit": 200}))["items"]
            for name in ("households", "people")
        }
        assert {(each["id"], each["version"], each["room"]) for each in lists["households"]} == {
            (each["id"], each["version"], each["room"]) for each in fresh.households().values()
        }
        assert {_of_list(each) for each in lists["people"]} == {_of_copy(each) for each in fresh.people().values()}
        return fresh.copy

    @precondition(lambda self: any(phone.people() for phone in self.phones))
    @rule(number=PHONES, person=PEOPLE, told=TEXTS)
    def write(self, number: int, person: int, told: str) -> None:
        known = sorted(self.phones[number].people().items())
        if known:
            person_id, copy = known[person % len(known)]
            self.written += 1
            edit = an_edit("correct_person", person_id, copy["version"], later=self.written, cautions=told)
            self.waiting[number].append(edit)

    @precondition(lambda self: any(self.waiting))
    @rule(number=PHONES, is_answer_lost=st.booleans(), reverse=st.booleans())
    def send(self, number: int, is_answer_lost: bool, reverse: bool) -> None:
        edits = self.waiting[number][:: -1 if reverse else 1]
        results = self.do(self.phones[number].edit(*edits))
        told = {result["edit_id"]: result for result in results}
        assert len(told) == len(edits)
        for edit in self.waiting[number]:
            self.account(self.phones[number], edit, told[edit["edit_id"]])
        if is_answer_lost:
            again = self.do(self.phones[number].edit(*edits))
            for result in again:
                before = told[result["edit_id"]]["outcome"]
                assert result["outcome"] == ("already_applied" if before in ("applied", "merged") else before)
        self.waiting[number] = []

    def account(self, phone: Phone, edit: dict[str, Any], result: dict[str, Any]) -> None:
        """No edit is lost: it is there, or the worker learns what is there instead, or that nobody is."""
        person = edit["entity_id"]
        if result["outcome"] in ("applied", "merged"):
            self.cautions[person] = edit["changes"]["cautions"]
        elif result["outcome"] == "conflict":
            assert result["conflicts"][0]["current"] == self.cautions[person]
        else:
            assert result["problem"]["code"] == "not-found"
            now = self.do(self.town.ask("GET", f"/v1/people/{person}", by=phone.worker))
            assert now.status_code == 404

    def teardown(self) -> None:
        if self.slow is not None:
            self.end_at_last()
        for number, phone in enumerate(self.phones):
            self.download(number, 3)
            assert phone.copy.keys() >= {("household", self.slow_home)}
        for person, told in self.cautions.items():
            assert self.do(revealed(self.town, person))["cautions"] == told


_TOUCH = text("UPDATE household SET version = version + 1 WHERE id = :id")


def _of_list(person: dict[str, Any]) -> tuple[Any, ...]:
    return (person["id"], person["version"], person["household_id"], person["name"], tuple(person["tags"]))


def _of_copy(person: dict[str, Any]) -> tuple[Any, ...]:
    today = china_today().isoformat()
    tags = {tag["kind"] for tag in person["tags"] if tag["valid_from"] <= today}
    return (person["id"], person["version"], person["household_id"], person["name"], tuple(sorted(tags)))


async def test_phones_and_desks(registry: Registry) -> None:
    machine = type(
        "Machine",
        (PhonesMachine,),
        {"client": registry.client, "app": registry.app, "loop": asyncio.get_running_loop()},
    )
    chosen = settings(
        max_examples=8,
        stateful_step_count=20,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=chosen)
