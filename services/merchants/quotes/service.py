"""Pricing a basket: what a person would pay now and why. Nothing is written."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.merchants.alliance.models import Merchant
from services.merchants.alliance.repository import find_approved
from services.merchants.items.models import Item
from services.merchants.items.repository import find_items
from services.merchants.offers.evaluation import BasketLine, OfferTerms, Quote, Usage, evaluate
from services.merchants.offers.models import Offer, OfferCounter, Period
from services.merchants.offers.reasons import Reason
from services.merchants.offers.repository import published_offers
from services.merchants.offers.terms import period_key, terms_of
from services.merchants.quotes import repository
from services.merchants.quotes.errors import AttestationRejected, ItemUnavailable
from services.merchants.quotes.schemas import BasketItem
from services.merchants.quotes.tokens import QUOTE_SECONDS, Promise
from shared.auth import Principal
from shared.crypto import AttestationInvalid, AttestationVerifier
from shared.db import AsyncSession
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class Priced:
    """A basket with its price, and the rows that it was made from."""

    merchant: Merchant
    items: Sequence[Item]
    """In the order of the basket."""
    offers: Mapping[UUID, Offer]
    quote: Quote
    at: datetime

    @property
    def lacks_attestations(self) -> bool:
        """Whether an offer was left out that somebody eligible would have had."""
        return any(refusal.reason is Reason.NOT_ELIGIBLE for refusal in self.quote.not_applied)

    def promise(self, holder: bytes) -> Promise:
        return Promise(
            community_code=self.merchant.community_code,
            merchant_id=self.merchant.id,
            items=tuple((line.item_id, line.quantity) for line in self.quote.lines),
            applied=tuple((applied.offer_id, applied.saving_fen) for applied in self.quote.applied),
            total_after_fen=self.quote.total_after_fen,
            holder=holder,
            expires_at=int(time.time()) + QUOTE_SECONDS,
        )


def attested_conditions(
    verifier: AttestationVerifier, principal: Principal, attestations: str | None
) -> frozenset[str]:
    """The conditions that residents say this caller meets; AttestationRejected if one is not genuine and theirs."""
    conditions = set()
    for token in filter(None, (attestations or "").replace(" ", "").split(",")):
        if principal.person_id is None:
            raise AttestationRejected
        try:
            conditions.add(verifier.verify(token, person_id=principal.person_id).condition)
        except AttestationInvalid as error:
            raise AttestationRejected from error
    return frozenset(conditions)


async def price_basket(
    session: AsyncSession,
    *,
    community_code: str,
    merchant_id: UUID,
    basket: Sequence[BasketItem],
    at: datetime,
    attested: frozenset[str] = frozenset(),
    holder: bytes | None = None,
) -> Priced:
    """The best price at `at` for whoever meets `attested`; NotFound or ItemUnavailable when it cannot be bought."""
    merchant, items = await _shop(session, community_code, merchant_id, basket)
    found = await published_offers(session, community_code, merchant_id)
    usage = await _usage(session, community_code, found, holder, at)
    quote = evaluate(_lines(items, basket), [terms_of(offer) for offer, _ in found], at, attested, usage)
    return Priced(merchant, items, {offer.id: offer for offer, _ in found}, quote, at)


async def conditions_for(
    session: AsyncSession, community_code: str, merchant_id: UUID, basket: Sequence[BasketItem], at: datetime
) -> list[str]:
    """What the offers that could apply to this basket now ask of people; no more than is needed is ever asked."""
    _, items = await _shop(session, community_code, merchant_id, basket)
    lines = _lines(items, basket)
    wanted: set[str] = set()
    for offer, _ in await published_offers(session, community_code, merchant_id):
        terms: OfferTerms = terms_of(offer)
        if terms.eligibility.conditions and terms.schedule.is_open_at(at) and any(map(terms.scope.holds, lines)):
            wanted |= terms.eligibility.conditions
    return sorted(wanted)


async def _shop(
    session: AsyncSession, community_code: str, merchant_id: UUID, basket: Sequence[BasketItem]
) -> tuple[Merchant, list[Item]]:
    """The approved shop, and its items in the order of the basket."""
    merchant = await find_approved(session, community_code, merchant_id)
    if merchant is None:
        raise NotFound
    found = await find_items(session, community_code, [line.item_id for line in basket])
    on_sale = {item.id: item for item in found if item.active and item.merchant_id == merchant_id}
    if len(on_sale) < len(basket):
        raise ItemUnavailable
    return merchant, [on_sale[line.item_id] for line in basket]


def _lines(items: Sequence[Item], basket: Sequence[BasketItem]) -> list[BasketLine]:
    return [
        BasketLine(item.id, item.category, item.price_fen, line.quantity)
        for item, line in zip(items, basket, strict=True)
    ]


async def _usage(
    session: AsyncSession,
    community_code: str,
    offers: Sequence[tuple[Offer, OfferCounter]],
    holder: bytes | None,
    at: datetime,
) -> dict[UUID, Usage]:
    limited = {
        offer.id: period_key(Period(offer.per_person_period), at)
        for offer, _ in offers
        if offer.per_person_period is not None
    }
    mine: dict[tuple[UUID, str], int] = {}
    if limited and holder is not None:
        mine = await repository.uses_by(session, community_code, holder, limited, limited.values())
    return {
        offer.id: Usage(mine.get((offer.id, limited.get(offer.id, "")), 0), taken.used_count, taken.used_fen)
        for offer, taken in offers
    }
