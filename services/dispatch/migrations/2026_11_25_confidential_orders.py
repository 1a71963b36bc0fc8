"""Orders of requests that are closed to others are closed as well.

Revision ID: dispatch_0009
Revises: dispatch_0008
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import allow, disallow

revision = "dispatch_0009"
down_revision = "dispatch_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work_order", sa.Column("confidential", sa.Boolean, nullable=False, server_default=sa.false()))
    allow(op, "work_order", "escalated_to", "head")


def downgrade() -> None:
    disallow(op, "work_order", "escalated_to", "head", instead="duty_desk")
    op.drop_column("work_order", "confidential")
