"""Clusters, deliberations, projects.

Revision ID: requests_0010
Revises: requests_0009
"""

revision = "requests_0010"
down_revision = "requests_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
