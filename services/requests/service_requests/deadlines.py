"""The promised times of a request. Pure: every function is given the instant that counts as now.

The clock of the resolution starts at the first dispatch and never again, whoever hands the work back or on. It stops
only while the office waits for the requester. Before the first dispatch the promise is the latest that it can become:
accepted at the last moment and dispatched at once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self, TypedDict

from sqlalchemy import Row

from services.requests.categories.models import DeadlinePolicy, Urgency
from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.states import OPEN, State
from shared.worktime import WorkingCalendar

_CALENDARS = {Urgency.NORMAL: WorkingCalendar(), Urgency.URGENT: WorkingCalendar.around_the_clock()}


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


def _later(urgency: Urgency, start: datetime, working: timedelta) -> datetime:
    return _CALENDARS[urgency].add(start, working).astimezone(UTC)


class Promise(TypedDict):
    """By when, as columns of a request."""

    accept_by: datetime
    respond_by: datetime
    resolve_by: datetime


def first_promise(urgency: Urgency, terms: Terms, now: datetime) -> Promise:
    """What a request submitted now is promised. Urgent ones are accepted as they come."""
    accept_by = now if urgency is Urgency.URGENT else _later(urgency, now, terms.accept)
    return {
        "accept_by": accept_by,
        "respond_by": _later(urgency, now, terms.first_response),
        "resolve_by": _later(urgency, accept_by, terms.resolution),
    }


def start_clock(request: ServiceRequest, terms: Terms, now: datetime) -> bool:
    """Fix the time of resolution at the first dispatch. Returns False, changing nothing, at every later one."""
    if request.first_dispatched_at is not None:
        return False
    request.first_dispatched_at = now
    if request.reopened_count == 0:
        request.resolve_by = _later(request.urgency, now, terms.resolution)
    return True


def pause(request: ServiceRequest, now: datetime) -> None:
    """Stop the clock until the requester has answered. A clock that stands already keeps the time it stopped at."""
    if request.paused_at is None:
        request.paused_at = now


def resume(request: ServiceRequest, now: datetime) -> None:
    """Let the clock run on with the working time that was left when it stopped; what was overdue stays overdue."""
    stopped_at, request.paused_at = request.paused_at, None
    if stopped_at is None:
        return
    left = _CALENDARS[request.urgency].between(stopped_at, request.resolve_by)
    if left > timedelta(0):
        request.resolve_by = _later(request.urgency, max(now, stopped_at), left)


def restart_shorter(request: ServiceRequest, terms: Terms, now: datetime) -> None:
    """The shorter clock of "not solved": it runs at once, and a new dispatch does not start it again."""
    request.reopened_count += 1
    request.resolve_by = _later(request.urgency, now, terms.reopened)
    request.resolve_breached_at = None
    request.resolved_at = None


def outstanding(request: ServiceRequest) -> dict[Deadline, datetime]:
    """The deadlines that are neither met nor breached nor paused."""
    if request.state not in OPEN or request.paused_at is not None:
        return {}
    found: dict[Deadline, datetime] = {}
    if request.state is State.SUBMITTED and request.accept_breached_at is None:
        found[Deadline.ACCEPT] = request.accept_by
    if request.responded_at is None and request.respond_breached_at is None:
        found[Deadline.FIRST_RESPONSE] = request.respond_by
    if request.resolve_breached_at is None:
        found[Deadline.RESOLUTION] = request.resolve_by
    return found


def next_due(request: ServiceRequest) -> datetime | None:
    return min(outstanding(request).values(), default=None)


def mark_breached(request: ServiceRequest, now: datetime) -> dict[Deadline, datetime]:
    """Mark what has become due without being met, and return it."""
    breached = {kind: due for kind, due in outstanding(request).items() if due <= now}
    for kind in breached:
        setattr(request, _BREACHED[kind], now)
    return breached


_BREACHED = {
    Deadline.ACCEPT: "accept_breached_at",
    Deadline.FIRST_RESPONSE: "respond_breached_at",
    Deadline.RESOLUTION: "resolve_breached_at",
}


def breaches(request: ServiceRequest) -> list[Deadline]:
    """The deadlines that were not kept."""
    return [kind for kind, column in _BREACHED.items() if getattr(request, column) is not None]
