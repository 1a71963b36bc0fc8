from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.residents.tables import Base
from shared.clock import utc_now
from shared.db import Tenant
from shared.ids import new_id
from shared.states import NamedState


class MergeState(NamedState):
    """Whether a merge still holds."""

    MERGED = "merged", "已合并"
    UNDONE = "undone", "已撤销"


class PersonMerge(Base, Tenant, table=True):
    """Two records turned out to be of one person (合并). Holds all that undoing it needs.

    The record that was merged keeps its own sealed values; what hung on it hangs on the kept one until it is undone.
    """

    __tablename__ = "person_merge"
    __table_args__ = (
        CheckConstraint("kept_id <> merged_id", name="two_people"),
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"),
        ForeignKeyConstraint(
            ["community_code", "kept_id"], ["person.community_code", "person.id"], name="fk_person_merge_kept"
        ),
        ForeignKeyConstraint(
            ["community_code", "merged_id"], ["person.community_code", "person.id"], name="fk_person_merge_merged"
        ),
        Index("ix_person_merge_kept", "community_code", "kept_id", "id"),
        Index(
            "uq_person_merge_merged",
            "community_code",
            "merged_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kept_id: UUID
    merged_id: UUID
    taken: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    """Fields of the kept person that were replaced by the merged record's."""
    before: bytes | None = None
    """What those fields said before: JSON, sealed under the kept person's key."""
    moved: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    """`table.column` → ids of the rows that were moved to the kept person."""
    membership_id: UUID | None = None
    """The merged record's membership that the merge ended."""
    merged_by: str
    merged_at: datetime = Field(default_factory=utc_now)
    undone_by: str | None = None
    undone_at: datetime | None = None
