"""The promised times, as arithmetic and as a machine that plays a request's life in every order over the interface.

What must hold: the clock starts at the first dispatch; no hand-back, reassignment or change of policy resets it; it
stands only while the office waits for the requester and loses no working time by it; "not solved" gives a shorter one.
"""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.requests.callbacks.sweep import confirm_unanswered
from services.requests.categories.models import Urgency
from services.requests.closing.service import REOPEN_WITHIN
from services.requests.overdue.sweep import mark_overdue
from services.requests.service_requests import deadlines
from services.requests.service_requests.deadlines import Terms
from services.requests.service_requests.models import Channel, ServiceRequest
from services.requests.service_requests.states import OPEN, TRANSITIONS, UNDER_WAY, Action, State, is_possible
from services.requests.service_requests.timeline import CONFIRM_WITHIN
from shared.worktime import WorkingCalendar
from tests.requests.world import LAMP, REFUSAL, World, found

OFFICE = WorkingCalendar()
TERMS = Terms(*(timedelta(minutes=minutes) for minutes in (120, 240, 1260, 420)))
"""Those of a street lamp."""
TAKING_UP = frozenset({"assigned", "acknowledged", "started", "completed"})
"""Events of a work order that start the clock."""
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday, 09:00 in China."""

instants = st.timedeltas(timedelta(0), timedelta(days=270)).map(lambda after: START + after)
spans = st.timedeltas(timedelta(0), timedelta(days=20))


def a_request(now: datetime, urgency: Urgency = Urgency.NORMAL) -> ServiceRequest:
    return ServiceRequest(
        community_code="150207007005",
        state=State.SUBMITTED,
        category_code=LAMP,
        category_class="livelihood",
        urgency=urgency,
        channel=Channel.APP,
        created_by="x",
        key_subject_id=uuid4(),
        policy_category_code=LAMP,
        policy_version=1,
        **deadlines.first_promise(urgency, TERMS, now),
    )


@given(now=instants, urgency=st.sampled_from(Urgency))
def test_a_promise_is_never_earlier_than_now_and_never_later_than_told(now: datetime, urgency: Urgency) -> None:
    request = a_request(now, urgency)
    assert now <= request.accept_by <= request.resolve_by
    told = request.resolve_by
    deadlines.start_clock(request, TERMS, now)
    assert request.resolve_by <= told


@given(now=instants, waited=spans, worked=spans)
def test_a_pause_costs_no_working_time(now: datetime, waited: timedelta, worked: timedelta) -> None:
    request = a_request(now)
    deadlines.start_clock(request, TERMS, now)
    stopped = now + worked
    left = OFFICE.between(stopped, request.resolve_by)
    promised = request.resolve_by
    deadlines.pause(request, stopped)
    deadlines.pause(request, stopped + timedelta(hours=3))
    assert deadlines.next_due(request) is None
    deadlines.resume(request, stopped + waited)
    if left > timedelta(0):
        assert OFFICE.between(stopped + waited, request.resolve_by) == left
    else:
        assert request.resolve_by == promised, "what was overdue stays overdue"


@given(now=instants, later=spans)
def test_the_clock_starts_once(now: datetime, later: timedelta) -> None:
    request = a_request(now)
    assert deadlines.start_clock(request, TERMS, now)
    promised = request.resolve_by
    assert not deadlines.start_clock(request, TERMS, now + later)
    assert (request.first_dispatched_at, request.resolve_by) == (now, promised)


def test_every_state_is_reached_and_every_end_is_an_end() -> None:
    reached = {State.SUBMITTED} | {leads_to for _from, leads_to in TRANSITIONS.values() if leads_to}
    assert reached == set(State)
    for end in (State.REJECTED, State.WITHDRAWN):
        assert not any(is_possible(end, action) for action in Action)
    assert UNDER_WAY < OPEN


class Life(RuleBasedStateMachine):
    """Plays people and work orders against the interface, and knows what must follow."""

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.loop = loop
        self.traveller = time_machine.travel(START, tick=False)
        self.clock = self.traveller.start()
        self.now = START
        self.world = self.run(found(app))

    def teardown(self) -> None:
        self.traveller.stop()

    def run(self, work: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(asyncio.ensure_future(work, loop=self.loop))

    @initialize()
    def submit(self) -> None:
        made = self.run(self.world.submit())
        self.id, self.state = made["id"], State.SUBMITTED
        self.due = OFFICE.add(OFFICE.add(self.now, TERMS.accept), TERMS.resolution)
        self.started_at: datetime | None = None
        self.paused_at: datetime | None = None
        self.order: UUID = uuid4()
        self.rounds = 0
        self.breached = False
        self.resolved_at: datetime | None = None
        self.closed_at: datetime | None = None

    def act(self, role: str, verb: str, action: Action | None, json: Any, allowed: bool) -> bool:
        """Try the verb; the answer must be what the machine's model says."""
        response = self.run(self.world.call(role, "POST", f"{self.id}/{verb}", json))
        assert (response.status_code == 200) == allowed, (verb, self.state, response.text)
        if not allowed:
            assert response.status_code == 409
        elif action is not None:
            self.state = TRANSITIONS[action][1] or self.state
            self.closed_at = self.now if action is Action.CONFIRM else self.closed_at
        return allowed

    def may_reopen(self) -> bool:
        """For a month after the confirmation."""
        in_time = self.state is State.RESOLVED or self.closed_at is None or self.now <= self.closed_at + REOPEN_WITHIN
        return is_possible(self.state, Action.REOPEN) and in_time

    def end_pause(self) -> None:
        if self.paused_at is not None:
            left = OFFICE.between(self.paused_at, self.due)
            if left > timedelta(0):
                self.due = OFFICE.add(self.now, left)
            self.paused_at = None

    # Time

    @rule(hours=st.integers(1, 70))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.clock.move_to(self.now)

    def sweep(self) -> None:
        self.run(self._sweep())
        if self.state in OPEN and self.paused_at is None and self.due <= self.now:
            self.breached = True
        self.resolved_at = (self.resolved_at or self.now) if self.state is State.RESOLVED else None
        if self.resolved_at and self.now >= self.resolved_at + CONFIRM_WITHIN:
            self.state, self.closed_at = State.CONFIRMED, self.now

    async def _sweep(self) -> None:
        async with self.world.database.transaction(self.world.code) as session:
            while await mark_overdue(session):
                pass
            await confirm_unanswered(session)

    # The office

    @rule()
    def accept(self) -> None:
        self.act("staff", "accept", Action.ACCEPT, None, is_possible(self.state, Action.ACCEPT))

    @rule()
    def reject(self) -> None:
        if self.act("staff", "reject", Action.REJECT, REFUSAL, is_possible(self.state, Action.REJECT)):
            self.end_pause()

    @rule()
    def resolve(self) -> None:
        if self.act("staff", "resolve", Action.RESOLVE, {"text": "好了"}, is_possible(self.state, Action.RESOLVE)):
            self.end_pause()

    @rule()
    def wait(self) -> None:
        allowed = is_possible(self.state, Action.WAIT) and self.paused_at is None
        if self.act("staff", "wait-for-requester", Action.WAIT, {"text": "几号楼?"}, allowed):
            self.paused_at = self.now

    @rule()
    def promise_less(self) -> None:
        """A change of policy, which must not touch what runs."""
        path = f"/v1/categories/{LAMP}"
        seen = self.run(self.world.get("staff", path))
        terms = seen["deadlines"] | {"normal": seen["deadlines"]["normal"] | {"resolution_minutes": 421}}
        tag = {"If-Match": f'"{seen["version"]}"'}
        changed = self.run(self.world.call("staff", "PATCH", path, {"deadlines": terms}, headers=tag))
        assert changed.status_code == 200

    # Work orders

    def event(self, what: str, **data: Any) -> bool:
        """An event of the present order. Returns whether it may move the request."""
        self.run(self.world.work_order(what, self.order, self.id, **data))
        moves = self.state in OPEN
        if moves and what in TAKING_UP and self.started_at is None:
            self.started_at = self.now
            if self.rounds == 0:
                self.due = min(self.due, OFFICE.add(self.now, TERMS.resolution))
        return moves

    @rule()
    def assigned(self) -> None:
        if self.event("assigned", responder_id=uuid4()):
            self.state = State.DISPATCHED

    @rule()
    def acknowledged(self) -> None:
        if self.event("acknowledged") and self.state not in UNDER_WAY:
            self.state = State.DISPATCHED

    @rule()
    def started(self) -> None:
        if self.event("started"):
            self.state = State.IN_PROGRESS

    @rule()
    def handed_back(self) -> None:
        if self.event("handed_back", reason="no_access") and self.state in UNDER_WAY:
            self.state = State.DISPATCHED

    @rule()
    def completed(self) -> None:
        if self.event("completed", outcome="done"):
            self.end_pause()
            self.state = State.RESOLVED

    # The requester

    @rule()
    def answer(self) -> None:
        data = {"kind": "answer", "text": "三号楼"}
        if self.act("resident", "updates", None, data, self.paused_at is not None):
            self.end_pause()

    @rule()
    def confirm(self) -> None:
        self.act("resident", "confirm", Action.CONFIRM, {}, is_possible(self.state, Action.CONFIRM))

    @precondition(lambda self: is_possible(self.state, Action.REOPEN))
    @rule()
    def reopen(self) -> None:
        if self.act("resident", "reopen", Action.REOPEN, {}, self.may_reopen()):
            self.begin_round()

    def begin_round(self) -> None:
        self.rounds += 1
        self.order = uuid4()
        self.due = OFFICE.add(self.now, TERMS.reopened)
        self.breached = False

    @rule()
    def withdraw(self) -> None:
        if self.act("resident", "withdraw", Action.WITHDRAW, {}, is_possible(self.state, Action.WITHDRAW)):
            self.end_pause()

    @invariant()
    def is_as_expected(self) -> None:
        self.sweep()  # as a running timer may at any moment
        self.seen = seen = self.run(self.world.get("staff", self.id))
        assert seen["state"] == self.state
        assert _at(seen["resolve_by"]) == self.due
        assert _at(seen["clock_started_at"]) == self.started_at
        assert _at(seen["waiting_since"]) == self.paused_at
        assert ("resolution" in seen["breached"]) == self.breached


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@pytest.fixture
async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_a_request_lives_as_the_table_says(api: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
    run_state_machine_as_test(
        lambda: Life(api, loop),
        settings=settings(
            max_examples=12,  # `test_whole_life` plays all of this as well
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # making a failing life shorter takes minutes
        ),
    )


async def test_deadlines_that_pass_are_told_once_each(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        request_id = (await world.submit())["id"]
        await world.sweep()
        assert (await world.event_names(request_id))[1:] == []
        clock.shift(timedelta(days=1))
        await world.sweep()
        await world.sweep()
        seen = await world.get("staff", request_id)
        assert seen["breached"] == ["accept", "first_response"]
        clock.shift(timedelta(days=30))
        await world.sweep()
        told = [row.data["deadline"] for row in await world.published(request_id) if "breached" in row.type]
        assert told == ["accept", "first_response", "resolution"]
        assert "deadline_breached" in await world.steps("staff", request_id)
        assert "deadline_breached" not in await world.steps("resident", request_id)


async def test_whoever_works_on_it_hears_how_the_promised_time_moves(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        request_id = (await world.submit())["id"]
        await world.work_order("assigned", uuid4(), request_id)
        told = [await _told_by(world, request_id)]
        await world.post("staff", f"{request_id}/wait-for-requester", {"text": "几号楼?"})
        clock.shift(timedelta(days=1))
        await world.post("resident", f"{request_id}/updates", {"kind": "answer", "text": "三号楼"})
        told.append(await _told_by(world, request_id))
        assert told == [OFFICE.add(START, TERMS.resolution), OFFICE.add(START + timedelta(days=1), TERMS.resolution)]


async def _told_by(world: World, request_id: str) -> datetime | None:
    """What the last event of the request says, whoever it is for."""
    rows = await world.sql(
        "SELECT data ->> 'resolve_by' FROM outbox WHERE subject = :subject ORDER BY id DESC LIMIT 1",
        subject=f"service-requests/{request_id}",
    )
    return _at(rows[0][0])


async def test_urgent_time_runs_through_the_night(world: World) -> None:
    with time_machine.travel(START + timedelta(hours=13), tick=False):
        urgent = await world.submit("staff", category="public_safety.manhole")
        assert _at(urgent["resolve_by"]) == START + timedelta(hours=13 + 8)


async def test_a_responder_without_account_of_the_requester_ends_the_wait_for_them(world: World) -> None:
    request_id = (await world.submit("staff", channel="phone"))["id"]
    await world.work_order("assigned", uuid4(), request_id)
    await world.post("responder", f"{request_id}/wait-for-requester", {"text": "请回电"})
    assert (await world.get("staff", request_id))["waiting_since"] is not None
    again = await world.call("staff", "POST", f"{request_id}/wait-for-requester", {"text": "请回电"})
    assert (again.status_code, again.json()["code"]) == (409, "already-waiting")
    await world.post("staff", f"{request_id}/updates", {"kind": "answer", "text": "已回电"})
    assert (await world.get("staff", request_id))["waiting_since"] is None
