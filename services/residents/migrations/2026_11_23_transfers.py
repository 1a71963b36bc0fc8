"""Import and export jobs.

Revision ID: residents_0007
Revises: residents_0006
"""

revision = "residents_0007"
down_revision = "residents_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
