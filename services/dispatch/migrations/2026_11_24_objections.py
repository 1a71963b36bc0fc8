"""Objections and transfers.

Revision ID: dispatch_0006
Revises: dispatch_0005
"""

revision = "dispatch_0006"
down_revision = "dispatch_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
