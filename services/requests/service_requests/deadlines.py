"""The promised times of a request. Pure: every function is given the instant that counts as now.

The clock of the resolution starts at the first dispatch, at the latest when the request should have been accepted, and
never again, whoever hands the work back or on. It stops only while the office waits for the requester. Before the first
dispatch the promise is the latest that it can become: accepted at the last moment and dispatched at once.

Of the working time of each deadline the passing of a half and of four fifths is told, and its end: see `SHARES`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self, TypedDict

from sqlalchemy import Row
from sqlalchemy.orm.attributes import set_committed_value

from services.requests.calendars.calendars import AROUND_THE_CLOCK, calendar_of
from services.requests.calendars.models import CommunityCalendar
from services.requests.categories.models import DeadlinePolicy, Urgency
from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.states import OPEN, State
from shared.worktime import WorkingCalendar

BREACH = 100
SHARES = (50, 80, BREACH)
"""The shares of a deadline's time, in per cent, whose passing is told, once each; of several at once the last only."""


class Deadline(StrEnum):
    ACCEPT = "accept"
    FIRST_RESPONSE = "first_response"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True)
class Terms:
    """What one version of a policy promises."""

    accept: timedelta
    first_response: timedelta
    resolution: timedelta
    reopened: timedelta

    @classmethod
    def of(cls, policy: DeadlinePolicy | Row[Any]) -> Self:
        """The terms of a policy, or of a row that was joined with one."""
        return cls(
            timedelta(minutes=policy.accept_minutes),
            timedelta(minutes=policy.first_response_minutes),
            timedelta(minutes=policy.resolution_minutes),
            timedelta(minutes=policy.reopened_minutes),
        )


def _clock(urgency: Urgency, calendar: CommunityCalendar | None) -> WorkingCalendar:
    """Urgent time runs around the clock, whatever the community's calendar says."""
    return AROUND_THE_CLOCK if urgency is Urgency.URGENT else calendar_of(calendar)


def _later(request: ServiceRequest, start: datetime, working: timedelta) -> datetime:
    return _clock(request.urgency, request.calendar).add(start, working).astimezone(UTC)


class Promise(TypedDict):
    """By when, as columns of a request."""

    accept_by: datetime
    respond_by: datetime
    resolve_by: datetime
    resolve_minutes: int


def first_promise(urgency: Urgency, terms: Terms, now: datetime, calendar: CommunityCalendar | None = None) -> Promise:
    """What a request submitted now is promised. Urgent ones are accepted as they come."""
    clock = _clock(urgency, calendar)
    accept_by = now if urgency is Urgency.URGENT else clock.add(now, terms.accept).astimezone(UTC)
    return {
        "accept_by": accept_by,
        "respond_by": clock.add(now, terms.first_response).astimezone(UTC),
        "resolve_by": clock.add(accept_by, terms.resolution).astimezone(UTC),
        "resolve_minutes": _minutes(terms.resolution),
    }


def count_by(request: ServiceRequest, calendar: CommunityCalendar | None) -> None:
    """Count what is promised from now on by this calendar, which is of the request's own community."""
    request.calendar_version = calendar.calendar_version if calendar else None
    set_committed_value(request, "calendar", calendar)


def start_clock(request: ServiceRequest, terms: Terms, now: datetime) -> bool:
    """Fix the time of resolution at the first dispatch. Returns False, changing nothing, at every later one.

    A dispatch that comes after the request should have been accepted gains no time by that.
    """
    if request.first_dispatched_at is not None:
        return False
    request.first_dispatched_at = now
    if request.reopened_count == 0:
        request.resolve_by = min(request.resolve_by, _later(request, now, terms.resolution))
    return True


def pause(request: ServiceRequest, now: datetime) -> None:
    """Stop the clock until the requester has answered. A clock that stands already keeps the time it stopped at."""
    if request.paused_at is None:
        request.paused_at = now


def resume(request: ServiceRequest, now: datetime) -> None:
    """Let the clock run on with the working time that was left when it stopped; what was overdue stays overdue."""
    stopped_at, request.paused_at = request.paused_at, None
    if stopped_at is None or request.promise_left is not None:
        return
    left = _clock(request.urgency, request.calendar).between(stopped_at, request.resolve_by)
    if left > timedelta(0):
        request.resolve_by = _later(request, max(now, stopped_at), left)


def set_term(request: ServiceRequest, until: datetime, now: datetime) -> bool:
    """Let the term that the parties of a mediation agreed to stand in place of the promise, or move that term.

    False, changing nothing: the promise was broken already, and stays so.
    """
    if request.promise_left is None:
        resume(request, now)
        if request.resolve_by <= now or request.resolve_breached_at is not None:
            return False
        request.promise_left = _clock(request.urgency, request.calendar).between(now, request.resolve_by)
    request.resolve_by = max(request.resolve_by, until)
    return True


def end_term(request: ServiceRequest, now: datetime) -> bool:
    """Without an agreement the promise stands again, with the working time that was left of it."""
    left, request.promise_left = request.promise_left, None
    if left is None:
        return False
    request.resolve_by = _later(request, now, left)
    if request.paused_at is not None:
        request.paused_at = now
    return True


def restart_shorter(request: ServiceRequest, terms: Terms, now: datetime) -> None:
    """The shorter clock of "not solved": it runs at once, and a new dispatch does not start it again."""
    request.reopened_count += 1
    request.promise_left = None
    request.resolve_by = _later(request, now, terms.reopened)
    request.resolve_minutes = _minutes(terms.reopened)
    request.resolve_breached_at = None
    request.resolve_warned = 0
    request.resolved_at = None


def outstanding(request: ServiceRequest) -> dict[Deadline, datetime]:
    """The deadlines that are neither met nor breached nor paused. A mediation's term has reminders of its own."""
    if request.state not in OPEN or request.paused_at is not None:
        return {}
    found: dict[Deadline, datetime] = {}
    if request.state is State.SUBMITTED and request.accept_breached_at is None:
        found[Deadline.ACCEPT] = request.accept_by
    if request.responded_at is None and request.respond_breached_at is None:
        found[Deadline.FIRST_RESPONSE] = request.respond_by
    if request.resolve_breached_at is None and request.promise_left is None:
        found[Deadline.RESOLUTION] = request.resolve_by
    return found


@dataclass(frozen=True, slots=True)
class Notch:
    """A share of a deadline's time that has passed without the deadline being met."""

    deadline: Deadline
    percent: int
    due_at: datetime


def next_due(request: ServiceRequest) -> datetime | None:
    """When the next warning or end of a deadline comes, if nothing happens before."""
    return min((_next_of(request, kind, due) for kind, due in outstanding(request).items()), default=None)


def mark_passed(request: ServiceRequest, now: datetime) -> list[Notch]:
    """Mark the shares of time that have passed by now, and return the furthest of each deadline that is new."""
    passed = [
        Notch(kind, new[-1], due)
        for kind, due in outstanding(request).items()
        if (new := [share for share, at in _to_come(request, kind, due) if at <= now])
    ]
    for notch in passed:
        setattr(request, _WARNED[notch.deadline], notch.percent)
        if notch.percent == BREACH:
            setattr(request, _BREACHED[notch.deadline], now)
    return passed


def _next_of(request: ServiceRequest, kind: Deadline, due: datetime) -> datetime:
    return _to_come(request, kind, due)[0][1]


def _to_come(request: ServiceRequest, kind: Deadline, due: datetime) -> list[tuple[int, datetime]]:
    """The shares of this deadline's time that were not told yet, and when they have passed.

    Counted back from the end, which a pause has moved already: at 80 % a fifth of the working time is left.
    """
    clock, told = _clock(request.urgency, request.calendar), getattr(request, _WARNED[kind])
    whole = _whole(request, kind)
    return [
        (share, due if share == BREACH else clock.subtract(due, whole * (BREACH - share) / BREACH).astimezone(UTC))
        for share in SHARES
        if share > told
    ]


def _whole(request: ServiceRequest, kind: Deadline) -> timedelta:
    """The working time that the deadline gave in all."""
    if kind is Deadline.RESOLUTION:
        return timedelta(minutes=request.resolve_minutes)
    due = request.accept_by if kind is Deadline.ACCEPT else request.respond_by
    return _clock(request.urgency, request.calendar).between(request.created_at, due)


def _minutes(working: timedelta) -> int:
    return working // timedelta(minutes=1)


_BREACHED = {
    Deadline.ACCEPT: "accept_breached_at",
    Deadline.FIRST_RESPONSE: "respond_breached_at",
    Deadline.RESOLUTION: "resolve_breached_at",
}
_WARNED = {
    Deadline.ACCEPT: "accept_warned",
    Deadline.FIRST_RESPONSE: "respond_warned",
    Deadline.RESOLUTION: "resolve_warned",
}


def breaches(request: ServiceRequest) -> list[Deadline]:
    """The deadlines that were not kept."""
    return [kind for kind, column in _BREACHED.items() if getattr(request, column) is not None]
