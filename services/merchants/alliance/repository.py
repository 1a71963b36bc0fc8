from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlmodel import col

from services.merchants.alliance.auth import SEES_ALL_STATES
from services.merchants.alliance.models import Merchant
from services.merchants.alliance.states import MEMBERS, State
from shared.auth import Principal, Role
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound


def readable(principal: Principal) -> Select[Merchant]:
    """The shops that this principal may see: everybody the approved ones, a merchant their own in any state."""
    statement = select(Merchant).where(in_area(Merchant.community_code, principal.area))
    if principal.role in SEES_ALL_STATES:
        return statement
    approved = col(Merchant.state) == State.APPROVED
    if principal.role is Role.MERCHANT:
        return statement.where(
            or_(approved, col(Merchant.id) == principal.merchant_id, col(Merchant.applied_by) == principal.subject)
        )
    return statement.where(approved)


def owned(principal: Principal) -> Select[Merchant]:
    """The shops that this principal may change: staff all of their community, a merchant their own."""
    statement = select(Merchant).where(in_area(Merchant.community_code, principal.area))
    if principal.role is Role.MERCHANT:
        return statement.where(
            or_(col(Merchant.id) == principal.merchant_id, col(Merchant.applied_by) == principal.subject)
        )
    return statement


async def get_merchant(session: AsyncSession, principal: Principal, merchant_id: UUID) -> Merchant:
    found = (await session.scalars(readable(principal).where(col(Merchant.id) == merchant_id))).one_or_none()
    if found is None:
        raise NotFound
    return found


async def lock_own_merchant(session: AsyncSession, principal: Principal, merchant_id: UUID) -> Merchant:
    """The shop, held until the transaction ends, if the principal may change it."""
    statement = owned(principal).where(col(Merchant.id) == merchant_id).with_for_update()
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise NotFound
    return found


async def find_approved(session: AsyncSession, community_code: str, merchant_id: UUID) -> Merchant | None:
    merchant = await session.get(Merchant, (community_code, merchant_id))
    return merchant if merchant is not None and merchant.state is State.APPROVED else None


async def is_member(session: AsyncSession, community_code: str, uscc: str) -> bool:
    statement = select(col(Merchant.id)).where(
        col(Merchant.community_code) == community_code,
        col(Merchant.uscc) == uscc,
        col(Merchant.state).in_(MEMBERS),
    )
    return (await session.execute(statement)).first() is not None
