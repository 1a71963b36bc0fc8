from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from services.merchants.redemptions.models import OfferUse
from shared.conditions import among
from shared.db import AsyncSession


async def uses_by(
    session: AsyncSession, community_code: str, holder: bytes, offer_ids: Iterable[UUID], periods: Iterable[str]
) -> dict[tuple[UUID, str], int]:
    """How often the holder uses each offer in each of these periods."""
    statement = (
        select(col(OfferUse.offer_id), col(OfferUse.period), func.count())
        .where(
            col(OfferUse.community_code) == community_code,
            among(OfferUse.offer_id, offer_ids),
            col(OfferUse.holder) == holder,
            col(OfferUse.period).in_(sorted(set(periods))),
        )
        .group_by(col(OfferUse.offer_id), col(OfferUse.period))
    )
    return {(offer_id, period): count for offer_id, period, count in await session.execute(statement)}
