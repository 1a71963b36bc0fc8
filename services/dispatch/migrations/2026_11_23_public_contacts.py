"""Who agreed to stand on team cards.

Revision ID: dispatch_0005
Revises: dispatch_0004
"""

import sqlalchemy as sa
from alembic import op

revision = "dispatch_0005"
down_revision = "dispatch_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("responder", sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.text("false")))


def downgrade() -> None:
    op.drop_column("responder", "is_public")
