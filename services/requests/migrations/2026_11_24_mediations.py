"""Mediations.

Revision ID: requests_0009
Revises: requests_0008
"""

revision = "requests_0009"
down_revision = "requests_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
