"""Notices of articles whose validity ends.

Revision ID: residents_0021
Revises: residents_0019
"""

from alembic import op

from shared.migrate import allow, disallow

revision = "residents_0021"
down_revision = "residents_0019"
branch_labels = None
depends_on = None

_NOTICE_KINDS = ("article_ending", "article_ended")


def upgrade() -> None:
    for table in ("notice", "delivery"):
        allow(op, table, "kind", *_NOTICE_KINDS)


def downgrade() -> None:
    for table in ("delivery", "notice"):
        disallow(op, table, "kind", *_NOTICE_KINDS)
