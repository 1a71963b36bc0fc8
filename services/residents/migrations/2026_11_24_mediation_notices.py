"""Notices of mediations.

Revision ID: residents_0014
Revises: residents_0013
"""

revision = "residents_0014"
down_revision = "residents_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
