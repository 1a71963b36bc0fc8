"""Notices of deliberations and projects.

Revision ID: residents_0015
Revises: residents_0014
"""

from alembic import op

from shared.migrate import allow, disallow

revision = "residents_0015"
down_revision = "residents_0014"
branch_labels = None
depends_on = None

_NOTICE_KINDS = (
    "deliberation_invited",
    "deliberation_reminded",
    "deliberation_cancelled",
    "deliberation_overdue",
    "project_inspection",
    "project_delayed",
)


def upgrade() -> None:
    for table in ("notice", "delivery"):
        allow(op, table, "kind", *_NOTICE_KINDS)


def downgrade() -> None:
    for table in ("delivery", "notice"):
        disallow(op, table, "kind", *_NOTICE_KINDS)
