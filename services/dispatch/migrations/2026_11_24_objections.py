"""Objections of those who were asked, and why somebody else is.

Revision ID: dispatch_0006
Revises: dispatch_0005
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import allow, disallow, secure

revision = "dispatch_0006"
down_revision = "dispatch_0005"
branch_labels = None
depends_on = None

_CAUSES = {"transfer", "objection"}


def upgrade() -> None:
    op.create_table(
        "objection",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("work_order_id", sa.Uuid(), nullable=False),
        sa.Column("responder_id", sa.Uuid(), nullable=False),
        sa.Column("raised_by", sa.String(), nullable=False),
        sa.Column("ground", sa.String(40), nullable=False),
        sa.Column("statement", sa.LargeBinary()),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("review_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True)),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.String()),
        sa.Column("decision", sa.LargeBinary()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_objection"),
        sa.ForeignKeyConstraint(
            ["community_code", "work_order_id"],
            ["work_order.community_code", "work_order.id"],
            name="fk_objection_order",
        ),
        sa.ForeignKeyConstraint(
            ["community_code", "responder_id"],
            ["responder.community_code", "responder.id"],
            name="fk_objection_community_code_responder_id_responder",
        ),
        sa.CheckConstraint(
            "ground IN ('not_our_task', 'out_of_area', 'other_unit', 'no_authority')", name="ck_objection_ground"
        ),
        sa.CheckConstraint("state IN ('pending', 'upheld', 'overruled', 'lapsed')", name="ck_objection_state"),
        sa.CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name="ck_objection_decided"),
        sa.CheckConstraint(
            "(state IN ('upheld', 'overruled')) = (decided_by IS NOT NULL)", name="ck_objection_decided_by"
        ),
    )
    op.create_index("ix_objection_queue", "objection", ["community_code", "state", "review_by", "id"])
    op.create_index("ix_objection_order", "objection", ["community_code", "work_order_id", "id"])
    op.create_index(
        "uq_objection_pending",
        "objection",
        ["community_code", "work_order_id"],
        unique=True,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_objection_due",
        "objection",
        ["review_by"],
        postgresql_where=sa.text("state = 'pending' AND escalated_at IS NULL"),
    )
    secure(op, "objection")
    allow(op, "work_order_assignment", "cause", *_CAUSES)


def downgrade() -> None:
    disallow(op, "work_order_assignment", "cause", *_CAUSES, instead="hand_back")
    op.drop_table("objection")
