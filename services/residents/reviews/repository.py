from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlmodel import col

from services.residents.reviews.models import AccessReview, ReviewState
from shared.auth import Principal
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound


def readable(principal: Principal) -> Select[AccessReview]:
    """The reviews of this principal's area; every query of reviews starts here."""
    return select(AccessReview).where(in_area(col(AccessReview.community_code), principal.area))


async def get_review(
    session: AsyncSession, principal: Principal, review_id: UUID, *, lock: bool = False
) -> AccessReview:
    statement = readable(principal).where(col(AccessReview.id) == review_id)
    if lock:
        statement = statement.with_for_update()
    review = (await session.execute(statement)).scalar_one_or_none()
    if review is None:
        raise NotFound
    return review


async def count_reviews(
    session: AsyncSession, principal: Principal, since: datetime, until: datetime, now: datetime
) -> Sequence[Any]:
    """Per community: how many are in which state, and how many are late."""
    state, created_at = col(AccessReview.state), col(AccessReview.created_at)
    is_open = state == ReviewState.OPEN
    statement = (
        select(
            col(AccessReview.community_code),
            func.count().filter(is_open).label("open"),
            func.count().filter(is_open, col(AccessReview.due_at) < now).label("overdue"),
            func.count().filter(state == ReviewState.JUSTIFIED).label("justified"),
            func.count().filter(state == ReviewState.UNJUSTIFIED).label("unjustified"),
        )
        .where(in_area(col(AccessReview.community_code), principal.area), created_at >= since, created_at < until)
        .group_by(col(AccessReview.community_code))
        .order_by(col(AccessReview.community_code))
    )
    return (await session.execute(statement)).all()
