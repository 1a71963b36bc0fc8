from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Header
from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.merchants.offers.reasons import Reason
from services.merchants.schemas import Schema
from shared.dates import Instant
from shared.errors import both

MAX_QUANTITY = 100


class BasketItem(Schema):
    item_id: UUID
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)] = 1


Basket = Annotated[list[BasketItem], Field(min_length=1, max_length=50)]
Attestations = Annotated[
    str | None, Header(alias="Eligibility-Attestations", max_length=32_768, include_in_schema=False)
]
"""Signed yeses by residents for conditions that the offers name, with commas between; the gateway adds them.

Empty: residents attested nothing. None: residents was not asked or did not answer. They are no part of the body, so
that a request repeated under its Idempotency-Key is the same request although every attestation is a new one.
"""
QuoteToken = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{40,16000}$")]


class _Basketed(Schema):
    @model_validator(mode="after")
    def _names_each_item_once(self) -> "_Basketed":
        items: list[BasketItem] | None = getattr(self, "items", None)
        if items and len({line.item_id for line in items}) < len(items):
            raise ValueError(both("同一商品请合并为一行", "Name each item once, with its quantity"))
        return self


class QuoteCreate(_Basketed):
    merchant_id: UUID
    items: Basket
    at: Instant | None = None
    """What it would cost at another time: a preview that cannot be reserved."""


class ConditionsQuery(_Basketed):
    """Either a basket, or a quote that is about to be reserved."""

    merchant_id: UUID | None = None
    items: Basket | None = None
    at: Instant | None = None
    quote: QuoteToken | None = None

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> "ConditionsQuery":
        basket = self.merchant_id is not None and self.items is not None
        if basket == (self.quote is not None):
            raise ValueError(both("请给出商户和商品, 或一份报价", "Give a shop and items, or a quote"))
        return self


class ConditionsRead(BaseModel):
    conditions: list[str]
    """What residents should be asked to attest, e.g. `tag:veteran`; empty: nothing."""


class QuotedLineRead(BaseModel):
    item_id: UUID
    name: str
    unit: str
    quantity: int
    before_fen: int
    after_fen: int
    offer_ids: list[UUID]


class AppliedRead(BaseModel):
    offer_id: UUID
    title: str
    title_en: str
    saving_fen: int
    gift: str | None = None
    gift_en: str | None = None


class NotAppliedRead(BaseModel):
    offer_id: UUID
    title: str
    title_en: str
    reason: Reason
    zh: str
    en: str
    """The reason in words."""
    next_valid_at: datetime | None
    better_offer_id: UUID | None


class QuoteRead(BaseModel):
    merchant_id: UUID
    at: datetime
    lines: list[QuotedLineRead]
    total_before_fen: int
    total_after_fen: int
    applied: list[AppliedRead]
    not_applied: list[NotAppliedRead]
    """Every other published offer of the shop, and why it was not applied."""
    quote: str | None
    """To reserve with (`POST /v1/redemptions`); null when no offer applies or the quote is a preview."""
    expires_at: datetime | None
    unavailable: list[str] = []
    """`residents`: it could not attest what the caller is eligible for, so offers for certain groups are left out."""
