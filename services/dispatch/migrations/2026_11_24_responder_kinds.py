"""Who usually answers for a request's category, as the order remembers it.

Revision ID: dispatch_0008
Revises: dispatch_0007
"""

import sqlalchemy as sa
from alembic import op

revision = "dispatch_0008"
down_revision = "dispatch_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work_order", sa.Column("responder_kind", sa.String(40)))


def downgrade() -> None:
    op.drop_column("work_order", "responder_kind")
