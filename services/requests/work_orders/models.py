from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field

from services.requests.service_requests.models import REQUEST_KEY
from services.requests.tables import Base
from shared.db import Tenant


class RequestWorkOrder(Base, Tenant, table=True):
    """A work order (工单) that dispatch made for a request, and the last event of it that was taken in."""

    __tablename__ = "request_work_order"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "request_id"], REQUEST_KEY),
        Index(None, "community_code", "request_id"),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID
    round: int
    """How often the request had been reopened when the order was made; an order of an earlier round moves nothing."""
    seen_version: int = 0
    is_started: bool = False
    """Somebody is at work on this order now."""


class RequestResponder(Base, Tenant, table=True):
    """A responder (responder 办理人) who was asked, and so may read the request until another has taken it over."""

    __tablename__ = "request_responder"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "request_id"], REQUEST_KEY),
        Index(None, "community_code", "request_id"),
    )

    responder_id: UUID = Field(primary_key=True)
    request_id: UUID = Field(primary_key=True)
    work_order_id: UUID = Field(primary_key=True)
    ended_at: datetime | None = None
    """When the order was handed back or another took it over; None: still answerable (首接负责)."""
