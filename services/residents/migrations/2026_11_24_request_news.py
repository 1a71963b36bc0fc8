"""Notices of the loop.

Revision ID: residents_0013
Revises: residents_0012
"""

import re

import sqlalchemy as sa
from alembic import op

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
        _allow(table, sorted({*_allowed(table), *_NOTICE_KINDS}))


def downgrade() -> None:
    for table in ("delivery", "notice"):
        rows = sa.table(table, sa.column("kind"))
        op.execute(sa.delete(rows).where(rows.c.kind.in_(_NOTICE_KINDS)))
        _allow(table, sorted({*_allowed(table)} - {*_NOTICE_KINDS}))


def _allowed(table: str) -> list[str]:
    """What earlier revisions allow stays allowed."""
    query = sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name")
    definition = op.get_bind().execute(query.bindparams(name=f"ck_{table}_kind")).scalar_one()
    return re.findall(r"'([a-z_]+)'", definition)


def _allow(table: str, kinds: list[str]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_kind")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_kind CHECK (kind IN ({listed}))")
