"""Use cases of items. They flush and never commit: the edge does."""

from uuid import UUID

from services.merchants.alliance.models import Merchant
from services.merchants.alliance.repository import lock_own_merchant
from services.merchants.alliance.states import MEMBERS
from services.merchants.items import repository
from services.merchants.items.models import Item
from services.merchants.items.schemas import ItemCreate, ItemUpdate
from shared.auth import Principal
from shared.clock import utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession
from shared.errors import WrongState


async def add_item(session: AsyncSession, principal: Principal, merchant_id: UUID, data: ItemCreate) -> Item:
    merchant = await _member(session, principal, merchant_id)
    item = Item(community_code=merchant.community_code, merchant_id=merchant.id, **data.model_dump())
    session.add(item)
    await session.flush()
    return item


async def update_item(
    session: AsyncSession, principal: Principal, merchant_id: UUID, item_id: UUID, data: ItemUpdate, expected: int
) -> Item:
    """A new price holds for new quotes; what is reserved keeps the price it was reserved at."""
    merchant = await _member(session, principal, merchant_id)
    item = await repository.get_item(session, merchant, item_id, lock=True)
    check_version(item.version, expected)
    item.sqlmodel_update(data.model_dump(exclude_unset=True))
    item.version += 1
    item.updated_at = utc_now()
    await session.flush()
    return item


async def _member(session: AsyncSession, principal: Principal, merchant_id: UUID) -> Merchant:
    merchant = await lock_own_merchant(session, principal, merchant_id)
    if merchant.state not in MEMBERS:
        raise WrongState(merchant.state, MEMBERS)
    return merchant
