"""Memberships, states of people and households, guardians, identity documents.

Revision ID: residents_0003
Revises: residents_0002
"""

revision = "residents_0003"
down_revision = "residents_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
