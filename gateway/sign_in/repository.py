from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from gateway.sign_in.models import OneTimeCode, RefreshToken
from shared.db import AsyncSession


async def spend_try(session: AsyncSession, request_id: UUID, now: datetime) -> OneTimeCode | None:
    """Take one try of a live code, or None: five parallel guesses are five tries, not one."""
    statement = (
        update(OneTimeCode)
        .where(
            OneTimeCode.id == request_id,  # type: ignore[arg-type]
            OneTimeCode.used_at.is_(None),  # type: ignore[union-attr]
            OneTimeCode.tries_left > 0,  # type: ignore[arg-type]
            OneTimeCode.expires_at > now,  # type: ignore[arg-type]
        )
        .values(tries_left=OneTimeCode.tries_left - 1)
        .returning(OneTimeCode)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def use_code(session: AsyncSession, request_id: UUID, now: datetime) -> bool:
    """Mark a code used; False if another request was first."""
    statement = (
        update(OneTimeCode)
        .where(OneTimeCode.id == request_id, OneTimeCode.used_at.is_(None))  # type: ignore[arg-type,union-attr]
        .values(used_at=now, phone_sealed=b"")
        .returning(OneTimeCode.id)  # type: ignore[arg-type]
    )
    return (await session.execute(statement)).first() is not None


async def add_refresh_token(session: AsyncSession, token: RefreshToken) -> None:
    await session.execute(insert(RefreshToken).values(**token.model_dump()))


async def use_refresh_token(session: AsyncSession, digest: bytes, now: datetime) -> RefreshToken | None:
    """Spend a live token; of two at once exactly one gets it."""
    statement = (
        update(RefreshToken)
        .where(
            RefreshToken.digest == digest,  # type: ignore[arg-type]
            RefreshToken.used_at.is_(None),  # type: ignore[union-attr]
            RefreshToken.revoked_at.is_(None),  # type: ignore[union-attr]
            RefreshToken.expires_at > now,  # type: ignore[arg-type]
        )
        .values(used_at=now)
        .returning(RefreshToken)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def find_refresh_token(session: AsyncSession, digest: bytes) -> RefreshToken | None:
    return (
        await session.execute(select(RefreshToken).where(RefreshToken.digest == digest))  # type: ignore[arg-type]
    ).scalar_one_or_none()


async def revoke_family(session: AsyncSession, family_id: UUID, now: datetime) -> None:
    await session.execute(
        update(RefreshToken)
        .where(RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None))  # type: ignore[arg-type,union-attr]
        .values(revoked_at=now)
    )


async def forget_expired(session: AsyncSession, now: datetime) -> int:
    """Timer: drop codes and refresh tokens that can never be used again."""
    gone = 0
    for table in (OneTimeCode, RefreshToken):
        result = await session.execute(delete(table).where(table.expires_at < now))  # type: ignore[arg-type]
        gone += result.rowcount  # type: ignore[attr-defined]
    return gone
