"""What Open311 clients need.

Revision ID: requests_0011
Revises: requests_0010
"""

revision = "requests_0011"
down_revision = "requests_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
