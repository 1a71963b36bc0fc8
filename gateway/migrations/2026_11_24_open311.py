"""Open311 keys.

Revision ID: gateway_0002
Revises: gateway_0001
"""

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
