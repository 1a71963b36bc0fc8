"""Shares of a deadline's time that pass without its being met are marked and told, once each, however late (督办).

A batch is one query, three statements and arithmetic between them, so that a sweep of very many requests neither waits
for a round trip each nor keeps urgent ones waiting.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.requests.events import DeadlineBreached, DeadlineWarned
from services.requests.overdue import repository
from services.requests.service_requests import deadlines
from services.requests.service_requests.deadlines import BREACH, Notch
from services.requests.service_requests.models import ServiceRequest, Step, TimelineEntry, Visibility
from services.requests.service_requests.timeline import SYSTEM, outbox_row
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.failures import describe
from shared.ids import new_id
from shared.outbox import outbox
from shared.statements import insert_many
from shared.timers import Timer

_IN_ONE_GO = 25
"""Requests counted before others on the event loop have their turn."""
_RETRY = timedelta(hours=1)
log = structlog.get_logger(__name__)


async def mark_overdue(session: AsyncSession) -> int:
    """Mark what has passed by now. Returns how many requests it dealt with; one that fails waits, the others go on."""
    now = utc_now()
    due = await repository.lock_due(session, now)
    lines: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for number, request in enumerate(due, start=1):
        for notch in _mark(request, now):
            lines.append(_line(request, notch, now))
            events.append(outbox_row(request, _event(request, notch)))
        if number % _IN_ONE_GO == 0:
            await asyncio.sleep(0)
    if due:
        await repository.write_marks(session, due)
        await insert_many(session, TimelineEntry.__table__, lines)
        await insert_many(session, outbox, events)
    return len(due)


def _mark(request: ServiceRequest, now: datetime) -> list[Notch]:
    try:
        passed = deadlines.mark_passed(request, now)
    except Exception as error:
        log.error("deadline_failed", request=str(request.id), error=describe(error))
        request.next_due_at = now + _RETRY
        return []
    request.next_due_at = deadlines.next_due(request)
    request.version += 1
    return passed


def _line(request: ServiceRequest, notch: Notch, now: datetime) -> dict[str, Any]:
    """A line of the timeline as a row: to make an instance of it takes as long as all the rest."""
    return {
        "community_code": request.community_code,
        "id": new_id(),
        "request_id": request.id,
        "step": Step.DEADLINE_BREACHED if notch.percent == BREACH else Step.DEADLINE_WARNED,
        "visibility": Visibility.INTERNAL,
        "state": request.state,
        "actor": "clock",
        "actor_role": SYSTEM,
        "detail": {"deadline": notch.deadline.value, "due_at": notch.due_at.isoformat(), "percent": notch.percent},
        "created_at": now,
    }


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
