"""Working calendars, warnings.

Revision ID: requests_0008
Revises: requests_0007
"""

revision = "requests_0008"
down_revision = "requests_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
