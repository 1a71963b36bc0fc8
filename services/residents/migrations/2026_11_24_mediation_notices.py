"""Notices of mediations.

Revision ID: residents_0014
Revises: residents_0013
"""

from alembic import op

from shared.migrate import allow, disallow

revision = "residents_0014"
down_revision = "residents_0013"
branch_labels = None
depends_on = None

_NOTICE_KINDS = ("mediation_opened", "mediation_news", "mediation_agreed", "mediation_ended")


def upgrade() -> None:
    for table in ("notice", "delivery"):
        allow(op, table, "kind", *_NOTICE_KINDS)


def downgrade() -> None:
    for table in ("delivery", "notice"):
        disallow(op, table, "kind", *_NOTICE_KINDS)
