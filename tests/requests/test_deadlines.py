"""Deadlines against the reference that counts every minute, and the faults that others have, each by name."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.requests.calendars.models import CommunityCalendar
from services.requests.categories.models import Urgency
from services.requests.service_requests import deadlines
from services.requests.service_requests.deadlines import Terms
from services.requests.service_requests.models import Channel, ServiceRequest
from services.requests.service_requests.states import OPEN, State
from tests.requests.minute_clock import MinuteClock, Office, always_open, shares
from tests.requests.world import LAMP, World

MINUTE = timedelta(minutes=1)
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""09:00 in China."""
EVENING: tuple[tuple[time, time], ...] = ((time(18), time(0)),)

OFFICES = {
    "standard": Office(),
    "own hours": Office(
        usual=((time(8, 30), time(11)), (time(11), time(12)), (time(14), time(20, 15))),
        weekdays={5: ((time(9), time(12)),), 6: ((time(10), time(11, 30)),)},
        days={date(2026, 5, 4): EVENING, date(2026, 5, 6): (), date(2026, 9, 30): EVENING, date(2026, 2, 27): ()},
    ),
}


def stored(office: Office) -> CommunityCalendar | None:
    """The same calendar as the product keeps it: every other day is the community's own, against what its district has
    announced of it; of the rest the district's word holds."""
    if office == Office():
        return None

    def spells(hours: tuple[tuple[time, time], ...]) -> list[list[str]]:
        return [[opens.isoformat("minutes"), closes.isoformat("minutes")] for opens, closes in hours]

    said = {
        day.isoformat(): {"worked": bool(hours), "hours": spells(hours) or None, "note": None}
        for day, hours in office.days.items()
    }
    own = dict(list(said.items())[::2])
    against = {on: {"worked": not each["worked"], "hours": None, "note": None} for on, each in own.items()}
    return CommunityCalendar(
        community_code=f"{id(office):012d}"[-12:],
        calendar_version=1,
        hours=spells(office.usual),
        weekdays={str(day): spells(hours) for day, hours in office.weekdays.items()},
        days=own,
        area_days={on: each | {"area": "150207"} for on, each in (said | against).items()},
        created_by="test",
    )


STORED = {name: stored(office) for name, office in OFFICES.items()}
ACTIONS = (
    "accept",
    "dispatch",
    "respond",
    "wait",
    "answer",
    "resolve",
    "reopen",
    "hand_back",
    "transfer",
    "policy",
    "mediate",
    "give up",
)
starts = st.builds(
    lambda day, minute: MONDAY + timedelta(days=day, minutes=minute), st.integers(-60, 220), st.integers(0, 1439)
)
stories = st.lists(st.tuples(st.integers(0, 2 * 1440), st.sampled_from(ACTIONS)), max_size=8)
minutes = st.integers(1, 70).map(lambda tens: tens * 10)


class Played:
    """The product's request in the same story: it is swept at the very moment when something comes due."""

    def __init__(self, urgency: Urgency, calendar: CommunityCalendar | None, terms: Terms, now: datetime) -> None:
        self.terms, self.told = terms, []
        self.request = ServiceRequest(
            community_code="150207007005",
            state=State.ACCEPTED if urgency is Urgency.URGENT else State.SUBMITTED,
            category_code=LAMP,
            category_class="livelihood",
            urgency=urgency,
            channel=Channel.APP,
            created_by="x",
            key_subject_id=uuid4(),
            policy_category_code=LAMP,
            policy_version=1,
            created_at=now,
            **deadlines.first_promise(urgency, terms, now, calendar),
        )
        deadlines.count_by(self.request, calendar)

    def run_until(self, moment: datetime) -> None:
        while (due := deadlines.next_due(self.request)) is not None and due <= moment:
            passed = deadlines.mark_passed(self.request, due)
            assert passed, "what comes due is told"
            self.told += [(notch.deadline.value, notch.percent, due) for notch in passed]

    def may(self, action: str) -> bool:
        request = self.request
        state, paused = request.state, request.paused_at is not None
        return {
            "accept": state is State.SUBMITTED,
            "dispatch": state in (State.SUBMITTED, State.ACCEPTED, State.DISPATCHED, State.REOPENED),
            "wait": state is State.DISPATCHED and not paused,
            "answer": paused,
            "mediate": state in OPEN and request.promise_left is None,
            "give up": request.promise_left is not None,
            "resolve": state in (State.ACCEPTED, State.DISPATCHED, State.REOPENED),
            "reopen": state is State.RESOLVED,
        }.get(action, state is not State.RESOLVED)

    def happens(self, action: str, now: datetime) -> None:
        request = self.request
        match action:
            case "accept":
                request.state = State.ACCEPTED
            case "dispatch":
                request.state = State.DISPATCHED
                deadlines.start_clock(request, self.terms, now)
            case "respond":
                request.responded_at = request.responded_at or now
            case "wait":
                deadlines.pause(request, now)
                request.responded_at = request.responded_at or now
            case "answer":
                deadlines.resume(request, now)
            case "resolve":
                deadlines.resume(request, now)
                request.state, request.responded_at = State.RESOLVED, request.responded_at or now
            case "mediate":
                request.state = State.ACCEPTED if request.state is State.SUBMITTED else request.state
                request.responded_at = request.responded_at or now
                deadlines.start_clock(request, self.terms, now)
                deadlines.set_term(request, now + timedelta(days=31), now)
            case "give up":
                deadlines.end_term(request, now)
            case "reopen":
                request.state = State.REOPENED
                deadlines.restart_shorter(request, self.terms, now)
            case _:
                deadlines.start_clock(request, self.terms, now) if request.first_dispatched_at else None


@settings(max_examples=60, phases=[Phase.explicit, Phase.generate])  # shrinking takes minutes
@given(
    office=st.sampled_from(list(OFFICES)),
    urgency=st.sampled_from(Urgency),
    start=starts,
    story=stories,
    promised=st.tuples(minutes, minutes, minutes, minutes),
)
def test_the_clocks_agree_with_counting_every_minute(
    office: str, urgency: Urgency, start: datetime, story: list[tuple[int, str]], promised: tuple[int, ...]
) -> None:
    accept, respond, resolve, reopened = promised
    accept = 0 if urgency is Urgency.URGENT else accept
    terms = Terms(*(timedelta(minutes=each) for each in (accept, respond, resolve, min(reopened, resolve))))
    is_open = always_open if urgency is Urgency.URGENT else OFFICES[office].is_open
    reference = MinuteClock(is_open, accept, respond, resolve, min(reopened, resolve), start)
    played = Played(urgency, STORED[office], terms, start)
    if urgency is Urgency.URGENT:
        reference.happens("accept")
    now = start
    for after, action in [*story, (9 * 1440, "note")]:
        now += after * MINUTE
        reference.run_until(now)
        played.run_until(now)
        assert shares(played.told) == shares(reference.told)
        if played.may(action):
            reference.happens(action)
            played.happens(action, now)


# Faults that others have


@pytest.fixture
def at(world: World) -> Any:
    """`at(hours)`: the world so many hours after Monday's opening."""
    with time_machine.travel(MONDAY, tick=False) as clock:

        async def sweep_at(hours: float) -> None:
            clock.move_to(MONDAY + timedelta(hours=hours))
            await world.sweep()

        yield sweep_at


async def told(world: World, request_id: str) -> list[tuple[str, int]]:
    """What was told of the deadlines, in order."""
    return [
        (row.data["deadline"], row.data.get("percent", 100))
        for row in await world.published(request_id)
        if row.type.startswith("requests.deadline_")
    ]


async def submitted(world: World, *, dispatched: bool = True) -> tuple[str, UUID]:
    request_id, order = (await world.submit())["id"], uuid4()
    if dispatched:
        await world.work_order("assigned", order, request_id)
    return request_id, order


@pytest.mark.parametrize(
    ("role", "update"),
    [
        ("staff", {"kind": "note", "text": "内部备注"}),
        ("staff", {"kind": "progress", "text": "内部进展", "visibility": "internal"}),
        ("resident", {"kind": "comment", "text": "还没有人来"}),
        (None, None),
    ],
    ids=["internal note", "internal progress", "the requester's own comment", "nothing but the assignment"],
)
async def test_an_update_that_tells_the_requester_nothing_is_no_first_response(
    world: World, at: Callable[..., Any], role: str | None, update: dict[str, str] | None
) -> None:
    request_id, _ = await submitted(world)
    if role:
        await world.post(role, f"{request_id}/updates", update)
    await at(4.75)
    assert ("first_response", 80) in await told(world, request_id)
    await at(5.5)
    assert ("first_response", 100) in await told(world, request_id)


@pytest.mark.parametrize("how", ["public progress", "a question", "acknowledged"])
async def test_what_the_requester_hears_of_the_work_is_a_first_response(
    world: World, at: Callable[..., Any], how: str
) -> None:
    request_id, order = await submitted(world)
    if how == "public progress":
        await world.post("staff", f"{request_id}/updates", {"kind": "progress", "text": "电工下午到"})
    elif how == "a question":
        await world.post("staff", f"{request_id}/wait-for-requester", {"text": "几号楼?"})
        await world.post("resident", f"{request_id}/updates", {"kind": "answer", "text": "三号楼"})
    else:
        await world.work_order("acknowledged", order, request_id)
    await at(9)
    assert {deadline for deadline, _ in await told(world, request_id)} <= {"resolution"}


async def test_a_pause_is_not_lost_when_the_work_changes_hands(world: World, at: Callable[..., Any]) -> None:
    request_id, order = await submitted(world)
    await world.work_order("acknowledged", order, request_id)
    await world.post("staff", f"{request_id}/wait-for-requester", {"text": "几号楼?"})
    promised = (await world.get("staff", request_id))["resolve_by"]
    await at(48)
    await world.work_order("handed_back", order, request_id, reason="not_responsible")
    await world.work_order("assigned", order, request_id, responder_id=uuid4())
    await promise_less(world)
    seen = await world.get("staff", request_id)
    assert seen["waiting_since"] == MONDAY.isoformat().replace("+00:00", "Z")
    assert await told(world, request_id) == []
    await world.post("resident", f"{request_id}/updates", {"kind": "answer", "text": "三号楼"})
    later = (await world.get("staff", request_id))["resolve_by"]
    assert datetime.fromisoformat(later) == datetime.fromisoformat(promised) + timedelta(days=2), (
        "the same working time is left"
    )


async def test_the_promise_is_of_the_policy_under_which_it_was_given_by_decision(
    world: World, at: Callable[..., Any]
) -> None:
    """A resident was told a time. Neither another policy nor another responder gives the office a later one."""
    request_id, order = await submitted(world)
    promised = await world.get("staff", request_id)
    await promise_less(world)
    await world.work_order("handed_back", order, request_id, reason="not_responsible")
    await world.work_order("assigned", order, request_id, responder_id=uuid4())
    await world.work_order("acknowledged", order, request_id, responder_id=uuid4())
    seen = await world.get("staff", request_id)
    assert seen["resolve_by"] == promised["resolve_by"]
    assert seen["policy_version"] == promised["policy_version"] == 1
    assert (await world.submit())["resolve_by"] < promised["resolve_by"], "new ones are promised less"


async def test_a_late_dispatch_gains_no_time(world: World, at: Callable[..., Any]) -> None:
    request_id, _ = await submitted(world, dispatched=False)
    promised = (await world.get("staff", request_id))["resolve_by"]
    await at(30)
    await world.work_order("assigned", uuid4(), request_id)
    assert (await world.get("staff", request_id))["resolve_by"] == promised


async def test_lunch_is_no_working_time(world: World, at: Callable[..., Any]) -> None:
    """Two hours to accept from 11:00 on end at 14:30, and half of them is over when lunch begins."""
    await at(2)
    request_id, _ = await submitted(world, dispatched=False)
    seen = await world.get("staff", request_id)
    assert datetime.fromisoformat(seen["accept_by"]) == MONDAY + timedelta(hours=5.5)
    await at(2.9)
    assert await told(world, request_id) == []
    await at(3)
    assert await told(world, request_id) == [("accept", 50)]
    await at(4.5)
    assert await told(world, request_id) == [("accept", 50)]


async def test_each_share_is_told_once_and_a_late_sweep_tells_the_furthest(
    world: World, at: Callable[..., Any]
) -> None:
    request_id, _ = await submitted(world, dispatched=False)
    for hours in (1, 1, 1.6, 1.7, 2, 2.1):
        await at(hours)
    assert await told(world, request_id) == [
        ("accept", 50),
        ("accept", 80),
        ("accept", 100),
        ("first_response", 50),
    ]
    await at(24 * 30)
    assert (await told(world, request_id))[4:] == [("first_response", 100), ("resolution", 100)]
    await at(24 * 31)
    assert len(await told(world, request_id)) == 6
    steps = await world.steps("staff", request_id)
    assert (steps.count("deadline_warned"), steps.count("deadline_breached")) == (3, 3)
    assert not {"deadline_warned", "deadline_breached"} & set(await world.steps("resident", request_id))


async def promise_less(world: World) -> None:
    """A new version of the policy."""
    path = f"/v1/categories/{LAMP}"
    seen = await world.get("staff", path)
    terms = seen["deadlines"] | {"normal": seen["deadlines"]["normal"] | {"resolution_minutes": 421}}
    tag = {"If-Match": f'"{seen["version"]}"'}
    assert (await world.call("staff", "PATCH", path, {"deadlines": terms}, headers=tag)).status_code == 200


async def test_a_request_whose_time_cannot_be_counted_keeps_no_other_waiting(
    world: World, at: Callable[..., Any]
) -> None:
    """As a mended database may have it: a deadline before the request itself."""
    odd, request_id = (await world.submit())["id"], (await world.submit())["id"]
    await world.sql(
        "UPDATE service_request SET accept_by = created_at - interval '7 days' WHERE id = :id RETURNING id", id=odd
    )
    await at(9)
    assert await told(world, odd) == []
    assert ("accept", 100) in await told(world, request_id)
