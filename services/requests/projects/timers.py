"""A milestone that was not reached on its day is told once, so that somebody asks why before the project is late."""

from services.requests.projects import repository
from services.requests.projects.events import ProjectDelayed
from services.requests.projects.service import event_of
from shared import outbox
from shared.clock import china_today
from shared.db import AsyncSession
from shared.timers import HOURLY, Timer


async def warn_of_delays(session: AsyncSession) -> int:
    """Of projects that are under way; what is only planned or suspended is told once it is."""
    told: list[dict[str, object]] = []
    late = await repository.lock_late(session, china_today())
    for milestone, project in late:
        milestone.warn_on = None
        more = {"milestone_id": milestone.id, "planned_on": milestone.planned_on}
        told.append(event_of(project, ProjectDelayed, **more))
    await session.flush()
    await outbox.add_many(session, told)
    return len(late)


TIMERS = (Timer("project_delays", every=HOURLY, sweep=warn_of_delays),)
