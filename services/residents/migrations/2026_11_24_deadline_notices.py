"""Notices of deadlines.

Revision ID: residents_0016
Revises: residents_0015
"""

from alembic import op

from shared.migrate import allow, disallow

revision = "residents_0016"
down_revision = "residents_0015"
branch_labels = None
depends_on = None

_NOTICE_KINDS = ("request_due_soon", "request_overdue")


def upgrade() -> None:
    for table in ("notice", "delivery"):
        allow(op, table, "kind", *_NOTICE_KINDS)


def downgrade() -> None:
    for table in ("delivery", "notice"):
        disallow(op, table, "kind", *_NOTICE_KINDS)
