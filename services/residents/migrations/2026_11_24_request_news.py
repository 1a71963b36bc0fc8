"""Notices of the loop.

Revision ID: residents_0013
Revises: residents_0012
"""

from alembic import op

from shared.migrate import allow, disallow

revision = "residents_0013"
down_revision = "residents_0012"
branch_labels = None
depends_on = None

_NOTICE_KINDS = (
    "request_rejected",
    "request_waiting",
    "request_withdrawn",
    "request_merged",
    "request_unmerged",
    "request_transferred",
    "request_followed",
)


def upgrade() -> None:
    for table in ("notice", "delivery"):
        allow(op, table, "kind", *_NOTICE_KINDS)


def downgrade() -> None:
    for table in ("delivery", "notice"):
        disallow(op, table, "kind", *_NOTICE_KINDS)
