from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.merchants.alliance.states import Reason, State
from services.merchants.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class Merchant(Base, Tenant, table=True):
    """A shop of the alliance (商铺联盟), from its application to its leaving.

    What customers see is public; the contact person is sealed under a data key of the merchant's id, which is destroyed
    when the shop leaves or is rejected.
    """

    __tablename__ = "merchant"
    __table_args__ = (
        one_of("state", State),
        one_of("state_reason", Reason),
        CheckConstraint("grid_code IS NULL OR starts_with(grid_code, community_code)", name="grid_in_community"),
        CheckConstraint("(charter_version IS NULL) = (charter_signed_at IS NULL)", name="charter"),
        CheckConstraint("longitude BETWEEN -180 AND 180 AND latitude BETWEEN -90 AND 90", name="position"),
        Index(
            "uq_merchant_uscc",
            "community_code",
            "uscc",
            unique=True,
            postgresql_where=text("state NOT IN ('left', 'rejected')"),
        ),
        Index(None, "community_code", "state", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    state: State = Field(default=State.APPLIED, sa_type=text_enum(State))
    state_reason: Reason | None = Field(default=None, sa_type=text_enum(Reason))
    name: str
    trade: str = Field(max_length=40)
    uscc: str = Field(max_length=18)
    """Unified social credit code (统一社会信用代码), public by law; one membership per code in a community."""
    summary: str | None = None
    address: str
    """Of the shop."""
    public_phone: str | None = None
    longitude: float
    latitude: float
    """WGS 84."""
    grid_code: str | None = Field(default=None, max_length=15)
    hours: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """`schemas.OpeningHours` as JSON."""
    themes: list[str] = Field(sa_column=Column(ARRAY(String(40)), nullable=False))
    contact_name_sealed: bytes | None = None
    contact_phone_sealed: bytes | None = None
    charter_version: str | None = None
    """The pledges (承诺) that the shop has signed."""
    charter_signed_at: datetime | None = None
    applied_by: str
    """The account that applied; it may follow the application before it is bound to a shop."""
    decided_at: datetime | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
