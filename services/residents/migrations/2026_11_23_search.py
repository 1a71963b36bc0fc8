"""What people are found by.

Revision ID: residents_0005
Revises: residents_0004
"""

revision = "residents_0005"
down_revision = "residents_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
