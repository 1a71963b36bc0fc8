from datetime import date

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.requests.anonymity.models import AnonymousCount
from shared.db import AsyncSession, count_changed


async def count_one(session: AsyncSession, community_code: str, day: date, index: bytes, allowed: int) -> bool:
    """Count one more, unless that would be more than `allowed`. One statement: two at once cannot both be the last."""
    if allowed < 1:
        return False
    statement = insert(AnonymousCount).values(
        community_code=community_code, counted_on=day, submitter_index=index, count=1
    )
    statement = statement.on_conflict_do_update(
        index_elements=["community_code", "counted_on", "submitter_index"],
        set_={"count": col(AnonymousCount.count) + 1},
        where=col(AnonymousCount.count) < allowed,
    )
    return await count_changed(session, statement) > 0


async def drop_counts(session: AsyncSession, before: date) -> int:
    return await count_changed(session, delete(AnonymousCount).where(col(AnonymousCount.counted_on) < before))
