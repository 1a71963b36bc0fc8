"""Photos of people and hand-overs.

Revision ID: residents_0011
Revises: residents_0010
"""

revision = "residents_0011"
down_revision = "residents_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
