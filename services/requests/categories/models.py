from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.requests.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum


class Urgency(StrEnum):
    NORMAL = "normal"
    """Deadlines run in office hours."""
    URGENT = "urgent"
    """Accepted at once; deadlines run around the clock."""


class Privacy(StrEnum):
    """Who may come to know of a request. It keeps what its category said when it was submitted."""

    PUBLIC = "public"
    """A matter of public space (a lamp, never a quarrel): its place and progress may be shown to everybody."""
    PRIVATE = "private"
    """The requester, their household, who works on it and the office."""
    CONFIDENTIAL = "confidential"
    """The requester alone, whoever wrote it down or was asked to act, and the head; not even the household."""


class ResponderKind(StrEnum):
    """Who usually answers for requests of a category, and is asked unless the community's dispatch policy differs."""

    GRID_WORKER = "grid_worker"
    """网格员: everyday work."""
    VOLUNTEER = "volunteer"
    MEDIATOR = "mediator"
    """调解员"""
    POLICE = "police"
    JUDICIAL_OFFICER = "judicial_officer"
    LAWYER = "lawyer"
    SOCIAL_WORKER = "social_worker"
    UNIT = "unit"
    """A partner unit (共建单位), the property company among them."""


class Category(Base, Tenant, table=True):
    """What a request is about (诉求类别): one of five classes, or a subcategory `class.name` of one.

    The classes are those of the community's method: public safety 公共安全, protection of rights 权益保障, fairness and
    justice 公平正义, public services 公共服务, livelihood 民生实事.
    """

    __tablename__ = "category"
    __table_args__ = (
        CheckConstraint("default_urgency IN ('normal', 'urgent')", name="default_urgency"),
        one_of("privacy", Privacy),
        one_of("responder_kind", ResponderKind),
        CheckConstraint("duplicate_radius_m BETWEEN 0 AND 2000", name="duplicate_radius_m"),
        CheckConstraint("daily_limit > 0", name="daily_limit"),
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
    privacy: Privacy = Field(default=Privacy.PRIVATE, sa_type=text_enum(Privacy))
    responder_kind: ResponderKind = Field(default=ResponderKind.GRID_WORKER, sa_type=text_enum(ResponderKind))
    anonymous_allowed: bool = False
    """Whether a resident may submit without being named."""
    duplicate_radius_m: int = 50
    """Metres within which an open request of this category is probably about the same thing."""
    daily_limit: int | None = None
    """How many a person may submit a day of this category, in place of the usual limit over all categories."""
    active: bool = True
    """Inactive ones take no new requests."""
    policy_version: int = 1
    """The deadline policy that new requests get."""
    version: int = 1
    """Counts the changes; each is kept as a `CategoryVersion`."""
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class CategoryVersion(Base, Tenant, table=True):
    """What a category said from one change to the next. Rows are never changed.

    A request keeps the number of the version whose form it answered.
    """

    __tablename__ = "category_version"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "category_code"], ["category.community_code", "category.code"]),
    )

    category_code: str = Field(primary_key=True, max_length=60)
    version: int = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    """`schemas.CategoryContent`."""
    changed: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    """Which fields differ from the version before; empty for the first."""
    changed_by: str
    """The account's subject, or `system`."""
    created_at: datetime = Field(default_factory=utc_now)


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
