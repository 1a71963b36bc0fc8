"""Possible duplicates and merges.

Revision ID: residents_0006
Revises: residents_0005
"""

revision = "residents_0006"
down_revision = "residents_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
