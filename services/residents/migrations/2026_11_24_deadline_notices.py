"""Notices of deadlines.

Revision ID: residents_0016
Revises: residents_0015
"""

revision = "residents_0016"
down_revision = "residents_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
