"""Trails, proofs and relayed messages of found persons.

Revision ID: residents_0009
Revises: residents_0008
"""

revision = "residents_0009"
down_revision = "residents_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
