"""Versions of categories, and what taking requests in needs.

Revision ID: requests_0005
Revises: requests_0004
"""

revision = "requests_0005"
down_revision = "requests_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
