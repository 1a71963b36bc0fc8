from datetime import date, datetime

from sqlmodel import Field

from gateway.tables import Base
from shared.clock import utc_now


class ApiKey(Base, table=True):
    """What an Open311 client sends as `api_key`: GeoReport v2 knows no tokens. It stands for its client."""

    __tablename__ = "api_key"

    digest: bytes = Field(primary_key=True)
    """SHA-256 of 256 random bits: there is nothing to guess, so nothing to slow down."""
    client_id: str = Field(foreign_key="client.id", index=True, max_length=64)
    last_used_on: date | None = None
    """So that a key nobody uses can be found and disabled."""
    disabled_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)
