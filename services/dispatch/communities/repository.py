from sqlalchemy import Select, select

from services.dispatch.communities.models import Community
from shared.auth import Principal
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound


def readable(principal: Principal) -> Select[Community]:
    """The communities that this principal may see; every query of communities for a person starts here."""
    return select(Community).where(in_area(Community.community_code, principal.area))


async def find_community(session: AsyncSession, code: str) -> Community | None:
    return await session.get(Community, code)


async def get_community(session: AsyncSession, code: str) -> Community:
    community = await find_community(session, code)
    if community is None:
        raise NotFound
    return community


async def lock_community(session: AsyncSession, code: str) -> Community:
    community = await session.get(Community, code, with_for_update=True)
    if community is None:
        raise NotFound
    return community
