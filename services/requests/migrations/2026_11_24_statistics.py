"""The three rates.

Revision ID: requests_0013
Revises: requests_0012
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import secure

revision = "requests_0013"
down_revision = "requests_0012"
branch_labels = None
depends_on = None

_COUNTERS = ("due", "in_time", "judged", "solved", "said", "satisfied")
_STEPS = (
    "acknowledged",
    "started",
    "progress",
    "waiting",
    "resolved",
    "rejected",
    "confirmed",
    "reopened",
    "rated",
    "called_back",
    "withdrawn",
    "merged",
    "transferred",
    "excluded",
    "deadline_breached",
)
_NOTE = """
CREATE FUNCTION note_pending_rate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rate_pending (community_code, request_id) VALUES (NEW.community_code, NEW.request_id)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""
_TRIGGER = f"""
CREATE TRIGGER note_pending_rate AFTER INSERT ON timeline_entry FOR EACH ROW
WHEN (NEW.step IN ({", ".join(f"'{step}'" for step in _STEPS)})) EXECUTE FUNCTION note_pending_rate()
"""
"""Whoever writes a step need not think of the rates; steps that change none of them cost nothing."""


def upgrade() -> None:
    op.create_table(
        "rate_pending",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "request_id", name="pk_rate_pending"),
    )
    op.create_table(
        "rate_fact",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("grid_code", sa.String(15), nullable=False),
        sa.Column("responder_id", sa.String(), nullable=False),
        sa.Column("category_code", sa.String(60), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.Column("satisfied", sa.Boolean()),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "request_id", "kind", "round", name="pk_rate_fact"),
        sa.CheckConstraint("kind IN ('response', 'judgement')", name="ck_rate_fact_kind"),
    )
    op.create_table(
        "rate_total",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("dimension", sa.String(40), nullable=False),
        sa.Column("grain", sa.String(40), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        *(
            sa.Column(f"{prefix}{name}", sa.Integer(), nullable=False)
            for prefix in ("", "excluded_")
            for name in _COUNTERS
        ),
        sa.PrimaryKeyConstraint("community_code", "dimension", "grain", "starts_on", "key", name="pk_rate_total"),
        sa.CheckConstraint("dimension IN ('all', 'grid', 'responder', 'category')", name="ck_rate_total_dimension"),
        sa.CheckConstraint("grain IN ('day', 'month')", name="ck_rate_total_grain"),
    )
    op.create_index("ix_rate_total_starts_on", "rate_total", ["dimension", "grain", "starts_on", "community_code"])
    op.create_index(
        "ix_timeline_entry_excluded",
        "timeline_entry",
        ["community_code", "id"],
        postgresql_where=sa.text("step = 'excluded'"),
    )
    secure(op, "rate_pending", "rate_fact", "rate_total")
    op.execute(_NOTE)
    op.execute(_TRIGGER)
    op.execute("INSERT INTO rate_pending (community_code, request_id) SELECT community_code, id FROM service_request")


def downgrade() -> None:
    op.execute("DROP TRIGGER note_pending_rate ON timeline_entry")
    op.execute("DROP FUNCTION note_pending_rate()")
    op.drop_index("ix_timeline_entry_excluded", "timeline_entry")
    for table in ("rate_total", "rate_fact", "rate_pending"):
        op.drop_table(table)
