from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_new
from sqlmodel import col

from services.requests.categories.models import Category, CategoryVersion, DeadlinePolicy
from shared.db import AsyncSession
from shared.errors import NotFound


async def list_categories(session: AsyncSession, community_code: str) -> Sequence[Category]:
    statement = select(Category).where(col(Category.community_code) == community_code).order_by(col(Category.code))
    return (await session.execute(statement)).scalars().all()


async def find_category(session: AsyncSession, community_code: str, code: str) -> Category | None:
    return await session.get(Category, (community_code, code))


async def get_category(session: AsyncSession, community_code: str, code: str) -> Category:
    category = await find_category(session, community_code, code)
    if category is None:
        raise NotFound
    return category


async def lock_category(session: AsyncSession, community_code: str, code: str) -> Category:
    """The category, held until the transaction ends: its policies are numbered without gaps."""
    category = await session.get(Category, (community_code, code), with_for_update=True)
    if category is None:
        raise NotFound
    return category


async def lock_categories(session: AsyncSession, community_code: str) -> Sequence[Category]:
    """All of them, held until the transaction ends."""
    statement = select(Category).where(col(Category.community_code) == community_code).order_by(col(Category.code))
    return (await session.execute(statement.with_for_update())).scalars().all()


async def current_policies(
    session: AsyncSession, community_code: str, code: str | None = None
) -> Sequence[DeadlinePolicy]:
    """The policies in force of one category, or of all."""
    statement = select(DeadlinePolicy).join(
        Category,
        (col(Category.community_code) == col(DeadlinePolicy.community_code))
        & (col(Category.code) == col(DeadlinePolicy.category_code))
        & (col(Category.policy_version) == col(DeadlinePolicy.policy_version)),
    )
    statement = statement.where(col(DeadlinePolicy.community_code) == community_code)
    if code is not None:
        statement = statement.where(col(DeadlinePolicy.category_code) == code)
    return (await session.execute(statement)).scalars().all()


async def add_policies(session: AsyncSession, rows: Iterable[dict[str, Any]]) -> None:
    await session.execute(insert(DeadlinePolicy), list(rows))


async def add_missing(
    session: AsyncSession,
    categories: Sequence[dict[str, Any]],
    policies: Sequence[dict[str, Any]],
    versions: Sequence[dict[str, Any]],
) -> None:
    """Add what the community does not have yet; parents first."""
    for table, rows in ((Category, categories), (DeadlinePolicy, policies), (CategoryVersion, versions)):
        await session.execute(insert_new(table).on_conflict_do_nothing(), list(rows))


def versions_of(community_code: str, code: str) -> Select[CategoryVersion]:
    return select(CategoryVersion).where(
        col(CategoryVersion.community_code) == community_code, col(CategoryVersion.category_code) == code
    )


async def all_policies(session: AsyncSession, community_code: str, code: str) -> Sequence[DeadlinePolicy]:
    """Every policy that the category ever had."""
    statement = select(DeadlinePolicy).where(
        col(DeadlinePolicy.community_code) == community_code, col(DeadlinePolicy.category_code) == code
    )
    return (await session.execute(statement)).scalars().all()
