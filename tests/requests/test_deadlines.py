"""Deadlines against the reference that counts every minute, and the faults that others have, each by name."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from services.requests.calendars.models import CommunityCalendar
from services.requests.categories.models import Urgency
from services.requests.service_requests import deadlines
from services.requests.service_requests.deadlines import Terms
from services.requests.service_requests.models import Channel, ServiceRequest
from services.requests.service_requests.states import State
from tests.requests.minute_clock import MinuteClock, Office, always_open, shares
from tests.requests.world import LAMP

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
    """The same calendar as the product keeps it."""
    if office == Office():
        return None

    def spells(hours: tuple[tuple[time, time], ...]) -> list[list[str]]:
        return [[opens.isoformat("minutes"), closes.isoformat("minutes")] for opens, closes in hours]

    return CommunityCalendar(
        community_code=f"{id(office):012d}"[-12:],
        calendar_version=1,
        hours=spells(office.usual),
        weekdays={str(day): spells(hours) for day, hours in office.weekdays.items()},
        days={
            day.isoformat(): {"worked": bool(hours), "hours": spells(hours) or None, "note": None}
            for day, hours in office.days.items()
        },
        created_by="test",
    )


STORED = {name: stored(office) for name, office in OFFICES.items()}
ACTIONS = ("accept", "dispatch", "respond", "wait", "answer", "resolve", "reopen", "hand_back", "transfer", "policy")
starts = st.builds(
    lambda day, minute: MONDAY + timedelta(days=day, minutes=minute), st.integers(-60, 220), st.integers(0, 1439)
)
stories = st.lists(st.tuples(st.integers(0, 5 * 1440), st.sampled_from(ACTIONS)), max_size=9)
minutes = st.integers(1, 120).map(lambda tens: tens * 10)


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
        state, paused = self.request.state, self.request.paused_at is not None
        return {
            "accept": state is State.SUBMITTED,
            "dispatch": state in (State.SUBMITTED, State.ACCEPTED, State.DISPATCHED, State.REOPENED),
            "wait": state is State.DISPATCHED and not paused,
            "answer": paused,
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
            case "reopen":
                request.state = State.REOPENED
                deadlines.restart_shorter(request, self.terms, now)
            case _:
                deadlines.start_clock(request, self.terms, now) if request.first_dispatched_at else None


@settings(max_examples=120, deadline=None)
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
    for after, action in [*story, (20 * 1440, "note")]:
        now += after * MINUTE
        reference.run_until(now)
        played.run_until(now)
        assert shares(played.told) == shares(reference.told)
        if played.may(action):
            reference.happens(action)
            played.happens(action, now)
