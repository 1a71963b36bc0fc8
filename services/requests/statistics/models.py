from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from services.requests.tables import Base
from shared.conditions import one_of
from shared.db import Tenant, text_enum


class FactKind(StrEnum):
    RESPONSE = "response"
    """Whether the requester heard of the work in time; once a request."""
    JUDGEMENT = "judgement"
    """What those concerned said of an outcome; once for each time the request was resolved."""


class RatePending(Base, Tenant, table=True):
    """A request whose history grew by something that its facts depend on. A trigger of the timeline writes it."""

    __tablename__ = "rate_pending"

    request_id: UUID = Field(primary_key=True)


class RateFact(Base, Tenant, table=True):
    """What one request adds to the three rates (三率), as its history says now. Derived, and made anew with it."""

    __tablename__ = "rate_fact"
    __table_args__ = (one_of("kind", FactKind),)

    request_id: UUID = Field(primary_key=True)
    kind: FactKind = Field(primary_key=True, sa_type=text_enum(FactKind))
    round: int = Field(primary_key=True)
    """How often the request had been reopened."""
    day: date
    """When it was decided, on the calendar of China."""
    grid_code: str = Field(max_length=15)
    """Empty: in no grid."""
    responder_id: str
    """Who answered for it; empty: the office itself, or nobody."""
    category_code: str = Field(max_length=60)
    good: bool
    """In time; or solved."""
    satisfied: bool | None = None
    """What was said of it; None: nothing."""
    excluded: bool
    """Left out of the rates by a head (剔除)."""


class Dimension(StrEnum):
    ALL = "all"
    GRID = "grid"
    RESPONDER = "responder"
    CATEGORY = "category"


class Grain(StrEnum):
    DAY = "day"
    MONTH = "month"


class RateTotal(Base, Tenant, table=True):
    """The facts of a day or month added up by one dimension: what lists and charts of a county read."""

    __tablename__ = "rate_total"
    __table_args__ = (
        one_of("dimension", Dimension),
        one_of("grain", Grain),
        Index("ix_rate_total_starts_on", "dimension", "grain", "starts_on", "community_code"),
    )

    dimension: Dimension = Field(primary_key=True, sa_type=text_enum(Dimension))
    grain: Grain = Field(primary_key=True, sa_type=text_enum(Grain))
    starts_on: date = Field(primary_key=True)
    key: str = Field(primary_key=True, max_length=60)
    due: int
    """Requests whose first response was given or its time is over."""
    in_time: int
    judged: int
    solved: int
    said: int
    """Judgements that say whether the requester was satisfied."""
    satisfied: int
    excluded_due: int
    """Of each, how many are left out."""
    excluded_in_time: int
    excluded_judged: int
    excluded_solved: int
    excluded_said: int
    excluded_satisfied: int
