from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import col

from services.merchants.alliance.models import Merchant
from services.merchants.items.models import Item
from shared.conditions import among
from shared.db import AsyncSession
from shared.errors import NotFound


def items_of(merchant: Merchant) -> Select[Item]:
    return select(Item).where(col(Item.community_code) == merchant.community_code, col(Item.merchant_id) == merchant.id)


async def get_item(session: AsyncSession, merchant: Merchant, item_id: UUID, *, lock: bool = False) -> Item:
    statement = items_of(merchant).where(col(Item.id) == item_id)
    found = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise NotFound
    return found


async def find_items(session: AsyncSession, community_code: str, item_ids: Iterable[UUID]) -> Sequence[Item]:
    """Those of `item_ids` that exist in the community."""
    statement = select(Item).where(col(Item.community_code) == community_code, among(Item.id, item_ids))
    return (await session.scalars(statement)).all()
