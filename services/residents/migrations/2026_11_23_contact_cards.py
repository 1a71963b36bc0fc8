"""Scans, team cards, confirmations of contact cards.

Revision ID: residents_0008
Revises: residents_0007
"""

revision = "residents_0008"
down_revision = "residents_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
