"""Articles.

Revision ID: requests_0014
Revises: requests_0013
"""

revision = "requests_0014"
down_revision = "requests_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
