"""Many shops at once, with what they sell and offer: an alliance that moves in from a list.

Everything is approved and published, and told to the other services, as if it had been done one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import SQLModel

from services.merchants.alliance.models import Merchant
from services.merchants.alliance.schemas import MerchantCreate
from services.merchants.alliance.service import new_merchant, seal_contact
from services.merchants.alliance.states import State
from services.merchants.events import MerchantApproved, OfferPublished
from services.merchants.items.models import Item
from services.merchants.items.schemas import ItemCreate
from services.merchants.offers.models import Offer, OfferCounter, OfferState
from services.merchants.offers.schemas import OfferCreate
from services.merchants.offers.service import new_counter, new_offer
from shared import outbox
from shared.clock import utc_now
from shared.db import AsyncSession, columns_of
from shared.vault import Vault

MakeOffer = Callable[[UUID, dict[str, UUID]], OfferCreate]
"""Makes an offer for the shop of this id, whose items have these ids by name."""


@dataclass(frozen=True)
class Enrolment:
    """One shop as the list has it. Its charter must be signed."""

    merchant: MerchantCreate
    items: Sequence[ItemCreate] = ()
    offers: Sequence[MakeOffer] = field(default=())


@dataclass(frozen=True)
class Enrolled:
    merchant_id: UUID
    item_ids: dict[str, UUID]
    """By the item's name."""
    offer_ids: list[UUID]


async def enrol_merchants(
    session: AsyncSession, vault: Vault, community_code: str, shops: Sequence[Enrolment], *, enrolled_by: str
) -> list[Enrolled]:
    """Members with items and published offers, in a handful of round trips however many they are."""
    rows: dict[type[SQLModel], list[Any]] = {Merchant: [], Item: [], Offer: [], OfferCounter: []}
    events: list[dict[str, object]] = []
    enrolled = []
    merchants = [new_merchant(community_code, shop.merchant, applied_by=enrolled_by) for shop in shops]
    keys = await vault.create_many(community_code, [merchant.id for merchant in merchants])
    for merchant, shop in zip(merchants, shops, strict=True):
        seal_contact(keys[merchant.id], merchant, shop.merchant)
        merchant.state, merchant.decided_at = State.APPROVED, utc_now()
        items = [Item(community_code=community_code, merchant_id=merchant.id, **i.model_dump()) for i in shop.items]
        item_ids = {item.name: item.id for item in items}
        offers = [new_offer(community_code, make(merchant.id, item_ids)) for make in shop.offers]
        rows[Merchant].append(merchant)
        rows[Item] += items
        rows[Offer] += offers
        events.append(_event(merchant, MerchantApproved(merchant_id=merchant.id), "merchants"))
        for offer in offers:
            offer.state = OfferState.PUBLISHED
            rows[OfferCounter].append(new_counter(offer))
            events.append(_event(offer, OfferPublished(offer_id=offer.id, merchant_id=merchant.id), "offers"))
        enrolled.append(Enrolled(merchant.id, item_ids, [offer.id for offer in offers]))
    for table, added in rows.items():
        if added:
            await session.execute(insert(table), [columns_of(row) for row in added])
    await outbox.add_many(session, events)
    return enrolled


def _event(row: Merchant | Offer, event: MerchantApproved | OfferPublished, plural: str) -> dict[str, object]:
    return outbox.row(event, community_code=row.community_code, subject=f"{plural}/{row.id}", version=row.version)
