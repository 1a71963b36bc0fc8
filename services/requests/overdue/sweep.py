"""Shares of a deadline's time that pass without its being met are marked and told, once each, however late (督办).

A batch is one query, three statements and arithmetic between them, so that a sweep of very many requests neither waits
for a round trip each nor keeps the event loop from urgent ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.requests.events import DeadlineBreached, DeadlineWarned
from services.requests.overdue import repository
from services.requests.service_requests import deadlines
from services.requests.service_requests.deadlines import BREACH, Notch
from services.requests.service_requests.models import ServiceRequest, Step, TimelineEntry, Visibility
from services.requests.service_requests.timeline import Actor, entry_of, outbox_row
from shared.clock import utc_now
from shared.db import AsyncSession, columns_of
from shared.outbox import outbox
from shared.statements import insert_many
from shared.timers import Timer

_CLOCK = Actor.service("clock")


@dataclass(frozen=True, slots=True)
class Told:
    """What a batch writes."""

    requests: Sequence[ServiceRequest]
    entries: list[dict[str, Any]]
    events: list[dict[str, Any]]


async def mark_overdue(session: AsyncSession) -> int:
    """Mark what has passed by now. Returns how many requests it dealt with."""
    now = utc_now()
    due = await repository.lock_due(session, now)
    if due:
        told = _mark(due, now)
        await repository.write_marks(session, told.requests)
        await insert_many(session, TimelineEntry.__table__, told.entries)
        await insert_many(session, outbox, told.events)
    return len(due)


def _mark(due: Sequence[ServiceRequest], now: datetime) -> Told:
    told = Told(due, [], [])
    for request in due:
        passed = deadlines.mark_passed(request, now)
        request.next_due_at = deadlines.next_due(request)
        request.version += 1
        for notch in passed:
            told.entries.append(columns_of(_entry(request, notch, now)))
            told.events.append(outbox_row(request, _event(request, notch)))
    return told


def _entry(request: ServiceRequest, notch: Notch, now: datetime) -> TimelineEntry:
    step = Step.DEADLINE_BREACHED if notch.percent == BREACH else Step.DEADLINE_WARNED
    detail = {"deadline": notch.deadline.value, "due_at": notch.due_at.isoformat(), "percent": notch.percent}
    return entry_of(request, step, _CLOCK, visibility=Visibility.INTERNAL, detail=detail, at=now)


def _event(request: ServiceRequest, notch: Notch) -> DeadlineWarned | DeadlineBreached:
    said: dict[str, Any] = {
        "request_id": request.id,
        "deadline": notch.deadline.value,
        "due_at": notch.due_at,
        "state": request.state.value,
        "grid_code": request.grid_code,
        "category": request.category_code,
        "urgency": request.urgency.value,
        "responder_id": request.responder_id,
    }
    return DeadlineBreached(**said) if notch.percent == BREACH else DeadlineWarned(**said, percent=notch.percent)


TIMERS = (Timer("deadlines", every=timedelta(seconds=15), sweep=mark_overdue),)
