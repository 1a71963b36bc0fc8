"""Attachments, templates, redactions.

Revision ID: requests_0006
Revises: requests_0005
"""

revision = "requests_0006"
down_revision = "requests_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
