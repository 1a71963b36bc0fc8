from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from services.merchants.schemas import MAX_FEN
from services.merchants.tables import Base
from shared.clock import utc_now
from shared.db import Tenant
from shared.ids import new_id


class Item(Base, Tenant, table=True):
    """Something a shop sells or does (商品或服务), with its normal price."""

    __tablename__ = "item"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "merchant_id"], ["merchant.community_code", "merchant.id"]),
        CheckConstraint(f"price_fen BETWEEN 0 AND {MAX_FEN}", name="price_fen"),
        Index(None, "community_code", "merchant_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    merchant_id: UUID
    name: str
    unit: str
    """What one of it is: 千克, 次, 件."""
    price_fen: int
    category: str = Field(max_length=40)
    active: bool = True
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
