"""Holidays and make-up days of an area: announced once, in the calendar of every community under it."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from services.requests.area_days import repository
from services.requests.area_days.errors import AreaDayExists
from services.requests.area_days.models import AreaDay
from services.requests.area_days.schemas import AreaDayCreate
from services.requests.calendars.schemas import definition_of
from services.requests.calendars.service import STANDARD_HOURS
from shared.auth import Principal
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.timers import Timer

_CLOCK = "clock"


async def announce(session: AsyncSession, principal: Principal, data: AreaDayCreate) -> dict[str, Any]:
    """From now on; a community's own decision about the day goes before it, and what was promised stays promised."""
    area = data.area or principal.area
    if len(area) >= 12 or not principal.may_see(area):
        raise NotFound
    announced = AreaDay(community_code=area, day=data.on, definition=definition_of(data), created_by=principal.subject)
    try:
        async with session.begin_nested():
            session.add(announced)
    except IntegrityError as error:
        raise AreaDayExists from error
    return present(announced) | {"changed": await _spread(session, area, principal.subject)}


async def withdraw(session: AsyncSession, principal: Principal, day_id: UUID) -> dict[str, Any]:
    """The day is again what a wider area, the announcement of the State Council and the week say."""
    announced = await repository.lock_announced(session, principal, day_id)
    announced.withdrawn_by, announced.withdrawn_at = principal.subject, utc_now()
    await session.flush()
    return present(announced) | {"changed": await _spread(session, announced.community_code, principal.subject)}


def present(announced: AreaDay) -> dict[str, Any]:
    return announced.definition | {
        "id": announced.id,
        "area": announced.community_code,
        "on": announced.day,
        "created_at": announced.created_at,
        "withdrawn_at": announced.withdrawn_at,
    }


async def spread_everywhere(session: AsyncSession) -> int:
    """Communities that were founded since have what their areas announced, too."""
    await _spread(session, EVERYWHERE, _CLOCK)
    return 0


async def _spread(session: AsyncSession, area: str, by: str) -> int:
    values = {"hours": json.dumps(STANDARD_HOURS), "by": by, "now": utc_now()}
    return await repository.spread(session, area, values)


TIMERS = (Timer("area_days", every=timedelta(minutes=10), sweep=spread_everywhere),)
