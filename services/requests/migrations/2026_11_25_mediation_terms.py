"""The term of a mediation stands in place of what was promised.

Revision ID: requests_0030
Revises: requests_0020
"""

import sqlalchemy as sa
from alembic import op

revision = "requests_0030"
down_revision = "requests_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service_request", sa.Column("promise_left", sa.Interval))


def downgrade() -> None:
    op.drop_column("service_request", "promise_left")
