from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.merchants.redemptions.states import ReverseReason, State
from services.merchants.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class Redemption(Base, Tenant, table=True):
    """One basket's use of offers (核销): reserved by a resident, redeemed by the shop.

    `holder` is a pseudonym (a blind index of the person's id). Nothing says which conditions the holder met or how.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "merchant_id"], ["merchant.community_code", "merchant.id"]),
        one_of("state", State),
        one_of("reverse_reason", ReverseReason),
        CheckConstraint("(code IS NOT NULL) = (state = 'reserved')", name="code_while_reserved"),
        CheckConstraint("total_after_fen BETWEEN 0 AND total_before_fen", name="totals"),
        Index(
            "uq_redemption_code",
            "community_code",
            "merchant_id",
            "code",
            unique=True,
            postgresql_where=text("code IS NOT NULL"),
        ),
        Index(None, "community_code", "holder", "id"),
        Index(None, "community_code", "merchant_id", "id"),
        Index("ix_redemption_due", "expires_at", postgresql_where=text("state = 'reserved'")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    merchant_id: UUID
    state: State = Field(default=State.RESERVED, sa_type=text_enum(State))
    holder: bytes
    code: str | None = Field(default=None, max_length=10)
    """Forgotten as soon as it has been used or has run out."""
    lines: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """What was reserved, at which prices: `schemas.RedemptionLine` as JSON."""
    total_before_fen: int = Field(sa_type=BigInteger)
    total_after_fen: int = Field(sa_type=BigInteger)
    expires_at: datetime
    redeemed_at: datetime | None = None
    ended_at: datetime | None = None
    """When it was reversed, cancelled or expired."""
    reverse_reason: ReverseReason | None = Field(
        default=None,
        sa_type=text_enum(ReverseReason),
    )
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class RedemptionOffer(Base, Tenant, table=True):
    """An offer that a redemption uses, and what it saves there."""

    __tablename__ = "redemption_offer"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "redemption_id"], ["redemption.community_code", "redemption.id"]),
        ForeignKeyConstraint(["community_code", "offer_id"], ["offer.community_code", "offer.id"]),
        Index(None, "community_code", "offer_id", "redemption_id"),
        CheckConstraint("saving_fen >= 0", name="saving_fen"),
    )

    redemption_id: UUID = Field(primary_key=True)
    offer_id: UUID = Field(primary_key=True)
    saving_fen: int = Field(sa_type=BigInteger)


class OfferUse(Base, Tenant, table=True):
    """A person's numbered place in an offer that limits uses per person: the key makes one too many impossible."""

    __tablename__ = "offer_use"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "redemption_id"], ["redemption.community_code", "redemption.id"]),
        ForeignKeyConstraint(["community_code", "offer_id"], ["offer.community_code", "offer.id"]),
        Index(None, "community_code", "redemption_id"),
    )

    offer_id: UUID = Field(primary_key=True)
    holder: bytes = Field(primary_key=True)
    period: str = Field(primary_key=True, max_length=20)
    slot: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """0 up to, not including, the offer's count per person; beyond it only what merged pseudonyms hold together."""
    redemption_id: UUID
