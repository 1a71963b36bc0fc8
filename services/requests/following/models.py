from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.requests.tables import Base
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum


class RequestWatcher(Base, Tenant, table=True):
    """An account of the office, or of one who is sent, that follows a request (关注) as long as it may read it.

    It keeps what the account's token said of its reach, so that each telling can ask again whether it may.
    """

    __tablename__ = "request_watcher"
    __table_args__ = (
        one_of("role", Role),
        ForeignKeyConstraint(
            ["community_code", "request_id"], ["service_request.community_code", "service_request.id"]
        ),
        Index(None, "community_code", "account", "request_id"),
    )

    request_id: UUID = Field(primary_key=True)
    account: str = Field(primary_key=True)
    """The account's subject: an id, no name."""
    role: Role = Field(sa_type=text_enum(Role))
    grids: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    responder_id: UUID | None = None
    muted_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)

    @property
    def principal(self) -> Principal:
        """Whoever follows, as they last said who they are."""
        return Principal(
            subject=self.account,
            role=self.role,
            area=self.community_code,
            grids=tuple(self.grids),
            responder_id=self.responder_id,
        )
