"""The kit's tables, grids and the grid directory.

Revision ID: dispatch_0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.grid_directory import create_grid_directory_0001, drop_grid_directory_0001
from shared.kit_tables import create_kit_0001, drop_kit_0001
from shared.migrate import secure

revision = "dispatch_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kit_0001(op)
    create_grid_directory_0001(op)
    op.create_table(
        "grid",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("code", sa.String(15), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("boundary_version", sa.Integer(), nullable=False),
        sa.Column("responder_id", sa.Uuid()),
        sa.Column("backup_responder_id", sa.Uuid()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "code", name="pk_grid"),
        sa.CheckConstraint("kind IN ('micro', 'special', 'comprehensive')", name="ck_grid_kind"),
        sa.CheckConstraint("starts_with(code, community_code)", name="ck_grid_code_in_community"),
    )
    op.create_table(
        "grid_boundary_version",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("grid_code", sa.String(15), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("boundary", postgresql.JSONB(), nullable=False),
        sa.Column("addresses", postgresql.JSONB(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "grid_code", "number", name="pk_grid_boundary_version"),
    )
    secure(op, "grid", "grid_boundary_version")


def downgrade() -> None:
    op.drop_table("grid_boundary_version")
    op.drop_table("grid")
    drop_grid_directory_0001(op)
    drop_kit_0001(op)
