from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field

from services.merchants.tables import Base
from shared.clock import utc_now
from shared.db import Tenant


class SameHolder(Base, Tenant, table=True):
    """Two pseudonyms of one holder (合并): the registry merged two records. Says who neither of them is.

    What the merged one has used counts for the kept one, and so does whatever is still done in its name.
    """

    __tablename__ = "same_holder"
    __table_args__ = (
        CheckConstraint("kept <> merged", name="two_pseudonyms"),
        Index("uq_same_holder_merged", "community_code", "merged", unique=True, postgresql_where=text("NOT is_undone")),
        Index("ix_same_holder_kept", "community_code", "kept"),
    )

    merge_id: UUID = Field(primary_key=True)
    kept: bytes
    merged: bytes
    moved: list[UUID] = Field(
        default_factory=list, sa_column=Column(ARRAY(PgUuid(as_uuid=True)), nullable=False, server_default="{}")
    )
    """Redemptions that were the merged one's: theirs again when the merge is undone."""
    is_undone: bool = False
    created_at: datetime = Field(default_factory=utc_now)
