"""Colour schemes that can be tried and replayed.

Revision ID: residents_0004
Revises: residents_0003
"""

revision = "residents_0004"
down_revision = "residents_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
