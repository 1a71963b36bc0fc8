"""Any order of verbs over the interface: only the written transitions succeed, each is written down with who made it,
a late milestone is told once, and whoever asked hears of every turn exactly once."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.requests.projects.states import RUNNING, TRANSITIONS, ProjectState, Verb
from services.requests.projects.timers import warn_of_delays
from tests.requests.deliberating import asked
from tests.requests.test_projects import URL, Project, day, plan
from tests.requests.world import found

FUNDS = 1_000_00
ASKED = 3
TURNS = {Verb.APPROVE, Verb.START, Verb.COMPLETE, Verb.REWORK, Verb.ACCEPT, Verb.CLOSE}
TURNS |= {Verb.SUSPEND, Verb.RESUME, Verb.CANCEL}
"""The verbs that change its state."""


@dataclass
class Model:
    """What the project should be."""

    state: ProjectState = ProjectState.PLANNED
    suspended_from: ProjectState | None = None
    spent: int = 0
    milestones: dict[str, bool] = field(default_factory=dict)
    """Whether it was reached; the first was due yesterday."""
    told_late: set[str] = field(default_factory=set)
    inspections: dict[str, tuple[str, bool | None]] = field(default_factory=dict)
    """Of the present round: in what capacity, and what was found."""
    turns: list[str] = field(default_factory=list)
    linked: int = 1
    """How often each requester was told: at first that their request is part of it."""
    resolved: int = 0

    @property
    def is_good(self) -> bool:
        passed = [capacity for capacity, good in self.inspections.values() if good]
        return {"community", "representative"} <= {*passed} and len(passed) == len(self.inspections)


def machine(api: FastAPI, loop: asyncio.AbstractEventLoop) -> type[RuleBasedStateMachine]:
    def run(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(60)

    class Building(RuleBasedStateMachine):
        @initialize(is_begun=st.booleans())
        def begin(self, is_begun: bool) -> None:
            self.model, self.world = Model(), run(found(api))
            self.requests = list(run(asked(self.world, ASKED)))
            milestones = [{"title": "铺路", "planned_on": day(-1)}, {"title": "种树", "planned_on": day(20)}]
            body = plan(
                self.world,
                start_on=day(-9),
                request_ids=self.requests,
                milestones=milestones,
                funding=[{"source": "community", "amount_fen": FUNDS}],
            )
            self.project = Project(self.world, run(self.world.post("staff", URL, body)))
            self.model.milestones = {each["id"]: False for each in self.project.made["milestones"]}
            if is_begun:
                self.approve()
                self.start()

        def attempt(self, verb: Verb, path: str, body: Any = None, *, fits: bool = True, role: str = "staff") -> Any:
            """Do it; it succeeds exactly where the table of transitions and the model say so."""
            model, (possible_in, leads_to) = self.model, TRANSITIONS[verb]
            answer = run(self.world.call(role, "POST", f"{self.project.path}/{path}", body))
            is_possible = model.state in possible_in and fits
            assert answer.is_success == is_possible, (model, verb, answer.text)
            if not is_possible:
                assert answer.status_code == 409, answer.text
                return None
            model.state = leads_to or model.state
            if verb in TURNS:
                model.turns.append(f"{role}-{self.world.code}")
            return answer.json()

        @rule()
        def approve(self) -> None:
            self.attempt(Verb.APPROVE, "approve")

        @rule()
        def start(self) -> None:
            if self.attempt(Verb.START, "start", role="responder"):
                self.model.linked += 1

        @rule(which=st.integers(0, 1))
        def reach(self, which: int) -> None:
            milestone = list(self.model.milestones)[which]
            fits = not self.model.milestones[milestone]
            path = f"milestones/{milestone}/reach"
            if self.attempt(Verb.WORK, path, {"reached_on": day(0)}, fits=fits, role="responder"):
                self.model.milestones[milestone] = True

        @rule(amount=st.sampled_from([1, FUNDS // 2, FUNDS]))
        def spend(self, amount: int) -> None:
            fits = self.model.spent + amount <= FUNDS
            body = {"amount_fen": amount, "spent_on": day(0), "words": "材料款"}
            if self.attempt(Verb.SETTLE, "spending", body, fits=fits):
                self.model.spent += amount

        @rule()
        def complete(self) -> None:
            body, fits = {"text": "已建成"}, all(self.model.milestones.values())
            self.attempt(Verb.COMPLETE, "complete", body, fits=fits, role="responder")

        @precondition(lambda self: len(self.model.inspections) < 4)
        @rule(capacity=st.sampled_from(["community", "representative"]))
        def name(self, capacity: str) -> None:
            body = {"inspectors": [{"person_id": str(uuid4()), "capacity": capacity}]}
            if self.attempt(Verb.INSPECT, "inspectors", body):
                listed = run(self.world.get("staff", f"{self.project.path}/inspections"))["items"]
                self.model.inspections[listed[-1]["id"]] = (capacity, None)

        @precondition(lambda self: self.model.inspections)
        @rule(which=st.integers(0, 3), passed=st.sampled_from([True, True, False]))
        def sign(self, which: int, passed: bool) -> None:
            inspection = list(self.model.inspections)[which % len(self.model.inspections)]
            capacity, said = self.model.inspections[inspection]
            path = f"inspections/{inspection}/sign"
            if self.attempt(Verb.INSPECT, path, {"passed": passed}, fits=said is None):
                self.model.inspections[inspection] = (capacity, passed)

        @rule()
        def rework(self) -> None:
            if self.attempt(Verb.REWORK, "rework", {"text": "座椅松动"}):
                self.model.inspections = {}

        @rule()
        def accept(self) -> None:
            if self.attempt(Verb.ACCEPT, "accept", {"text": "已建成开放"}, fits=self.model.is_good):
                self.model.resolved += 1

        @rule()
        def close(self) -> None:
            self.attempt(Verb.CLOSE, "close")

        @rule()
        def suspend(self) -> None:
            before = self.model.state
            if self.attempt(Verb.SUSPEND, "suspend", {"text": "雨季停工"}):
                self.model.suspended_from = before

        @rule()
        def resume(self) -> None:
            if self.attempt(Verb.RESUME, "resume"):
                assert self.model.suspended_from is not None
                self.model.state = self.model.suspended_from

        @precondition(lambda self: len(self.model.turns) > 3)
        @rule()
        def cancel(self) -> None:
            if self.attempt(Verb.CANCEL, "cancel", {"text": "规划调整"}):
                self.model.linked += 1

        @rule()
        def look_for_delays(self) -> None:
            """As the timer does: of projects under way, what was due yesterday and has not been reached."""
            run(self.sweep())
            late, reached = next(iter(self.model.milestones.items()))
            if self.model.state in RUNNING and not reached:
                self.model.told_late.add(late)

        async def sweep(self) -> None:
            async with self.world.database.transaction(self.world.code) as session:
                await warn_of_delays(session)

        @invariant()
        def it_is_what_the_model_says(self) -> None:
            seen, model = run(self.project.read()), self.model
            assert (seen["state"], seen["spent_fen"]) == (model.state, model.spent)
            assert [each["reached_on"] is not None for each in seen["milestones"]] == list(model.milestones.values())

        def teardown(self) -> None:
            """Every turn is written down, nothing is told twice, and whoever asked has heard of each turn once."""
            written = "SELECT created_by FROM project_update WHERE project_id = CAST(:id AS uuid) ORDER BY id"
            rows = run(self.world.sql(written, id=self.project.made["id"]))
            assert [row.created_by for row in rows] == self.model.turns
            assert run(self.project.event_names()).count("project_delayed") == len(self.model.told_late)
            for request_id in self.requests:
                steps = run(self.world.steps("staff", request_id))
                assert (steps.count("linked"), steps.count("resolved")) == (self.model.linked, self.model.resolved)
                names = run(self.world.event_names(request_id))
                assert names.count("request_resolved") == self.model.resolved
                assert names.count("request_progressed") == self.model.linked

    return Building


@pytest.mark.timeout(300)
async def test_no_order_of_verbs_breaks_a_project(api: FastAPI) -> None:
    loop = asyncio.get_running_loop()
    chosen = settings(max_examples=8, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    await asyncio.to_thread(run_state_machine_as_test, machine(api, loop), settings=chosen)
