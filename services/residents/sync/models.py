from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.residents.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class CopyKind(StrEnum):
    """What a phone keeps a copy of (离线副本)."""

    HOUSEHOLD = "household"
    PERSON = "person"


class SyncEntry(Base, Tenant, table=True):
    """Where a household or a person is to be seen, and which transaction changed them last.

    Written by database triggers only, so that no use case can forget it. It holds no content: that is read when it is
    delivered. Whoever moved out, died, was merged or erased is nowhere, and so is a household that ended.
    """

    __tablename__ = "sync_entry"
    __table_args__ = (
        one_of("kind", CopyKind),
        Index("ix_sync_entry_feed", "community_code", "grid_code", "changed_xid", "kind", "entity_id"),
        Index("ix_sync_entry_household", "community_code", "household_id"),
    )

    kind: CopyKind = Field(sa_type=text_enum(CopyKind), primary_key=True)
    entity_id: UUID = Field(primary_key=True)
    household_id: UUID | None = None
    """The household itself, or the one in which the person lives; None: nowhere."""
    grid_code: str | None = Field(default=None, max_length=15)
    changed_xid: int = Field(sa_type=BigInteger)
    """The transaction's number (`pg_current_xact_id`); compared with snapshots, never with clocks."""


class SyncRemoval(Base, Tenant, table=True):
    """A household or person that is no longer to be seen in a grid (墓碑). Kept until no phone may ask for it."""

    __tablename__ = "sync_removal"
    __table_args__ = (
        one_of("kind", CopyKind),
        Index("ix_sync_removal_feed", "community_code", "grid_code", "changed_xid", "kind", "entity_id"),
        Index("ix_sync_removal_removed_at", "removed_at"),
    )

    grid_code: str = Field(primary_key=True, max_length=15)
    kind: CopyKind = Field(sa_type=text_enum(CopyKind), primary_key=True)
    entity_id: UUID = Field(primary_key=True)
    changed_xid: int = Field(sa_type=BigInteger)
    removed_at: datetime


class SyncEpoch(Base, Tenant, table=True):
    """Of which database the transaction numbers of this community are. After a restore it is another one."""

    __tablename__ = "sync_epoch"

    database: str
    """Digest of the server's, the database's and the timeline's own identifiers."""
    epoch: UUID = Field(default_factory=new_id)
    """Named by every cursor; new whenever the database is another one than before."""


class SyncEdit(Base, Tenant, table=True):
    """An edit from a phone that was applied: sent again, it is not applied again. No values are kept."""

    __tablename__ = "sync_edit"
    __table_args__ = (Index("ix_sync_edit_applied_at", "applied_at"),)

    edit_id: UUID = Field(primary_key=True)
    digest: bytes
    """Keyed digest of the edit: another edit under the same id is not taken for this one."""
    entity_id: UUID
    fields: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String()), nullable=False))
    """Fields that it wrote."""
    version: int | None = None
    """The version that it made, of what has one."""
    applied_at: datetime = Field(default_factory=utc_now)
