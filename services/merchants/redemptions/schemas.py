from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from services.merchants.quotes.schemas import QuoteToken
from services.merchants.redemptions.codes import normalise_code
from services.merchants.redemptions.states import ReverseReason, State
from services.merchants.schemas import Schema

Code = Annotated[
    str,
    StringConstraints(max_length=20),
    AfterValidator(normalise_code),
    Field(json_schema_extra={"format": "redemption-code"}),
]


class RedemptionCreate(Schema):
    quote: QuoteToken


class Redeem(Schema):
    code: Code


class Reverse(Schema):
    reason: ReverseReason


class RedemptionLine(BaseModel):
    item_id: UUID
    name: str
    unit: str
    quantity: int
    before_fen: int
    after_fen: int


class UsedOffer(BaseModel):
    offer_id: UUID
    saving_fen: int


class RedemptionRead(BaseModel):
    id: UUID
    merchant_id: UUID
    state: State
    code: str | None = None
    """For the holder only, while it is reserved."""
    lines: list[RedemptionLine]
    total_before_fen: int
    total_after_fen: int
    offers: list[UsedOffer]
    expires_at: datetime
    redeemed_at: datetime | None
    ended_at: datetime | None
    reverse_reason: ReverseReason | None
    created_at: datetime
    version: int
