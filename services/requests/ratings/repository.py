from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import col

from services.requests.ratings.models import Rating
from services.requests.service_requests.models import ServiceRequest
from shared.db import AsyncSession


async def list_ratings(session: AsyncSession, request: ServiceRequest) -> Sequence[Rating]:
    statement = select(Rating).where(
        col(Rating.community_code) == request.community_code, col(Rating.request_id) == request.id
    )
    return (await session.execute(statement.order_by(col(Rating.id)))).scalars().all()


async def find_rating(session: AsyncSession, request: ServiceRequest, person_id: UUID | None) -> Rating | None:
    statement = select(Rating).where(
        col(Rating.community_code) == request.community_code,
        col(Rating.request_id) == request.id,
        col(Rating.person_id).is_not_distinct_from(person_id),
        col(Rating.round) == request.reopened_count,
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def forget_rater(session: AsyncSession, community_code: str, person_id: UUID) -> None:
    """What an erased person judged stays counted, under an id that is nobody's."""
    await session.execute(
        update(Rating)
        .where(col(Rating.community_code) == community_code, col(Rating.person_id) == person_id)
        .values(person_id=func.gen_random_uuid())
    )
