"""The whole loop as a machine: everything that everybody can do to a request, in every order.

Beside what `test_clock.Life` holds of states and clocks: what is refused changes nothing; what is done is one line of
the timeline, with the state that it led to, and the events of its row in the README's table.
"""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from services.requests.closing.service import REOPEN_WITHIN
from services.requests.events import RequestNoted
from services.requests.service_requests.models import Step
from services.requests.service_requests.states import OPEN, UNDER_WAY, Action, State, is_possible
from tests.requests.test_clock import Life
from tests.requests.test_telling import events
from tests.requests.world import LAMP, REFUSAL

STEPS = {
    "accept": "accepted",
    "reject": "rejected",
    "resolve": "resolved",
    "wait-for-requester": "waiting",
    "updates": "answered",
    "confirm": "confirmed",
    "reopen": "reopened",
    "withdraw": "withdrawn",
    "merge": "merged",
    "unmerge": "unmerged",
    "split": "split",
    "transfer": "transferred",
    "close-unreached": "confirmed",
}
WALLS = "livelihood.walls"
FORBIDDEN: tuple[tuple[str, str, Any], ...] = (
    ("resident", "accept", None),
    ("resident", "reject", REFUSAL),
    ("responder", "merge", {"into": str(uuid4())}),
    ("grid_worker", "transfer", {"category": WALLS, "text": "x"}),
    ("supervisor", "resolve", {"text": "x"}),
    ("partner", "confirm", {}),
    ("responder", "call-back", {"how": "phone", "reached": False}),
    ("merchant", "withdraw", {}),
)


VERSION = "SELECT version FROM service_request WHERE id = :id"
LATEST = "SELECT step, state, visibility FROM timeline_entry WHERE request_id = :id ORDER BY id DESC LIMIT 1"


class WholeLife(Life):
    @initialize()
    def submit(self) -> None:
        super().submit()
        self.neighbour = {"person": uuid4(), "household": uuid4()}
        self.other = self.run(self.world.post("resident", "", {"category": LAMP}, **self.neighbour))["id"]
        self.before_merge = State.SUBMITTED
        self.other_is, self.other_closed_at = State.SUBMITTED, self.now
        self.unreached = 0
        self.answers: UUID | None = None

    def look(self) -> tuple[list[Any], list[Any]]:
        """The lines of the timeline, and what was told, as they now are."""
        self.last_seen = self.run(self._look())
        return self.last_seen

    async def _look(self) -> tuple[list[Any], list[Any]]:
        lines = await self.world.sql(
            "SELECT step, state, visibility FROM timeline_entry WHERE request_id = :id ORDER BY id", id=self.id
        )
        told = await self.world.published(self.id)
        return [tuple(line) for line in lines], [(row.type, row.version) for row in told]

    def act(self, role: str, verb: str, action: Action | None, json: Any, allowed: bool) -> bool:
        lines, told = self.last_seen
        was = self.state
        super().act(role, verb, action, json, allowed)
        now, said = self.look()
        if not allowed:
            assert (now, said) == (lines, told), "what is refused changes nothing"
        elif verb in STEPS:
            expected = self.before_merge if verb == "unmerge" else self.state
            assert [line[:2] for line in now[len(lines) :]] == [(STEPS[verb], expected)], (verb, was)
            expected_events = [type for type in events(Step(now[-1][0])) if type != RequestNoted.type]
            assert [type for type, _version in said[len(told) :]] == expected_events
        return allowed

    def event(self, what: str, **data: Any) -> bool:
        lines, _ = self.last_seen
        moves = super().event(what, **data)
        now, _ = self.look()
        assert len(now) == len(lines) + 1, "every event of an order is one line"
        if moves and what == "assigned":
            self.answers = self.answers or data["responder_id"]
        elif moves and what in ("acknowledged", "started", "completed"):
            self.answers = self.world.responder
        return moves

    @rule(what=st.sampled_from(FORBIDDEN))
    def somebody_else_tries(self, what: tuple[str, str, Any]) -> None:
        role, verb, json = what
        before = self.last_seen
        answer = self.run(self.world.call(role, "POST", f"{self.id}/{verb}", json))
        assert answer.status_code in (403, 404), (role, verb, answer.text)
        assert self.look() == before

    @rule(luck=st.integers(0, 5))
    def reject(self, luck: int) -> None:
        """Seldom, as the next: what is over teaches nothing more."""
        if luck == 0:
            super().reject()

    @rule(luck=st.integers(0, 5))
    def withdraw(self, luck: int) -> None:
        if luck == 0:
            super().withdraw()

    # Merging, splitting, passing on

    @rule()
    def merge(self) -> None:
        before = self.state
        allowed = is_possible(before, Action.MERGE) and self.other_is in OPEN
        if self.act("staff", "merge", Action.MERGE, {"into": self.other}, allowed):
            self.before_merge = before
            self.end_pause()

    @rule()
    def unmerge(self) -> None:
        allowed = self.state is State.MERGED and self.other_is in OPEN
        if self.act("staff", "unmerge", Action.UNMERGE, {}, allowed):
            self.state = self.before_merge

    @rule()
    def the_other_is_answered(self) -> None:
        for verb, said in (("accept", None), ("resolve", {"text": "好了"})):
            self.run(self.world.call("staff", "POST", f"{self.other}/{verb}", said))
        self.look_at_the_other()

    @rule()
    def the_other_asks_again(self) -> None:
        self.run(self.world.call("resident", "POST", f"{self.other}/reopen", {}, **self.neighbour))
        self.look_at_the_other()

    def sweep(self) -> None:
        super().sweep()
        self.look_at_the_other()

    def look_at_the_other(self) -> None:
        """What became of the neighbour's, which may also have been confirmed by the clock."""
        seen = self.run(self.world.get("staff", self.other))
        now = State(seen["state"])
        if now is State.CONFIRMED and self.other_is is not State.CONFIRMED:
            self.other_closed_at = self.now
        self.other_is = now

    @precondition(lambda self: self.state is State.MERGED)
    @rule(answered=st.booleans())
    def not_solved_with_the_other(self, answered: bool) -> None:
        """The requester of a merged request was answered with the other, and says that theirs is not solved."""
        if answered:
            self.the_other_is_answered()
        late = self.other_is is State.CONFIRMED and self.now > self.other_closed_at + REOPEN_WITHIN
        allowed = is_possible(self.other_is, Action.REOPEN) and not late
        theirs = self.run(self.world.sql(VERSION, id=self.other))
        if self.act("resident", "reopen", Action.REOPEN, {"text": "我家门口的还不亮"}, allowed):
            self.begin_round()
            assert self.run(self.world.sql(LATEST, id=self.other)) == [("unmerged", self.other_is, "internal")]
        else:
            assert self.run(self.world.sql(VERSION, id=self.other)) == theirs

    @rule()
    def split(self) -> None:
        parts = {"parts": [{"category": WALLS}], "text": "另行办理"}
        self.act("staff", "split", Action.SPLIT, parts, self.state in OPEN)

    @rule(category=st.sampled_from((LAMP, WALLS)))
    def transfer(self, category: str) -> None:
        self.act("staff", "transfer", Action.TRANSFER, {"category": category, "text": "转办"}, self.state in OPEN)

    # Objections

    @rule()
    def objected(self) -> None:
        self.event("objected", reason="other_unit")

    @rule()
    def overruled(self) -> None:
        self.event("objection_decided", outcome="overruled")

    @rule()
    def upheld(self) -> None:
        if self.event("objection_decided", outcome="upheld"):
            if self.state in UNDER_WAY:
                self.state = State.DISPATCHED
            seen = self.run(self.world.get("staff", self.id))["responder_id"]
            if self.answers == self.world.responder:
                assert seen != str(self.world.responder), "they are released"
                self.answers = UUID(seen) if seen else None

    # The end

    def call_back(self, allowed: bool, **heard: Any) -> bool:
        was = self.state
        lines, _ = self.last_seen
        made = super().act("staff", "call-back", None, {"how": "phone"} | heard, allowed)
        now, _ = self.look()
        assert [line[0] for line in now[len(lines) :]][:1] == (["called_back"] if made else []), was
        return made

    @rule()
    def in_vain(self) -> None:
        if self.call_back(is_possible(self.state, Action.CALL_BACK), reached=False):
            self.unreached += 1

    @rule()
    def heard_solved(self) -> None:
        was = self.state
        if self.call_back(is_possible(was, Action.CALL_BACK), reached=True, solved=True) and was is State.RESOLVED:
            self.state, self.closed_at = State.CONFIRMED, self.now

    @precondition(lambda self: is_possible(self.state, Action.REOPEN))
    @rule()
    def heard_unsolved(self) -> None:
        if self.call_back(self.may_reopen(), reached=True, solved=False):
            self.state = State.REOPENED
            self.begin_round()

    @rule()
    def close_unreached(self) -> None:
        allowed = self.state is State.RESOLVED and self.unreached >= 3
        self.act("staff", "close-unreached", Action.CONFIRM, {"text": "三次未接"}, allowed)

    def begin_round(self) -> None:
        super().begin_round()
        self.unreached = 0

    @rule(days=st.integers(1, 8))
    def a_week_goes_by(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.clock.move_to(self.now)

    @invariant()
    def is_as_expected(self) -> None:
        super().is_as_expected()
        seen = self.seen
        assert seen["responder_id"] == (str(self.answers) if self.answers else None)
        assert seen["merged_into_id"] == (self.other if self.state is State.MERGED else None)
        assert (seen["policy_category"], seen["unreached_count"]) == (LAMP, self.unreached)
        _lines, told = self.look()
        versions = [version for _type, version in told]
        assert versions == sorted(versions)


@pytest.fixture
async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_the_whole_loop_in_every_order(api: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
    run_state_machine_as_test(
        lambda: WholeLife(api, loop),
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # making a failing life shorter takes minutes
        ),
    )
