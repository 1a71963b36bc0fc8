"""Work orders and who was asked.

Revision ID: dispatch_0003
Revises: dispatch_0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import secure

revision = "dispatch_0003"
down_revision = "dispatch_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "work_order",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("previous_id", sa.Uuid()),
        sa.Column("request_version", sa.Integer(), nullable=False),
        sa.Column("grid_code", sa.String(15)),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("urgency", sa.String(40), nullable=False),
        sa.Column("channel", sa.String()),
        sa.Column("origin", postgresql.JSONB()),
        sa.Column("requester_person_id", sa.Uuid()),
        sa.Column("household_id", sa.Uuid()),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("responder_id", sa.Uuid()),
        sa.Column("tier", sa.String(40)),
        sa.Column("considered", postgresql.JSONB()),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy_number", sa.Integer(), nullable=False),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.Column("escalate_at", sa.DateTime(timezone=True)),
        sa.Column("assigned_at", sa.DateTime(timezone=True)),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.String(40)),
        sa.Column("note", sa.LargeBinary()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('done', 'partly_done', 'not_possible', 'unfounded')", name="ck_work_order_outcome"
        ),
        sa.CheckConstraint(
            "state IN ('created', 'assigned', 'acknowledged', 'in_progress', 'handed_back', 'completed', 'cancelled')",
            name="ck_work_order_state",
        ),
        sa.CheckConstraint("tier IN ('first', 'backup', 'duty', 'other')", name="ck_work_order_tier"),
        sa.CheckConstraint("urgency IN ('normal', 'urgent')", name="ck_work_order_urgency"),
        sa.ForeignKeyConstraint(
            ["community_code", "previous_id"],
            ["work_order.community_code", "work_order.id"],
            name="fk_work_order_community_code_previous_id_work_order",
        ),
        sa.ForeignKeyConstraint(
            ["community_code", "responder_id"],
            ["responder.community_code", "responder.id"],
            name="fk_work_order_community_code_responder_id_responder",
        ),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_work_order"),
        sa.UniqueConstraint(
            "community_code", "request_id", "sequence", name="uq_work_order_community_code_request_id_sequence"
        ),
    )
    op.create_index("ix_work_order_community_code_due_at", "work_order", ["community_code", "due_at", "id"])
    op.create_index(
        "ix_work_order_community_code_grid_code", "work_order", ["community_code", "grid_code", "due_at", "id"]
    )
    op.create_index(
        "ix_work_order_escalate_at", "work_order", ["escalate_at"], postgresql_where=sa.text("escalate_at IS NOT NULL")
    )
    op.create_index(
        "ix_work_order_requester",
        "work_order",
        ["community_code", "requester_person_id"],
        postgresql_where=sa.text("requester_person_id IS NOT NULL"),
    )
    op.create_table(
        "work_order_assignment",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("work_order_id", sa.Uuid(), nullable=False),
        sa.Column("responder_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.String(40), nullable=False),
        sa.Column("cause", sa.String(40), nullable=False),
        sa.Column("policy_number", sa.Integer(), nullable=False),
        sa.Column("considered", postgresql.JSONB(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("reason", sa.LargeBinary()),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ending", sa.String(40)),
        sa.Column("hand_back_reason", sa.String(40)),
        sa.CheckConstraint(
            "cause IN ('arrival', 'retry', 'escalation', 'hand_back', 'manual')", name="ck_work_order_assignment_cause"
        ),
        sa.CheckConstraint(
            "ending IN ('accepted_by_other', 'handed_back', 'reassigned', 'completed', 'cancelled')",
            name="ck_work_order_assignment_ending",
        ),
        sa.CheckConstraint(
            "hand_back_reason IN ('wrong_place', 'lacks_skill', 'unavailable', 'conflict_of_interest', 'not_responsible')",  # noqa: E501
            name="ck_work_order_assignment_hand_back_reason",
        ),
        sa.CheckConstraint("tier IN ('first', 'backup', 'duty', 'other')", name="ck_work_order_assignment_tier"),
        sa.ForeignKeyConstraint(
            ["community_code", "responder_id"],
            ["responder.community_code", "responder.id"],
            name="fk_work_order_assignment_community_code_responder_id_responder",
        ),
        sa.ForeignKeyConstraint(
            ["community_code", "work_order_id"],
            ["work_order.community_code", "work_order.id"],
            name="fk_work_order_assignment_order",
        ),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_work_order_assignment"),
    )
    op.create_index(
        "ix_work_order_assignment_responder",
        "work_order_assignment",
        ["community_code", "responder_id", "work_order_id"],
    )
    op.create_index("ix_work_order_assignment_work_order", "work_order_assignment", ["community_code", "work_order_id"])
    op.create_index(
        "uq_work_order_assignment_open",
        "work_order_assignment",
        ["community_code", "work_order_id", "responder_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    secure(op, "work_order", "work_order_assignment")


def downgrade() -> None:
    op.drop_table("work_order_assignment")
    op.drop_table("work_order")
