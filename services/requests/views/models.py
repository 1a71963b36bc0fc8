from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.requests.tables import Base
from services.requests.views.filters import Sort
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class RequestView(Base, Tenant, table=True):
    """A list that somebody saved (视图): its conditions, order and columns, for themselves or for the community.

    It keeps codes only. What is typed into a search may name a person, and so is not kept.
    """

    __tablename__ = "request_view"
    __table_args__ = (
        one_of("sort", Sort),
        CheckConstraint("jsonb_typeof(filters) = 'object'", name="filters"),
        CheckConstraint("jsonb_typeof(columns) = 'array'", name="columns"),
        Index(None, "community_code", "owner", "id"),
        Index(
            "uq_request_view_own_default",
            "community_code",
            "owner",
            unique=True,
            postgresql_where=text("is_default AND NOT is_shared"),
        ),
        Index(
            "uq_request_view_shared_default",
            "community_code",
            unique=True,
            postgresql_where=text("is_default AND is_shared"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner: str
    """The account that made it."""
    is_shared: bool
    """Everybody who handles requests in the community has it."""
    name: str = Field(max_length=40)
    filters: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    """`filters.RequestFilter` as JSON."""
    sort: Sort = Field(sa_type=text_enum(Sort))
    columns: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    """What a table of it shows, in order; empty: the client's own choice."""
    is_default: bool
    """What its people see first; one's own goes before a shared one."""
    is_pinned: bool
    shows_count: bool

    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
