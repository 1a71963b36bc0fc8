from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from gateway.tables import Base
from shared.clock import utc_now
from shared.ids import new_id


class SigningKey(Base, table=True):
    """One Ed25519 key of the issuer. Published before it signs, and after it has stopped until its tokens are dead."""

    __tablename__ = "signing_key"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    """Also the `kid`."""
    public_jwk: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    private_sealed: bytes
    """The private seed, sealed under a data key of its own (table `data_key`)."""
    created_at: datetime = Field(default_factory=utc_now)
    signs_from: datetime
    expires_at: datetime
    """When it leaves the published set."""
