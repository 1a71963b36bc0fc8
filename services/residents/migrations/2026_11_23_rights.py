"""Lawful bases, consents, corrections, reviews.

Revision ID: residents_0010
Revises: residents_0009
"""

revision = "residents_0010"
down_revision = "residents_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
