"""Holidays and make-up days of an area, in the calendar of every community under it.

Revision ID: requests_0019
Revises: requests_0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import secure

revision = "requests_0019"
down_revision = "requests_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "area_day",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("definition", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.String()),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_area_day"),
        sa.CheckConstraint("length(community_code) < 12", name="ck_area_day_area"),
    )
    op.create_index(
        "uq_area_day_on",
        "area_day",
        ["community_code", "day"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    secure(op, "area_day")
    op.add_column(
        "community_calendar",
        sa.Column("area_days", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'")),
    )


def downgrade() -> None:
    op.drop_column("community_calendar", "area_days")
    op.drop_table("area_day")
