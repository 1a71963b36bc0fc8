"""What merchants publishes. Payloads carry ids and states only; nothing tells who used an offer, or why they may."""

from typing import ClassVar
from uuid import UUID

from shared.envelope import Event


class _MerchantEvent(Event):
    merchant_id: UUID


class MerchantApproved(_MerchantEvent):
    """Also when a suspended shop is reinstated."""

    type: ClassVar[str] = "merchants.merchant_approved.v1"


class MerchantSuspended(_MerchantEvent):
    type: ClassVar[str] = "merchants.merchant_suspended.v1"


class MerchantLeft(_MerchantEvent):
    type: ClassVar[str] = "merchants.merchant_left.v1"


class _OfferEvent(Event):
    offer_id: UUID
    merchant_id: UUID


class OfferPublished(_OfferEvent):
    type: ClassVar[str] = "merchants.offer_published.v1"


class OfferWithdrawn(_OfferEvent):
    """Withdrawn by the shop or staff, or past its last day."""

    type: ClassVar[str] = "merchants.offer_withdrawn.v1"


class RedemptionEvent(Event):
    redemption_id: UUID
    offer_id: UUID
    """The offer that saves most; a basket may use several."""
    offer_ids: list[UUID]
    merchant_id: UUID


class RedemptionReserved(RedemptionEvent):
    type: ClassVar[str] = "merchants.redemption_reserved.v1"


class RedemptionRedeemed(RedemptionEvent):
    type: ClassVar[str] = "merchants.redemption_redeemed.v1"


class RedemptionReversed(RedemptionEvent):
    type: ClassVar[str] = "merchants.redemption_reversed.v1"
