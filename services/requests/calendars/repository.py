from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlmodel import col

from services.requests.calendars.models import CommunityCalendar
from shared.db import AsyncSession

_LOCK_ONE = text(
    """
    SELECT pg_advisory_xact_lock_shared(hashtextextended('calendars', 365008)),
           pg_advisory_xact_lock(hashtextextended('calendar/' || :community, 365008))
    """
)
_LOCK_ALL = text("SELECT pg_advisory_xact_lock(hashtextextended('calendars', 365008))")


DEFINITION = (
    col(CommunityCalendar.calendar_version),
    col(CommunityCalendar.hours),
    col(CommunityCalendar.weekdays),
    col(CommunityCalendar.days),
    col(CommunityCalendar.area_days),
    col(CommunityCalendar.created_at).label("calendar_created_at"),
)
"""For queries that read the calendar beside other things: see `calendars.calendar_in`."""


def is_latest(community_code: Any) -> ColumnElement[bool]:
    """The community's calendar in force; no row where it has none of its own."""
    own = col(CommunityCalendar.community_code) == community_code
    latest = select(func.max(col(CommunityCalendar.calendar_version))).where(own)
    return own & (col(CommunityCalendar.calendar_version) == latest.scalar_subquery())


async def find_latest(session: AsyncSession, community_code: str) -> CommunityCalendar | None:
    statement = select(CommunityCalendar).where(is_latest(community_code))
    return (await session.execute(statement)).scalar_one_or_none()


async def find_version(session: AsyncSession, community_code: str, number: int) -> CommunityCalendar | None:
    return await session.get(CommunityCalendar, (community_code, number))


async def lock_latest(session: AsyncSession, community_code: str) -> CommunityCalendar | None:
    """The latest version, and nobody else adds one until the transaction ends: versions are numbered without gaps."""
    await session.execute(_LOCK_ONE, {"community": community_code})
    return await find_latest(session, community_code)


async def lock_all(session: AsyncSession) -> None:
    """Nobody adds a version to any calendar until the transaction ends."""
    await session.execute(_LOCK_ALL)
