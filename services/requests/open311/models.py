from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlmodel import Field

from services.requests.tables import Base
from shared.clock import utc_now
from shared.db import Tenant


class ClientUpdate(Base, Tenant, table=True):
    """An update that an Open311 client sent, under its own number: sent again, it is not written down again."""

    __tablename__ = "client_update"
    __table_args__ = (
        ForeignKeyConstraint(
            ["community_code", "request_id"], ["service_request.community_code", "service_request.id"]
        ),
    )

    client_id: str = Field(primary_key=True, max_length=64)
    update_id: str = Field(primary_key=True, max_length=100)
    """The client's own number."""
    request_id: UUID
    entry_id: UUID
    """The line of the timeline that it became: our number for it."""
    created_at: datetime = Field(default_factory=utc_now)
