"""Two pseudonyms of one holder.

Revision ID: merchants_0002
Revises: merchants_0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from shared.migrate import secure

revision = "merchants_0002"
down_revision = "merchants_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "same_holder",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("kept", sa.LargeBinary(), nullable=False),
        sa.Column("merged", sa.LargeBinary(), nullable=False),
        sa.Column("moved", ARRAY(sa.Uuid()), nullable=False, server_default="{}"),
        sa.Column("is_undone", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "merge_id", name="pk_same_holder"),
        sa.CheckConstraint("kept <> merged", name="ck_same_holder_two_pseudonyms"),
    )
    op.create_index(
        "uq_same_holder_merged",
        "same_holder",
        ["community_code", "merged"],
        unique=True,
        postgresql_where=sa.text("NOT is_undone"),
    )
    op.create_index("ix_same_holder_kept", "same_holder", ["community_code", "kept"])
    secure(op, "same_holder")


def downgrade() -> None:
    op.drop_table("same_holder")
