"""The three rates.

Revision ID: requests_0013
Revises: requests_0012
"""

revision = "requests_0013"
down_revision = "requests_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
