"""What a date brings: whoever is invited is reminded, and the office learns that a term has passed."""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID

from services.requests.deliberations import repository
from services.requests.deliberations.events import DeliberationOverdue, DeliberationReminded
from services.requests.deliberations.models import Participant
from services.requests.deliberations.service import meeting_event, outbox_row
from services.requests.deliberations.states import DeliberationState
from shared import outbox
from shared.clock import china_today, utc_now
from shared.db import AsyncSession
from shared.timers import HOURLY, Timer


async def remind(session: AsyncSession) -> int:
    """Remind everybody who has not declined. Found too late, after the meeting began, it reminds nobody."""
    now = utc_now()
    due = await repository.lock_to_remind(session, now)
    seats: dict[UUID, list[Participant]] = defaultdict(list)
    for seat in await repository.invited_to(session, due) if due else ():
        seats[seat.deliberation_id].append(seat)
    told: list[dict[str, object]] = []
    for deliberation in due:
        deliberation.remind_at = None
        if (
            deliberation.state is DeliberationState.SCHEDULED
            and deliberation.begins_at
            and deliberation.begins_at > now
        ):
            event = meeting_event(DeliberationReminded, deliberation, seats[deliberation.id])
            told.append(outbox_row(deliberation, event))
    await session.flush()
    await outbox.add_many(session, told)
    return len(due)


async def warn_of_terms(session: AsyncSession) -> int:
    """Tell once of each resolution whose term has passed without anybody reporting that it was carried out."""
    due = await repository.lock_overdue(session, china_today())
    told: list[dict[str, object]] = []
    for deliberation in due:
        deliberation.warn_on = None
        if deliberation.carry_out_by is not None:
            event = DeliberationOverdue(
                deliberation_id=deliberation.id,
                state=deliberation.state.value,
                carry_out_by=deliberation.carry_out_by,
            )
            told.append(outbox_row(deliberation, event))
    await session.flush()
    await outbox.add_many(session, told)
    return len(due)


TIMERS = (
    Timer("deliberation_reminders", every=timedelta(minutes=1), sweep=remind),
    Timer("deliberation_terms", every=HOURLY, sweep=warn_of_terms),
)
