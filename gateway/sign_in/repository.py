from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlmodel import col

from gateway.accounts.models import Account
from gateway.sign_in.models import OneTimeCode, RefreshToken
from shared.auth import Role
from shared.db import AsyncSession, count_changed


async def spend_try(session: AsyncSession, request_id: UUID, now: datetime) -> OneTimeCode | None:
    """Take one try of a live code, or None: five parallel guesses are five tries, not one."""
    statement = (
        update(OneTimeCode)
        .where(
            col(OneTimeCode.id) == request_id,
            col(OneTimeCode.used_at).is_(None),
            col(OneTimeCode.tries_left) > 0,
            col(OneTimeCode.expires_at) > now,
        )
        .values(tries_left=col(OneTimeCode.tries_left) - 1)
        .returning(OneTimeCode)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def use_code(session: AsyncSession, request_id: UUID, now: datetime) -> bool:
    """Mark a code used; False if another request was first."""
    statement = (
        update(OneTimeCode)
        .where(col(OneTimeCode.id) == request_id, col(OneTimeCode.used_at).is_(None))
        .values(used_at=now, phone_sealed=b"")
        .returning(col(OneTimeCode.id))
    )
    return (await session.execute(statement)).first() is not None


async def add_refresh_token(session: AsyncSession, token: RefreshToken) -> None:
    await session.execute(insert(RefreshToken).values(**token.model_dump()))


async def use_refresh_token(session: AsyncSession, digest: bytes, now: datetime) -> RefreshToken | None:
    """Spend a live token; of two at once exactly one gets it."""
    statement = (
        update(RefreshToken)
        .where(
            col(RefreshToken.digest) == digest,
            col(RefreshToken.used_at).is_(None),
            col(RefreshToken.revoked_at).is_(None),
            col(RefreshToken.expires_at) > now,
        )
        .values(used_at=now)
        .returning(RefreshToken)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def find_resident_of(session: AsyncSession, digest: bytes, now: datetime) -> Account | None:
    """The resident whose session a live token continues; None for anybody else's token, and for a dead one."""
    statement = (
        select(Account)
        .join(RefreshToken, col(RefreshToken.account_id) == col(Account.id))
        .where(
            col(RefreshToken.digest) == digest,
            col(RefreshToken.used_at).is_(None),
            col(RefreshToken.revoked_at).is_(None),
            col(RefreshToken.expires_at) > now,
            col(Account.role) == Role.RESIDENT,
            col(Account.person_id).is_not(None),
        )
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def find_refresh_token(session: AsyncSession, digest: bytes) -> RefreshToken | None:
    return (await session.execute(select(RefreshToken).where(col(RefreshToken.digest) == digest))).scalar_one_or_none()


async def revoke_family(session: AsyncSession, family_id: UUID, now: datetime) -> None:
    await session.execute(
        update(RefreshToken)
        .where(col(RefreshToken.family_id) == family_id, col(RefreshToken.revoked_at).is_(None))
        .values(revoked_at=now)
    )


async def forget_expired(session: AsyncSession, now: datetime) -> int:
    """Timer: drop codes and refresh tokens that can never be used again."""
    gone = 0
    for table in (OneTimeCode, RefreshToken):
        gone += await count_changed(session, delete(table).where(col(table.expires_at) < now))
    return gone
