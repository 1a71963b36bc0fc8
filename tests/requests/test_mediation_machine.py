"""Whatever parties and mediators do, in whatever order: the table of transitions holds, and everything is on record."""

import asyncio
from itertools import pairwise
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

from services.requests.mediations.states import TRANSITIONS, Action
from shared.clock import china_today
from tests.requests.mediating import Mediating
from tests.requests.world import found

ENDS = ("closed", "failed", "withdrawn")
WHO = st.sampled_from([0, 1])


class Model:
    """What must hold, as simply as it can be said."""

    def __init__(self) -> None:
        self.state = "opened"
        self.willing: set[int] = set()
        self.confirmed: set[int] = set()
        self.text = 0
        self.terms = [False, False]


def machine(api: FastAPI, loop: asyncio.AbstractEventLoop) -> type[RuleBasedStateMachine]:
    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=60)

    class Quarrel(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.model = Model()

        @initialize()
        def open(self) -> None:
            async def begin() -> Mediating:
                noise = Mediating(await found(api), neighbour=uuid4())
                await noise.open()
                for mediator in ("police", "judicial"):
                    await noise.do(mediator, "/accept", {"no_conflict_of_interest": True})
                return noise

            self.noise = run(begin())

        def attempt(self, action: Action, who: str, path: str, json: Any = None) -> bool:
            """Do it; whether it was possible, which must be what the table says."""
            response = run(self.noise.call(who, path, json))
            possible = self.model.state in {state.value for state in TRANSITIONS[action][0]}
            assert (response.status_code in (200, 201)) == possible, (action, self.model.state, response.text)
            if not possible:
                assert response.json()["code"] == "wrong-state"
            return possible

        def party(self, who: int, verb: str) -> tuple[str, str]:
            return ("applicant", "respondent")[who], f"/parties/{self.noise.party_ids[who]}/{verb}"

        @rule(who=WHO)
        def consent(self, who: int) -> None:
            if self.attempt(Action.CONSENT, *self.party(who, "consent"), {"willing": True}):
                self.model.willing.add(who)
                if len(self.model.willing) == 2:
                    self.model.state = "accepted"

        @rule()
        def meet(self) -> None:
            async def hold() -> bool:
                if self.model.state in ("accepted", "in_session"):
                    await self.noise.meet()
                    return True
                return False

            if run(hold()):
                self.model.state = "in_session"

        @rule()
        def propose(self) -> None:
            term = {"text": "安静条款", "due_on": str(china_today())}
            terms = [term | {"party_id": party} for party in self.noise.party_ids]
            if self.attempt(Action.PROPOSE, "police", "/agreement", {"text": "安静", "terms": terms}):
                self.model.text += 1
                self.model.confirmed = set()

        @precondition(lambda self: self.model.text)
        @rule(who=WHO)
        def confirm(self, who: int) -> None:
            who_, path = self.party(who, "confirm-agreement")
            if self.attempt(Action.AGREE, who_, path, {"number": self.model.text}):
                self.model.confirmed.add(who)
                if len(self.model.confirmed) == 2:
                    self.model.state = "agreed"

        @precondition(lambda self: self.model.state in ("agreed", *ENDS) and self.model.text)
        @rule(number=st.sampled_from([0, 1]), kept=st.booleans())
        def settle(self, number: int, kept: bool) -> None:
            terms = run(self.noise.read())["terms"]
            if self.model.terms[number] and self.model.state == "agreed":
                return
            path = f"/terms/{terms[number]['id']}/settle"
            if self.attempt(Action.SETTLE, "judicial", path, {"kept": kept, "on": str(china_today())}) and kept:
                self.model.terms[number] = True
                if all(self.model.terms):
                    self.model.state = "fulfilled"

        @precondition(lambda self: self.model.state not in ("opened", "accepted"))
        @rule(holds=st.booleans())
        def follow_up(self, holds: bool) -> None:
            action = Action.FOLLOW_UP if holds else Action.RELAPSE
            if self.attempt(action, "judicial", "/follow-up", {"holds": holds, "note": "回访"}):
                self.model.state = "closed" if holds else "failed"

        @precondition(lambda self: self.model.state in ("agreed", *ENDS))
        @rule()
        def fail(self) -> None:
            if self.attempt(Action.FAIL, "head", "/fail", {"reason": "broken"}):
                self.model.state = "failed"

        @precondition(lambda self: self.model.state not in ("opened", "accepted", "in_session") or self.model.text > 1)
        @rule(who=WHO)
        def withdraw(self, who: int) -> None:
            name = ("applicant", "respondent")[who]
            if self.attempt(Action.WITHDRAW, name, "/withdraw", {"party_id": self.noise.party_ids[who]}):
                self.model.state = "withdrawn"

        @invariant()
        def is_as_the_table_says(self) -> None:
            if not hasattr(self, "noise"):
                return
            seen = run(self.noise.read())
            assert seen["state"] == self.model.state
            assert (seen["ended_at"] is not None) == (self.model.state in ENDS)
            states = [entry["state"] for entry in seen["record"]]
            assert states[-1] == self.model.state, "every transition is on record"
            moves = {(each.value, to.value) for froms, to in TRANSITIONS.values() if to for each in froms}
            changes = {(one, two) for one, two in pairwise(states) if one != two}
            assert changes <= moves, "no illegal transition"
            request = run(self.noise.world.get("resident", self.noise.request_id or ""))
            assert (request["state"] == "resolved") == (seen["agreed_at"] is not None)

    return Quarrel


@pytest.mark.timeout(300)
async def test_no_order_of_steps_breaks_it(api: FastAPI) -> None:
    loop = asyncio.get_running_loop()
    chosen = settings(max_examples=6, stateful_step_count=20, suppress_health_check=list(HealthCheck))
    await asyncio.to_thread(run_state_machine_as_test, machine(api, loop), settings=chosen)
