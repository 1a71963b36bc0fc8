from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from services.requests.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class RequestLookup(Base, table=True):
    """Reference → community, for a public request that knows nothing else. Global: no row-level security, no person.

    A trigger writes it with the request.
    """

    __tablename__ = "request_lookup"

    reference: str = Field(primary_key=True, max_length=10)
    community_code: str = Field(max_length=12)
    request_id: UUID


class LinkState(StrEnum):
    HANDED_OUT = "handed_out"
    """The office gave it to the requester itself; nothing is sent."""
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class TrackingLink(Base, Tenant, table=True):
    """A one-time link (一次性查询链接) to a request, and the browser that opened it.

    Link and browser are known by digests only. The link opens once, within 30 days; the browser that opened it may
    come back for 30 days. A browser that was let in by the code of an anonymous request has a row, and no link.
    """

    __tablename__ = "tracking_link"
    __table_args__ = (
        one_of("state", LinkState),
        CheckConstraint("(opened_at IS NULL) = (session_digest IS NULL)", name="opened"),
        CheckConstraint("(session_digest IS NULL) = (session_until IS NULL)", name="session"),
        CheckConstraint("(state = 'pending') = (next_try_at IS NOT NULL)", name="pending"),
        CheckConstraint("(state = 'pending') = (token_sealed IS NOT NULL)", name="token"),
        ForeignKeyConstraint(
            ["community_code", "request_id"], ["service_request.community_code", "service_request.id"]
        ),
        Index("ix_tracking_link_request", "community_code", "request_id"),
        Index("uq_tracking_link_token", "community_code", "token_digest", unique=True),
        Index("ix_tracking_link_next_try_at", "next_try_at", postgresql_where=text("next_try_at IS NOT NULL")),
        Index("ix_tracking_link_created_at", "created_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    request_id: UUID
    token_digest: bytes
    expires_at: datetime
    """Until when it can be opened."""
    opened_at: datetime | None = None
    session_digest: bytes | None = None
    session_until: datetime | None = None
    created_by: str
    """The account that handed it out; `requester` if it was asked for on the page, `anonymous` if a code let it in."""
    state: LinkState = Field(sa_type=text_enum(LinkState))
    token_sealed: bytes | None = None
    """The link's own secret, under the request's key, until it is sent."""
    attempts: int = 0
    next_try_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)
