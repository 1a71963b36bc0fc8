from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Select, and_, or_, select, update
from sqlmodel import col

from services.merchants.alliance.auth import SEES_ALL_STATES
from services.merchants.alliance.models import Merchant
from services.merchants.alliance.states import State
from services.merchants.items.models import Item
from services.merchants.offers.models import Offer, OfferCounter, OfferState
from shared.auth import Principal, Role
from shared.conditions import among, in_area
from shared.db import AsyncSession
from shared.errors import NotFound

_OF_MERCHANT = and_(
    col(Merchant.community_code) == col(Offer.community_code), col(Merchant.id) == col(Offer.merchant_id)
)


def readable(principal: Principal) -> Select[Offer]:
    """The offers that this principal may see: everybody published ones of approved shops, a merchant all their own."""
    statement = select(Offer).join(Merchant, _OF_MERCHANT).where(in_area(Offer.community_code, principal.area))
    if principal.role in SEES_ALL_STATES:
        return statement
    public = and_(col(Offer.state) == OfferState.PUBLISHED, col(Merchant.state) == State.APPROVED)
    if principal.role is Role.MERCHANT:
        return statement.where(or_(public, col(Offer.merchant_id) == principal.merchant_id))
    return statement.where(public)


async def get_offer(session: AsyncSession, principal: Principal, offer_id: UUID) -> Offer:
    found = (await session.scalars(readable(principal).where(col(Offer.id) == offer_id))).one_or_none()
    if found is None:
        raise NotFound
    return found


async def lock_own_offer(session: AsyncSession, principal: Principal, offer_id: UUID) -> Offer:
    """The offer, held until the transaction ends, if the principal may change it."""
    statement = select(Offer).where(in_area(Offer.community_code, principal.area), col(Offer.id) == offer_id)
    if principal.role is Role.MERCHANT:
        statement = statement.where(col(Offer.merchant_id) == principal.merchant_id)
    found = (await session.scalars(statement.with_for_update())).one_or_none()
    if found is None:
        raise NotFound
    return found


async def get_merchant_of(session: AsyncSession, offer: Offer) -> Merchant:
    merchant = await session.get(Merchant, (offer.community_code, offer.merchant_id))
    if merchant is None:
        raise NotFound
    return merchant


async def published_offers(
    session: AsyncSession, community_code: str, merchant_id: UUID
) -> Sequence[tuple[Offer, OfferCounter]]:
    """The shop's published offers with what is taken of each, if the shop is approved."""
    counter = and_(
        col(OfferCounter.community_code) == col(Offer.community_code), col(OfferCounter.offer_id) == col(Offer.id)
    )
    statement = (
        select(Offer, OfferCounter)
        .join(Merchant, _OF_MERCHANT)
        .join(OfferCounter, counter)
        .where(
            col(Offer.community_code) == community_code,
            col(Offer.merchant_id) == merchant_id,
            col(Offer.state) == OfferState.PUBLISHED,
            col(Merchant.state) == State.APPROVED,
        )
        .order_by(col(Offer.id))
        .execution_options(populate_existing=True)
    )
    return [(offer, taken) for offer, taken in await session.execute(statement)]


async def counters(session: AsyncSession, community_code: str, offer_ids: Iterable[UUID]) -> dict[UUID, OfferCounter]:
    statement = select(OfferCounter).where(
        col(OfferCounter.community_code) == community_code, among(OfferCounter.offer_id, offer_ids)
    )
    return {counter.offer_id: counter for counter in await session.scalars(statement)}


async def count_items(session: AsyncSession, community_code: str, merchant_id: UUID, item_ids: Iterable[UUID]) -> int:
    """How many of `item_ids` are the shop's."""
    statement = select(col(Item.id)).where(
        col(Item.community_code) == community_code, col(Item.merchant_id) == merchant_id, among(Item.id, item_ids)
    )
    return len((await session.execute(statement)).all())


async def close_counter(session: AsyncSession, offer: Offer) -> None:
    """From now on nothing can be reserved; waits for reservations under way."""
    await session.execute(
        update(OfferCounter)
        .where(col(OfferCounter.community_code) == offer.community_code, col(OfferCounter.offer_id) == offer.id)
        .values(is_open=False)
    )


async def lock_past_offers(session: AsyncSession, today: date, limit: int) -> Sequence[Offer]:
    """Published offers whose last day is over, of all communities in scope."""
    statement = (
        select(Offer)
        .where(col(Offer.state) == OfferState.PUBLISHED, col(Offer.valid_to) < today)
        .order_by(col(Offer.community_code), col(Offer.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(statement)).all()
