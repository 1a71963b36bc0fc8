"""When the recolouring by a scheme was done, and overrides by the day on which they end.

Revision ID: residents_0004
Revises: residents_0003
"""

import sqlalchemy as sa
from alembic import op

revision = "residents_0004"
down_revision = "residents_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("colour_scheme", sa.Column("recoloured_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_household_card_override",
        "household_card",
        ["community_code", "override_until", "household_id"],
        postgresql_where=sa.text("override_until IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_household_card_override", "household_card")
    op.drop_column("colour_scheme", "recoloured_at")
