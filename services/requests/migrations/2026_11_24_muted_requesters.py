"""A requester may be silent about their own request.

Revision ID: requests_0015
Revises: requests_0014
"""

import sqlalchemy as sa
from alembic import op

revision = "requests_0015"
down_revision = "requests_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service_request", sa.Column("requester_muted_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("service_request", "requester_muted_at")
