from datetime import timedelta

from services.residents.sync import repository
from services.residents.sync.cursor import RETENTION
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.timers import HOURLY, Timer

EDITS_KEPT = timedelta(days=30)
"""For so long an edit that is sent again is known to have been applied."""
BATCH = 1000


def sync_timers() -> list[Timer]:
    return [
        Timer("sync_removals_forgotten", HOURLY, forget_removals),
        Timer("sync_edits_forgotten", HOURLY, forget_edits),
    ]


async def forget_removals(session: AsyncSession) -> int:
    """A day later than a copy may be: a removal has the time at which its transaction began."""
    return await repository.forget_removals(session, utc_now() - RETENTION - timedelta(days=1), BATCH)


async def forget_edits(session: AsyncSession) -> int:
    return await repository.forget_edits(session, utc_now() - EDITS_KEPT, BATCH)
