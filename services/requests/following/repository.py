from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from services.requests.service_requests.models import RequestFollower
from shared.conditions import in_area
from shared.db import AsyncSession, count_changed


async def find_follower(session: AsyncSession, area: str, request_id: UUID, person_id: UUID) -> RequestFollower | None:
    statement = select(RequestFollower).where(
        in_area(col(RequestFollower.community_code), area),
        col(RequestFollower.request_id) == request_id,
        col(RequestFollower.person_id) == person_id,
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def set_muted(
    session: AsyncSession, area: str, request_id: UUID, person_id: UUID, muted_at: datetime | None
) -> bool:
    """False if this person does not follow the request."""
    statement = (
        update(RequestFollower)
        .where(
            in_area(col(RequestFollower.community_code), area),
            col(RequestFollower.request_id) == request_id,
            col(RequestFollower.person_id) == person_id,
        )
        .values(muted_at=muted_at)
        .execution_options(synchronize_session=False)
    )
    return await count_changed(session, statement) == 1
