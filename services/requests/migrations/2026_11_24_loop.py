"""Objections, transfers, splits and callbacks.

Revision ID: requests_0004
Revises: requests_0003
"""

revision = "requests_0004"
down_revision = "requests_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
