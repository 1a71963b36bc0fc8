"""A result that nobody has contradicted for a week counts as accepted, and the request is closed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import col

from services.requests.service_requests.followers import audience_of
from services.requests.service_requests.models import ServiceRequest, Step, TimelineEntry
from services.requests.service_requests.states import Action, after
from services.requests.service_requests.timeline import Actor, entry_of, events_of, keep_times
from shared.clock import utc_now
from shared.db import AsyncSession, columns_of
from shared.outbox import outbox
from shared.statements import insert_many
from shared.timers import Timer

BATCH = 200
_CLOCK = Actor.service("clock")


async def confirm_unanswered(session: AsyncSession) -> int:
    """Close what is due; returns how many requests it were."""
    now = utc_now()
    due = await _lock_unanswered(session, now)
    audience = await audience_of(session, due)
    entries, events = [], []
    for request in due:
        request.state = after(request.state, Action.CONFIRM)
        entry = entry_of(request, Step.CONFIRMED, _CLOCK, detail={"unanswered": True}, at=now)
        keep_times(request, now)
        entries.append(columns_of(entry))
        events += events_of(request, entry, audience[request.id])
    await session.flush()
    await insert_many(session, TimelineEntry.__table__, entries)
    await insert_many(session, outbox, events)
    return len(due)


async def _lock_unanswered(session: AsyncSession, now: datetime) -> Sequence[ServiceRequest]:
    statement = (
        select(ServiceRequest)
        .where(col(ServiceRequest.confirm_by) <= now)
        .order_by(col(ServiceRequest.confirm_by))
        .limit(BATCH)
        .with_for_update(of=ServiceRequest, skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


TIMERS = (Timer("unanswered_requests", every=timedelta(minutes=1), sweep=confirm_unanswered),)
