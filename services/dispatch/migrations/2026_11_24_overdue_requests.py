"""Requests whose deadlines pass.

Revision ID: dispatch_0007
Revises: dispatch_0006
"""

revision = "dispatch_0007"
down_revision = "dispatch_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
