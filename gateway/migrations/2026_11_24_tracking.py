"""Tracking sessions.

Revision ID: gateway_0003
Revises: gateway_0002
"""

revision = "gateway_0003"
down_revision = "gateway_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
