"""The feed that offline phones follow.

Revision ID: residents_0012
Revises: residents_0011
"""

revision = "residents_0012"
down_revision = "residents_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
