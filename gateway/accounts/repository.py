from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import col

from gateway.accounts.models import Account, Client
from shared.db import AsyncSession


async def find_account(session: AsyncSession, account_id: UUID) -> Account | None:
    return await session.get(Account, account_id)


async def find_by_username(session: AsyncSession, username: str) -> Account | None:
    return (await session.execute(select(Account).where(col(Account.username) == username))).scalar_one_or_none()


async def find_by_phone(session: AsyncSession, phone_index: bytes) -> Account | None:
    return (await session.execute(select(Account).where(col(Account.phone_index) == phone_index))).scalar_one_or_none()


async def find_client(session: AsyncSession, client_id: str) -> Client | None:
    return await session.get(Client, client_id)


async def delete_accounts_of_person(session: AsyncSession, person_id: UUID) -> list[UUID]:
    """Remove every account of a person. Their refresh tokens go with them (foreign key)."""
    gone = await session.execute(delete(Account).where(col(Account.person_id) == person_id).returning(col(Account.id)))
    return list(gone.scalars())


async def delete_account(session: AsyncSession, account_id: UUID) -> None:
    """Remove one account and with it every session it has open."""
    await session.execute(delete(Account).where(col(Account.id) == account_id))
