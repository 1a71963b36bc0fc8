"""Selects of announced days, and the one statement that carries them into the communities' calendars."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlmodel import col

from services.requests.area_days.models import AreaDay
from services.requests.calendars import repository as calendars
from shared.auth import Principal
from shared.codes import EVERYWHERE
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound

NEWEST = (col(AreaDay.community_code).desc(), col(AreaDay.id).desc())

_SPREAD = text(
    """
    WITH wanted AS (
        SELECT community.community_code, coalesce((
            SELECT jsonb_object_agg(nearest.day, nearest.definition || jsonb_build_object('area', nearest.area))
            FROM (
                SELECT DISTINCT ON (area_day.day) area_day.day, area_day.definition, area_day.community_code AS area
                FROM area_day
                WHERE area_day.withdrawn_at IS NULL
                  AND starts_with(community.community_code, area_day.community_code)
                ORDER BY area_day.day, length(area_day.community_code) DESC
            ) AS nearest
        ), '{}') AS area_days
        FROM (
            SELECT community_code FROM category
            WHERE parent_code IS NULL AND community_code BETWEEN :low AND :high GROUP BY community_code
        ) AS community
    ), latest AS (
        SELECT DISTINCT ON (community_code) * FROM community_calendar
        WHERE community_code BETWEEN :low AND :high
        ORDER BY community_code, calendar_version DESC
    )
    INSERT INTO community_calendar
        (community_code, calendar_version, hours, weekdays, days, area_days, created_by, created_at)
    SELECT wanted.community_code, coalesce(latest.calendar_version, 0) + 1,
           coalesce(latest.hours, CAST(:hours AS jsonb)), coalesce(latest.weekdays, '{}'), coalesce(latest.days, '{}'),
           wanted.area_days, :by, :now
    FROM wanted LEFT JOIN latest USING (community_code)
    WHERE wanted.area_days <> coalesce(latest.area_days, '{}')
    RETURNING community_code
    """
)
"""Of two areas that say something of one day the smaller is nearer to the community, and holds."""


def announced(principal: Principal) -> Select[AreaDay]:
    """What the caller's area and those within it have announced."""
    return select(AreaDay).where(in_area(col(AreaDay.community_code), principal.area))


async def lock_announced(session: AsyncSession, principal: Principal, day_id: UUID) -> AreaDay:
    statement = announced(principal).where(col(AreaDay.id) == day_id, col(AreaDay.withdrawn_at).is_(None))
    found = (await session.execute(statement.with_for_update())).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def spread(session: AsyncSession, area: str, values: dict[str, Any]) -> int:
    """Give every community within `area` whose calendar says otherwise its next version; returns how many."""
    await calendars.lock_all(session)
    prefix = "" if area == EVERYWHERE else area
    bounds = {"low": prefix.ljust(12, "0"), "high": prefix.ljust(12, "9")}
    return len((await session.execute(_SPREAD, bounds | values)).all())
