from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.residents.retention.kinds import RetentionKind
from services.residents.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum


class RetentionRule(Base, Tenant, table=True):
    """How long a community keeps data of one kind (保存期限), where it differs from the installation's rule."""

    __tablename__ = "retention_rule"
    __table_args__ = (one_of("kind", RetentionKind), CheckConstraint("keep_days > 0", name="keep_days"))

    kind: RetentionKind = Field(primary_key=True, sa_type=text_enum(RetentionKind))
    keep_days: int
    set_by: str
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
