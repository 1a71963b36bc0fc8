"""Work orders in every order of events: hypothesis plays residents, workers, staff and the clock against the API."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from services.dispatch.work_orders.vocabulary import TRANSITIONS, State
from tests.dispatch.community import NewPlace, ok
from tests.dispatch.test_escalation import fall_due, seat_desk
from tests.dispatch.test_work_orders import act

CAPACITY = 2
_SEEN = text("""
    SELECT o.id, o.state, o.responder_id, o.escalate_at,
           array(SELECT a.responder_id FROM work_order_assignment a WHERE a.community_code = o.community_code
                 AND a.work_order_id = o.id AND a.ended_at IS NULL ORDER BY a.id) AS holders
    FROM work_order o WHERE o.community_code = :c""")
_LOADS = text("SELECT id, open_orders FROM responder WHERE community_code = :c")
STEPS = (
    *("submit", "withdraw", "assign by hand"),
    *("time passes", "acknowledge", "start", "complete", "hand-back") * 2,
)
BODIES: dict[str, dict[str, Any]] = {"complete": {"outcome": "done"}, "hand-back": {"reason": "unavailable"}}


class WorkOrders(RuleBasedStateMachine):
    """What must hold: loads are what is held, caps hold for the rules, states follow the table, someone answers."""

    run: Callable[[Awaitable[Any]], Any]
    new_place: NewPlace

    @initialize()
    def found(self) -> None:
        self.orders: list[str] = []
        self.by_hand: set[UUID] = set()
        self.run(self.prepare())

    async def prepare(self) -> None:
        place = self.place = await self.new_place()
        backup = await place.register("backup", capacity=CAPACITY)
        for _ in range(2):
            await place.add_grid(backup=backup, capacity=CAPACITY)
        self.ids = [*place.workers, backup, await seat_desk(place, capacity=0)]
        self.clients = [await place.responder(each) for each in self.ids]

    @rule(what=st.sampled_from(STEPS), pick=st.integers(0, 99), person=st.integers(0, 99))
    def step(self, what: str, pick: int, person: int) -> None:
        """One rule for all, weighted: left to itself hypothesis switches rules off and few stories get far."""
        if len(self.orders) < 2 or what == "submit":
            self.submit(pick % 2, urgent=person % 4 > 0)
        elif what == "time passes":
            self.time_passes(pick)
        elif what == "withdraw":
            self.withdraw(pick)
        elif what == "assign by hand":
            self.assign_by_hand(pick, self.ids[person % len(self.ids)])
        else:
            self.work(pick, person, what)

    def submit(self, column: int, urgent: bool) -> None:
        order = self.run(self.place.submit(column, urgency="urgent" if urgent else "normal"))
        assert order["state"] == "assigned", "the desk takes what nobody else can"
        self.orders.append(order["id"])

    def work(self, pick: int, person: int, action: str) -> None:
        """By one of those who are asked, or by somebody who is not."""
        before = self.order(pick)
        holders = self.holders(before)
        strangers = [str(each) for each in self.ids if str(each) not in holders]
        who = (holders * 2 + strangers)[person % len(holders * 2 + strangers)]
        client = self.clients[[str(each) for each in self.ids].index(who)]
        answer = self.run(act(client, before, action, **BODIES.get(action, {})))
        if who in holders and State(before["state"]) in TRANSITIONS[action.replace("-", "_")]:
            after = ok(answer)
            assert after["due_at"] == before["due_at"], "no hand-back moves the deadline"
            assert after["escalation_level"] >= before["escalation_level"]
        else:
            assert answer.status_code in (403, 404, 409), answer.text
            assert self.order(pick)["version"] == before["version"], "nothing is half-done"

    def time_passes(self, pick: int) -> None:
        before = self.order(pick)
        if before["escalate_at"] is not None:
            after = self.run(fall_due(self.place, before))
            assert set(self.holders(before)) <= set(self.holders(after)), "who was asked stays asked"
            assert before["escalation_level"] < after["escalation_level"] <= 2

    def withdraw(self, pick: int) -> None:
        order = self.order(pick)
        self.run(self.place.hear("requests.request_withdrawn.v1", UUID(order["request_id"])))
        assert self.order(pick)["state"] in ("cancelled", "completed")

    def assign_by_hand(self, pick: int, chosen: UUID) -> None:
        before = self.order(pick)
        holders = self.holders(before)
        answer = self.run(act(self.place.staff, before, "assign", responder_id=str(chosen), reason="熟悉情况"))
        if State(before["state"]) in TRANSITIONS["assign"] and str(chosen) not in holders:
            assert ok(answer)["responder_id"] == str(chosen)
            assert self.holders(before) == [str(chosen)]
            self.by_hand.add(chosen)
        else:
            assert answer.status_code == 409

    @invariant()
    def loads_are_what_is_held_and_somebody_answers(self) -> None:
        if not hasattr(self, "ids"):
            return
        orders, loads = self.run(self.snapshot())
        held = Counter(holder for order in orders for holder in order.holders)
        for person in self.ids:
            assert loads[person] == held[person]
            assert person == self.ids[-1] or person in self.by_hand or loads[person] <= CAPACITY
        for order in orders:
            if order.state in ("assigned", "acknowledged", "in_progress"):
                assert order.responder_id in order.holders
            if order.state in ("acknowledged", "in_progress"):
                assert (len(order.holders), order.escalate_at) == (1, None)
            if order.state in ("completed", "cancelled"):
                assert (order.holders, order.escalate_at) == ([], None)

    async def snapshot(self) -> tuple[Sequence[Any], dict[UUID, int]]:
        async with self.place.app.state.database.transaction(self.place.code) as session:
            orders = (await session.execute(_SEEN, {"c": self.place.code})).all()
            loads = (await session.execute(_LOADS, {"c": self.place.code})).all()
        return orders, {row.id: row.open_orders for row in loads}

    def order(self, pick: int) -> dict[str, Any]:
        return self.run(self.place.order(self.orders[pick % len(self.orders)]))

    def holders(self, order: dict[str, Any]) -> list[str]:
        explained = self.run(self.place.explain(order["id"]))
        return [each["responder_id"] for each in explained["assignments"] if each["ended_at"] is None]


@pytest.fixture
async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_work_orders_live_as_the_table_says(new_place: NewPlace, loop: asyncio.AbstractEventLoop) -> None:
    machine = type(
        "Machine",
        (WorkOrders,),
        {"run": staticmethod(loop.run_until_complete), "new_place": staticmethod(new_place)},
    )
    limits = settings(
        max_examples=12,
        stateful_step_count=30,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],  # making a failing story shorter takes minutes
    )
    run_state_machine_as_test(machine, settings=limits)
