"""Requests whose deadlines pass.

Revision ID: dispatch_0007
Revises: dispatch_0006
"""

import sqlalchemy as sa
from alembic import op

revision = "dispatch_0007"
down_revision = "dispatch_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work_order", sa.Column("escalated_to", sa.String(40)))
    op.add_column("work_order", sa.Column("supervised_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        "ck_work_order_escalated_to", "work_order", "escalated_to IN ('backup', 'duty_desk', 'subdistrict')"
    )
    op.create_index(
        "ix_work_order_supervised",
        "work_order",
        ["community_code", "due_at", "id"],
        postgresql_where=sa.text("supervised_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_work_order_supervised", "work_order")
    op.drop_constraint("ck_work_order_escalated_to", "work_order")
    op.drop_column("work_order", "supervised_at")
    op.drop_column("work_order", "escalated_to")
