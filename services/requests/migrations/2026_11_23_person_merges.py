"""Which requests followed a merge of two people.

Revision ID: requests_0002
Revises: requests_0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import secure

revision = "requests_0002"
down_revision = "requests_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "followed_merge",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("requested", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("concerned", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("is_undone", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "merge_id", name="pk_followed_merge"),
    )
    secure(op, "followed_merge")


def downgrade() -> None:
    op.drop_table("followed_merge")
