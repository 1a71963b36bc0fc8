"""Notices that the head alone reads, and notices of objections.

Revision ID: residents_0017
Revises: residents_0016
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import allow, disallow

revision = "residents_0017"
down_revision = "residents_0016"
branch_labels = None
depends_on = None

_NOTICE_KINDS = ("objection_raised", "objection_overdue", "work_left_to_head")


def upgrade() -> None:
    for table in ("notice", "delivery"):
        allow(op, table, "kind", *_NOTICE_KINDS)
    op.add_column("notice", sa.Column("for_head", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(
        "ALTER TABLE notice ADD CONSTRAINT ck_notice_for_head"
        " CHECK (NOT for_head OR num_nonnulls(person_id, responder_id) = 0)"
    )


def downgrade() -> None:
    notices = sa.table("notice", sa.column("for_head"))
    op.execute(sa.delete(notices).where(notices.c.for_head))
    op.drop_column("notice", "for_head")
    for table in ("delivery", "notice"):
        disallow(op, table, "kind", *_NOTICE_KINDS)
