"""Deadlines that pass without being met are marked and told, once each, however late the sweep runs (督办)."""

from datetime import timedelta

from services.requests.events import DeadlineBreached
from services.requests.service_requests import deadlines, repository
from services.requests.service_requests.models import ServiceRequest, Step, Visibility
from services.requests.service_requests.timeline import Actor, entry_of, outbox_row
from shared import outbox
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.timers import Timer

_CLOCK = Actor.service("clock")


async def mark_overdue(session: AsyncSession) -> int:
    """Mark the deadlines that have come by now. Returns how many requests it dealt with."""
    now = utc_now()
    due = await repository.lock_due(session, now)
    told: list[dict[str, object]] = []
    for request in due:
        breached = deadlines.mark_breached(request, now)
        request.next_due_at = deadlines.next_due(request)
        request.version += 1
        for kind, due_at in breached.items():
            detail = {"deadline": kind.value, "due_at": due_at.isoformat()}
            session.add(
                entry_of(request, Step.DEADLINE_BREACHED, _CLOCK, visibility=Visibility.INTERNAL, detail=detail, at=now)
            )
            told.append(outbox_row(request, _event(request, kind, due_at)))
    await session.flush()
    await outbox.add_many(session, told)
    return len(due)


def _event(request: ServiceRequest, kind: deadlines.Deadline, due_at) -> DeadlineBreached:
    return DeadlineBreached(
        request_id=request.id,
        deadline=kind.value,
        due_at=due_at,
        state=request.state.value,
        grid_code=request.grid_code,
        category=request.category_code,
        urgency=request.urgency.value,
    )


TIMERS = (Timer("deadlines", every=timedelta(seconds=15), sweep=mark_overdue),)
