"""Any order of verbs over the interface: only the written transitions succeed, only what was carried is resolved."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

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

from services.requests.deliberations.rules import Majority, Quorum, Tally, is_quorate, outcome
from services.requests.deliberations.states import TRANSITIONS, DeliberationState, Verb
from tests.requests.deliberating import Table, asked, in_days
from tests.requests.world import found

MEMBERS = 4
"""A chair and three residents."""
WHO = st.integers(0, MEMBERS - 1)
CHOICES = ("in_favour", "against", "abstained")


@dataclass
class Motion:
    """What a motion should be."""

    id: str
    majority: str
    votes: dict[int, str] = field(default_factory=dict)
    outcome: str | None = None

    @property
    def tally(self) -> Tally:
        return Tally(*(list(self.votes.values()).count(choice) for choice in CHOICES))


@dataclass
class Model:
    """What the deliberation should be."""

    state: str = "proposed"
    quorum: str = "majority"
    present: set[int] = field(default_factory=set)
    motions: list[Motion] = field(default_factory=list)
    has_minutes: bool = False
    is_approved: bool = False
    told: int = 1
    """How often each requester was told: at first that their request is part of it."""

    @property
    def is_carried(self) -> bool:
        return any(motion.outcome == "carried" for motion in self.motions)

    @property
    def may_decide(self) -> bool:
        return self.is_approved and all(motion.outcome for motion in self.motions)


def machine(api: FastAPI, loop: asyncio.AbstractEventLoop) -> type[RuleBasedStateMachine]:
    def run(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(60)

    class Meeting(RuleBasedStateMachine):
        @initialize(is_held=st.booleans())
        def begin(self, is_held: bool) -> None:
            self.model = Model()
            world = run(found(api))
            self.table = Table(world, run(asked(world, 2)))
            run(self.table.propose())
            run(self.table.invite())
            self.members = [self.table.chair, *map(str, self.table.residents)]
            if is_held:
                run(self.table.schedule())
                run(self.table.hold())
                self.model.state, self.model.present = "held", set(range(MEMBERS))

        def attempt(self, verb: Verb, path: str, body: Any = None, *, fits: bool = True, **caller: Any) -> Any:
            """Do it; it succeeds exactly where the table of transitions and the model say so."""
            possible_in, leads_to = TRANSITIONS[verb]
            role, url = caller.pop("role", "staff"), f"{self.table.path}/{path}"
            answer = run(self.table.world.call(role, "POST", url, body, **caller))
            is_possible = DeliberationState(self.model.state) in possible_in and fits
            assert answer.is_success == is_possible, (self.model, verb, answer.text)
            if not is_possible:
                assert answer.status_code in (403, 409), answer.text
                return None
            self.model.state = leads_to.value if leads_to else self.model.state
            return answer.json()

        def as_member(self, who: int) -> dict[str, Any]:
            return {"role": "head"} if who == 0 else {"role": "resident", "person": self.table.residents[who - 1]}

        @rule(quorum=st.sampled_from(["half", "majority", "two_thirds", "all"]))
        def schedule(self, quorum: str) -> None:
            if self.attempt(Verb.SCHEDULE, "schedule", {"begins_at": in_days(2), "venue": "驿家", "quorum": quorum}):
                self.model.quorum, self.model.present = quorum, set()

        @rule(who=WHO)
        def check_in(self, who: int) -> None:
            if self.attempt(Verb.CHECK_IN, f"participants/{self.table.seats[self.members[who]]}/check-in"):
                self.model.present.add(who)

        @rule(who=WHO)
        def reply(self, who: int) -> None:
            path = f"participants/{self.table.seats[self.members[who]]}/reply"
            self.attempt(Verb.REPLY, path, {"reply": "accepted"}, **self.as_member(who))

        @rule()
        def hold(self) -> None:
            model = self.model
            self.attempt(
                Verb.HOLD,
                "hold",
                fits=is_quorate(Quorum(model.quorum), present=len(model.present), members=MEMBERS),
            )

        @precondition(lambda self: len(self.model.motions) < 3)
        @rule(majority=st.sampled_from(["majority", "two_thirds"]), ballot=st.sampled_from(["open", "secret"]))
        def move(self, majority: str, ballot: str) -> None:
            body = {"words": "同意方案", "majority": majority, "ballot": ballot}
            if made := self.attempt(Verb.VOTE, "motions", body):
                self.model.motions.append(Motion(made["id"], majority))

        @precondition(lambda self: self.model.motions)
        @rule(which=st.integers(0, 2), who=WHO, choice=st.sampled_from(CHOICES))
        def vote(self, which: int, who: int, choice: str) -> None:
            motion = self.model.motions[which % len(self.model.motions)]
            fits = motion.outcome is None and who in self.model.present and who not in motion.votes
            path = f"motions/{motion.id}/votes"
            if self.attempt(Verb.VOTE, path, {"choice": choice}, fits=fits, **self.as_member(who)):
                motion.votes[who] = choice

        @precondition(lambda self: self.model.motions)
        @rule(which=st.integers(0, 2))
        def close(self, which: int) -> None:
            motion = self.model.motions[which % len(self.model.motions)]
            closed = self.attempt(Verb.VOTE, f"motions/{motion.id}/close", fits=motion.outcome is None)
            if closed:
                motion.outcome = outcome(Majority(motion.majority), motion.tally, Tally()).value
                assert closed["outcome"] == motion.outcome
                assert closed["heads"] == dict(
                    zip(CHOICES, (motion.tally.in_favour, motion.tally.against, motion.tally.abstained), strict=True)
                )

        @rule()
        def write_minutes(self) -> None:
            if self.attempt(Verb.WRITE_MINUTES, "minutes", {"text": "记录"}, fits=not self.model.is_approved):
                self.model.has_minutes = True

        @rule()
        def approve_minutes(self) -> None:
            fits = self.model.has_minutes and not self.model.is_approved
            if self.attempt(Verb.WRITE_MINUTES, "approve-minutes", {}, fits=fits, role="head"):
                self.model.is_approved = True

        @rule()
        def resolve(self) -> None:
            fits = self.model.may_decide and self.model.is_carried
            self.attempt(Verb.RESOLVE, "resolve", {"text": "同意"}, fits=fits)

        @rule()
        def reject(self) -> None:
            fits = self.model.may_decide and not self.model.is_carried
            self.attempt(Verb.REJECT, "reject", {"text": "不同意"}, fits=fits)

        @rule()
        def publish(self) -> None:
            if self.attempt(Verb.PUBLISH, "publish"):
                self.model.told += 1

        @precondition(lambda self: self.model.motions or self.model.state == "cancelled")
        @rule()
        def cancel(self) -> None:
            if self.attempt(Verb.CANCEL, "cancel", {"text": "不开了"}):
                self.model.told += 1

        @invariant()
        def it_is_what_the_model_says(self) -> None:
            seen, model = run(self.table.read()), self.model
            assert (seen["state"], seen["attendance"]["present"]) == (model.state, len(model.present))
            assert [each["votes_cast"] for each in seen["motions"]] == [len(each.votes) for each in model.motions]

        def teardown(self) -> None:
            """Whoever asked was told of the proposal and of the result, and of nothing twice."""
            for request_id in self.table.requests:
                steps = run(self.table.world.steps("staff", request_id))
                assert steps.count("linked") == self.model.told

    return Meeting


@pytest.mark.timeout(300)
async def test_no_order_of_verbs_breaks_a_deliberation(api: FastAPI) -> None:
    loop = asyncio.get_running_loop()
    chosen = settings(max_examples=6, stateful_step_count=25, suppress_health_check=list(HealthCheck))
    await asyncio.to_thread(run_state_machine_as_test, machine(api, loop), settings=chosen)
