"""An order is due when its request is, as that last said.

Revision ID: dispatch_0010
Revises: dispatch_0009
"""

import sqlalchemy as sa
from alembic import op

revision = "dispatch_0010"
down_revision = "dispatch_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work_order", sa.Column("due_version", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("work_order", "due_version")
