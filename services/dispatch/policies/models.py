from datetime import datetime
from typing import Any

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.dispatch.tables import Base
from shared.clock import utc_now
from shared.db import Tenant


class DispatchPolicy(Base, Tenant, table=True):
    """One version of how a community gives out work (派单规则). A work order keeps to the version it was made under."""

    __tablename__ = "dispatch_policy"

    number: int = Field(primary_key=True)
    rules: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    published_at: datetime = Field(default_factory=utc_now)
    published_by: str
