"""Use cases of communities. They flush and never commit: the edge does."""

from services.dispatch.communities import repository
from services.dispatch.communities.errors import CommunityExists
from services.dispatch.communities.models import Community
from services.dispatch.communities.schemas import CommunityCreate, CommunityUpdate
from services.dispatch.responders.repository import check_active
from shared.clock import utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession


async def register_community(session: AsyncSession, data: CommunityCreate) -> Community:
    if await repository.find_community(session, data.community_code) is not None:
        raise CommunityExists
    community = Community(**data.model_dump())
    session.add(community)
    await session.flush()
    return community


async def update_community(session: AsyncSession, code: str, data: CommunityUpdate, expected: int) -> Community:
    """Change the profile or who sits at the duty desk; what waits at the desk stays with whom it was given to."""
    community = await repository.lock_community(session, code)
    check_version(community.version, expected)
    if data.duty_desk_id is not None:
        await check_active(session, code, data.duty_desk_id)
    community.sqlmodel_update(data.model_dump(exclude_unset=True))
    community.version += 1
    community.updated_at = utc_now()
    await session.flush()
    return community
