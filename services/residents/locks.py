"""Named locks that end with the transaction, for what concerns a whole community and no row in particular."""

from enum import StrEnum

from sqlalchemy import text

from shared.db import AsyncSession


class Lock(StrEnum):
    ADDRESSES = "addresses"
    """Held by whoever changes the address table; shared by whoever files a household under it."""
    SCHEME = "scheme"
    """Held by whoever publishes a colour scheme; shared by whoever derives cards from it."""


_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_SHARE = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))")


async def hold(session: AsyncSession, lock: Lock, community_code: str) -> None:
    """Be the only one until this transaction ends. What is read by a later statement is what the others left."""
    await session.execute(_HOLD, {"name": f"{lock}:{community_code}"})


async def share(session: AsyncSession, lock: Lock, community_code: str) -> None:
    """Keep holders out until this transaction ends."""
    await session.execute(_SHARE, {"name": f"{lock}:{community_code}"})
