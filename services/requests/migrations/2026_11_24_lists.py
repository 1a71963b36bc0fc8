"""Search, saved views, the stream of changes.

Revision ID: requests_0012
Revises: requests_0011
"""

revision = "requests_0012"
down_revision = "requests_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
