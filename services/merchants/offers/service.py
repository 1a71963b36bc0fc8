"""Use cases of offers. They flush and never commit: the edge does."""

from uuid import UUID

from services.merchants.alliance.errors import NotAMember
from services.merchants.alliance.repository import lock_own_merchant
from services.merchants.alliance.states import MEMBERS, State
from services.merchants.events import OfferPublished, OfferWithdrawn
from services.merchants.offers import repository
from services.merchants.offers.errors import NeverValid, ScopeUnknown
from services.merchants.offers.evaluation import EffectKind
from services.merchants.offers.models import Offer, OfferCounter, OfferState
from services.merchants.offers.schemas import (
    OfferCreate,
    OfferLimits,
    OfferUpdate,
    check_fit,
    columns_from,
    limit_columns,
)
from services.merchants.offers.terms import schedule_of
from shared import outbox
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession
from shared.envelope import Event
from shared.errors import Bilingual, WrongState, invalid

EXPIRE_BATCH = 200


async def draft_offer(session: AsyncSession, principal: Principal, data: OfferCreate) -> Offer:
    merchant = await lock_own_merchant(session, principal, data.merchant_id)
    if merchant.state not in MEMBERS:
        raise NotAMember
    offer = new_offer(merchant.community_code, data)
    await _check_scope(session, offer)
    session.add(offer)
    await session.flush()
    return offer


def new_offer(community_code: str, data: OfferCreate) -> Offer:
    """The row of a draft."""
    as_json = data.model_dump(mode="json", include={"effect", "scope", "eligibility", "hours"})
    rest = data.model_dump(exclude={"effect", "scope", "eligibility", "hours", "limits"})
    return Offer(community_code=community_code, **as_json, **rest, **limit_columns(data.limits))


def new_counter(offer: Offer) -> OfferCounter:
    return OfferCounter(
        community_code=offer.community_code,
        offer_id=offer.id,
        total_limit=offer.total_limit,
        budget_fen=offer.budget_fen,
    )


async def update_offer(
    session: AsyncSession, principal: Principal, offer_id: UUID, data: OfferUpdate, expected: int
) -> Offer:
    """Change a draft; a published offer is withdrawn and drafted anew instead."""
    offer = await repository.lock_own_offer(session, principal, offer_id)
    check_version(offer.version, expected)
    _require(offer, OfferState.DRAFT)
    offer.sqlmodel_update(columns_from(data))
    try:
        limits = OfferLimits(budget_fen=offer.budget_fen)
        check_fit(offer.valid_from, offer.valid_to, EffectKind(offer.effect["kind"]), limits)
    except ValueError as error:
        text = error.args[0]
        assert isinstance(text, Bilingual)
        raise invalid("/", "contradiction", text.zh, text.en) from error
    await _check_scope(session, offer)
    return await _save(session, offer)


async def publish_offer(session: AsyncSession, principal: Principal, offer_id: UUID) -> Offer:
    """From now on it applies and does not change any more."""
    offer = await repository.lock_own_offer(session, principal, offer_id)
    _require(offer, OfferState.DRAFT)
    if (await repository.get_merchant_of(session, offer)).state is not State.APPROVED:
        raise NotAMember
    schedule = schedule_of(offer.valid_from, offer.valid_to, offer.recurrence, offer.hours, offer.on_holidays)
    if schedule.next_valid_at(utc_now()) is None:
        raise NeverValid
    offer.state = OfferState.PUBLISHED
    session.add(new_counter(offer))
    await _save(session, offer)
    await _tell(session, offer, OfferPublished(offer_id=offer.id, merchant_id=offer.merchant_id))
    return offer


async def withdraw_offer(session: AsyncSession, principal: Principal, offer_id: UUID) -> Offer:
    """Nothing more can be reserved; what is reserved already is still honoured."""
    offer = await repository.lock_own_offer(session, principal, offer_id)
    _require(offer, OfferState.DRAFT, OfferState.PUBLISHED)
    was_published = offer.state is OfferState.PUBLISHED
    await _end(session, offer, OfferState.WITHDRAWN, tell=was_published)
    return offer


async def expire_offers(session: AsyncSession) -> int:
    """Timer: end published offers whose last day is over. Returns how many."""
    offers = await repository.lock_past_offers(session, china_today(), EXPIRE_BATCH)
    for offer in offers:
        await _end(session, offer, OfferState.EXPIRED, tell=True)
    return len(offers)


async def _end(session: AsyncSession, offer: Offer, state: OfferState, *, tell: bool) -> None:
    offer.state = state
    await repository.close_counter(session, offer)
    await _save(session, offer)
    if tell:
        await _tell(session, offer, OfferWithdrawn(offer_id=offer.id, merchant_id=offer.merchant_id))


async def _tell(session: AsyncSession, offer: Offer, event: Event) -> None:
    await outbox.add(
        session, event, community_code=offer.community_code, subject=f"offers/{offer.id}", version=offer.version
    )


async def _check_scope(session: AsyncSession, offer: Offer) -> None:
    item_ids = {UUID(item_id) for item_id in offer.scope["item_ids"]}
    if item_ids:
        found = await repository.count_items(session, offer.community_code, offer.merchant_id, item_ids)
        if found < len(item_ids):
            raise ScopeUnknown


def _require(offer: Offer, *states: OfferState) -> None:
    if offer.state not in states:
        raise WrongState(offer.state, states)


async def _save(session: AsyncSession, offer: Offer) -> Offer:
    offer.version += 1
    offer.updated_at = utc_now()
    await session.flush()
    return offer
