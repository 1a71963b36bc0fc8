"""Notices of deliberations and projects.

Revision ID: residents_0015
Revises: residents_0014
"""

revision = "residents_0015"
down_revision = "residents_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
