from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from gateway.tables import Base
from shared.auth import Role
from shared.clock import utc_now
from shared.db import text_enum
from shared.ids import new_id


class Account(Base, table=True):
    """Someone who signs in. Holds no name and no phone: a phone is a blind index, everything else is codes and ids."""

    __tablename__ = "account"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    role: Role = Field(sa_type=text_enum(Role))
    area: str
    username: str | None = Field(default=None, unique=True)
    password_hash: str | None = None
    """argon2id; None for those who sign in by phone."""
    phone_index: bytes | None = Field(default=None, unique=True)
    grids: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    person_id: UUID | None = Field(default=None, index=True)
    household_id: UUID | None = None
    responder_id: UUID | None = None
    merchant_id: UUID | None = None
    disabled_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)


class Client(Base, table=True):
    """A partner unit's system (共建单位). It signs in by client credentials and may do what it was granted."""

    __tablename__ = "client"

    id: str = Field(primary_key=True, max_length=64)
    secret_digest: bytes
    """SHA-256 of 256 random bits: there is nothing to guess, so nothing to slow down."""
    area: str
    grants: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    disabled_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)
