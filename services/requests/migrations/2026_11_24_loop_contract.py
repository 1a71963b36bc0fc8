"""What every part of the full loop builds on: merged requests, who answers, followers, more steps and channels.

Revision ID: requests_0003
Revises: requests_0002
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import secure

revision = "requests_0003"
down_revision = "requests_0002"
branch_labels = None
depends_on = None

_STATES = (
    "submitted",
    "accepted",
    "dispatched",
    "in_progress",
    "resolved",
    "confirmed",
    "rejected",
    "withdrawn",
    "reopened",
)
_CHANNELS = ("app", "phone", "card", "visit", "partner")
_STEPS = (
    "submitted",
    "accepted",
    "rejected",
    "dispatched",
    "acknowledged",
    "started",
    "handed_back",
    "escalated",
    "progress",
    "note",
    "comment",
    "waiting",
    "answered",
    "resolved",
    "confirmed",
    "reopened",
    "withdrawn",
    "rated",
    "identified",
    "handed_over",
    "deadline_breached",
)
_NEW_STEPS = (
    "deadline_warned",
    "merged",
    "split",
    "transferred",
    "objected",
    "objection_decided",
    "called_back",
    "supported",
    "attached",
    "redacted",
    "excluded",
    "linked",
)


def upgrade() -> None:
    for column in ("responder_id", "merged_into_id", "split_from_id"):
        op.add_column("service_request", sa.Column(column, sa.Uuid()))
    op.add_column(
        "service_request", sa.Column("follower_count", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.alter_column("service_request", "follower_count", server_default=None)
    _allow("service_request", "state", (*_STATES, "merged"))
    _allow("timeline_entry", "state", (*_STATES, "merged"))
    _allow("service_request", "channel", (*_CHANNELS, "open311"))
    _allow("timeline_entry", "step", (*_STEPS, *_NEW_STEPS))
    op.create_check_constraint(
        "ck_service_request_merged_into", "service_request", "(state = 'merged') = (merged_into_id IS NOT NULL)"
    )
    op.create_index(
        "ix_service_request_community_code_responder_id_id",
        "service_request",
        ["community_code", "responder_id", "id"],
        postgresql_where=sa.text("responder_id IS NOT NULL"),
    )
    op.create_index(
        "ix_service_request_community_code_merged_into_id",
        "service_request",
        ["community_code", "merged_into_id"],
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_table(
        "request_follower",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("muted_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "request_id", "person_id", name="pk_request_follower"),
        sa.ForeignKeyConstraint(
            ["community_code", "request_id"],
            ["service_request.community_code", "service_request.id"],
            name="fk_request_follower_community_code_request_id_service_request",
        ),
        sa.CheckConstraint("reason IN ('supports', 'merged', 'follows')", name="ck_request_follower_reason"),
    )
    op.create_index(
        "ix_request_follower_community_code_person_id_request_id",
        "request_follower",
        ["community_code", "person_id", "request_id"],
    )
    secure(op, "request_follower")


def downgrade() -> None:
    op.drop_table("request_follower")
    op.drop_constraint("ck_service_request_merged_into", "service_request")
    op.execute("UPDATE service_request SET state = 'withdrawn' WHERE state = 'merged'")
    op.execute("UPDATE timeline_entry SET state = 'withdrawn' WHERE state = 'merged'")
    op.execute("UPDATE service_request SET channel = 'partner' WHERE channel = 'open311'")
    entries = sa.table("timeline_entry", sa.column("step"))
    op.execute(sa.delete(entries).where(entries.c.step.in_(_NEW_STEPS)))
    _allow("timeline_entry", "step", _STEPS)
    _allow("service_request", "channel", _CHANNELS)
    for table in ("timeline_entry", "service_request"):
        _allow(table, "state", _STATES)
    for column in ("follower_count", "split_from_id", "merged_into_id", "responder_id"):
        op.drop_column("service_request", column)


def _allow(table: str, column: str, values: tuple[str, ...]) -> None:
    name = f"ck_{table}_{column}"
    op.drop_constraint(name, table)
    op.create_check_constraint(name, table, f"{column} IN ({_listed(values)})")


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(repr(value) for value in values)
