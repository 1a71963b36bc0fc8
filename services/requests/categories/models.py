from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.requests.tables import Base
from shared.clock import utc_now
from shared.db import Tenant, text_enum


class Urgency(StrEnum):
    NORMAL = "normal"
    """Deadlines run in office hours."""
    URGENT = "urgent"
    """Accepted at once; deadlines run around the clock."""


class Category(Base, Tenant, table=True):
    """What a request is about (诉求类别): one of five classes, or a subcategory `class.name` of one.

    The classes are those of the community's method: public safety 公共安全, protection of rights 权益保障, fairness and
    justice 公平正义, public services 公共服务, livelihood 民生实事.
    """

    __tablename__ = "category"
    __table_args__ = (
        CheckConstraint("default_urgency IN ('normal', 'urgent')", name="default_urgency"),
        CheckConstraint("parent_code IS NULL OR starts_with(code, parent_code || '.')", name="code_under_parent"),
        ForeignKeyConstraint(["community_code", "parent_code"], ["category.community_code", "category.code"]),
    )

    code: str = Field(primary_key=True, max_length=60)
    parent_code: str | None = Field(default=None, max_length=60)
    name_zh: str
    name_en: str
    default_urgency: Urgency = Field(default=Urgency.NORMAL, sa_type=text_enum(Urgency))
    form: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    """What is asked besides the description: `schemas.FormAttribute`, in order."""
    public: bool = False
    """Matters of public space, whose requests may be shown to everybody (a lamp, never a quarrel)."""
    active: bool = True
    """Inactive ones take no new requests."""
    policy_version: int = 1
    """The deadline policy that new requests get."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class DeadlinePolicy(Base, Tenant, table=True):
    """The promised times of a category and urgency, in minutes of working time (normal) or of the clock (urgent).

    Rows are never changed: a request keeps the version under which it was submitted, whatever is promised later.
    """

    __tablename__ = "deadline_policy"
    __table_args__ = (
        CheckConstraint("urgency IN ('normal', 'urgent')", name="urgency"),
        CheckConstraint("least(accept_minutes, first_response_minutes) >= 0", name="not_negative"),
        CheckConstraint("least(resolution_minutes, reopened_minutes) > 0", name="positive"),
        CheckConstraint("reopened_minutes <= resolution_minutes", name="reopened_is_shorter"),
        ForeignKeyConstraint(["community_code", "category_code"], ["category.community_code", "category.code"]),
    )

    category_code: str = Field(primary_key=True, max_length=60)
    policy_version: int = Field(primary_key=True)
    urgency: Urgency = Field(primary_key=True, sa_type=text_enum(Urgency))
    accept_minutes: int
    first_response_minutes: int
    resolution_minutes: int
    reopened_minutes: int
    """The shorter clock of a request whose requester said that it is not solved."""
    created_at: datetime = Field(default_factory=utc_now)
