"""A merge of two records carries what the merged one said of outcomes.

Revision ID: requests_0016
Revises: requests_0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

revision = "requests_0016"
down_revision = "requests_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("followed_merge", sa.Column("ratings", ARRAY(UUID), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("followed_merge", "ratings")
