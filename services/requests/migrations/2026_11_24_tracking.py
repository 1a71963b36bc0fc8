"""References and one-time links.

Revision ID: requests_0007
Revises: requests_0006
"""

revision = "requests_0007"
down_revision = "requests_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
