from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Uuid
from sqlmodel import Field

from gateway.tables import Base
from shared.clock import utc_now
from shared.ids import new_id


class OneTimeCode(Base, table=True):
    """Six digits sent to a phone: single use, five minutes, five tries, bound to the request that asked for them."""

    __tablename__ = "one_time_code"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    phone_sealed: bytes
    """Under a key that only this row's id and the settings' signing key give; gone with the row, within minutes."""
    code_digest: bytes
    tries_left: int
    expires_at: datetime = Field(index=True)
    used_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)


class RefreshToken(Base, table=True):
    """One link of a chain: each is used once and replaced; using one again ends the whole family (RFC 9700, 4.14)."""

    __tablename__ = "refresh_token"

    digest: bytes = Field(primary_key=True)
    family_id: UUID = Field(index=True)
    account_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    issued_at: datetime = Field(default_factory=utc_now)
    expires_at: datetime = Field(index=True)
    used_at: datetime | None = None
    revoked_at: datetime | None = None
