from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.merchants.offers.schedule import OnHolidays
from services.merchants.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id
from shared.states import NamedState
from shared.themes import Theme


class OfferState(NamedState):
    DRAFT = "draft", "草稿"
    PUBLISHED = "published", "已发布"
    WITHDRAWN = "withdrawn", "已下架"
    EXPIRED = "expired", "已到期"
    """Its last day is over."""


class Period(StrEnum):
    """For how long a person's uses are counted together. Weeks begin on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    OFFER = "offer"
    """As long as the offer runs."""


class Offer(Base, Tenant, table=True):
    """What a shop grants (优惠): an effect on things in its scope, at times, to people, within limits.

    Effect, scope, eligibility and hours are JSON as `schemas.py` validates them. Nothing here changes once it is
    published, so what people were promised stays what it was.
    """

    __tablename__ = "offer"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "merchant_id"], ["merchant.community_code", "merchant.id"]),
        one_of("state", OfferState),
        one_of("on_holidays", OnHolidays),
        one_of("theme", Theme),
        one_of("per_person_period", Period),
        CheckConstraint("(per_person_count IS NULL) = (per_person_period IS NULL)", name="per_person"),
        CheckConstraint("valid_to >= valid_from", name="validity"),
        Index(None, "community_code", "merchant_id", "id"),
        Index(None, "community_code", "state", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    merchant_id: UUID
    state: OfferState = Field(default=OfferState.DRAFT, sa_type=text_enum(OfferState))
    title: str
    title_en: str
    theme: Theme | None = Field(default=None, sa_type=text_enum(Theme))
    effect: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    scope: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    eligibility: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    valid_from: date
    valid_to: date | None = None
    recurrence: str | None = None
    hours: list[dict[str, str]] = Field(sa_column=Column(JSONB, nullable=False))
    on_holidays: OnHolidays = Field(default=OnHolidays.ANY, sa_type=text_enum(OnHolidays))
    per_person_count: int | None = None
    per_person_period: Period | None = Field(default=None, sa_type=text_enum(Period))
    total_limit: int | None = None
    budget_fen: int | None = Field(default=None, sa_type=BigInteger)
    exclusivity_group: str | None = Field(default=None, max_length=40)
    priority: int = 0
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class OfferCounter(Base, Tenant, table=True):
    """How much of an offer is taken, in a small row of its own: the one place where its limits are kept.

    Made when the offer is published. Every reservation changes it by one conditional update, so no two can take the
    same last place; the CHECKs hold whoever writes.
    """

    __tablename__ = "offer_counter"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "offer_id"], ["offer.community_code", "offer.id"]),
        CheckConstraint("used_count >= 0 AND (total_limit IS NULL OR used_count <= total_limit)", name="used_count"),
        CheckConstraint("used_fen >= 0 AND (budget_fen IS NULL OR used_fen <= budget_fen)", name="used_fen"),
    )

    offer_id: UUID = Field(primary_key=True)
    is_open: bool = True
    """False once the offer is withdrawn or expired: nothing more can be reserved."""
    total_limit: int | None = None
    budget_fen: int | None = Field(default=None, sa_type=BigInteger)
    used_count: int = 0
    used_fen: int = Field(default=0, sa_type=BigInteger)
