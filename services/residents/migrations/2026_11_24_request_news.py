"""Notices of the loop.

Revision ID: residents_0013
Revises: residents_0012
"""

revision = "residents_0013"
down_revision = "residents_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
