"""Working calendars, warnings.

Revision ID: requests_0008
Revises: requests_0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import secure

revision = "requests_0008"
down_revision = "requests_0007"
branch_labels = None
depends_on = None

_WARNED = ("accept_warned", "respond_warned", "resolve_warned")


def upgrade() -> None:
    op.create_table(
        "community_calendar",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("calendar_version", sa.Integer(), nullable=False),
        sa.Column("hours", postgresql.JSONB(), nullable=False),
        sa.Column("weekdays", postgresql.JSONB(), nullable=False),
        sa.Column("days", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "calendar_version", name="pk_community_calendar"),
        sa.CheckConstraint("calendar_version > 0", name="ck_community_calendar_calendar_version"),
    )
    secure(op, "community_calendar")
    op.add_column("service_request", sa.Column("calendar_version", sa.Integer()))
    op.create_foreign_key(
        "fk_service_request_calendar",
        "service_request",
        "community_calendar",
        ["community_code", "calendar_version"],
        ["community_code", "calendar_version"],
    )
    # Code that still runs writes none of these until it is replaced: the defaults stay until then.
    for column in _WARNED:
        op.add_column("service_request", sa.Column(column, sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column(
        "service_request", sa.Column("resolve_minutes", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.execute(
        """
        UPDATE service_request AS request
        SET resolve_minutes =
            CASE WHEN request.reopened_count = 0 THEN policy.resolution_minutes ELSE policy.reopened_minutes END
        FROM deadline_policy AS policy
        WHERE policy.community_code = request.community_code AND policy.category_code = request.policy_category_code
          AND policy.policy_version = request.policy_version AND policy.urgency = request.urgency
        """
    )


def downgrade() -> None:
    for column in ("resolve_minutes", *_WARNED):
        op.drop_column("service_request", column)
    op.drop_constraint("fk_service_request_calendar", "service_request")
    op.drop_column("service_request", "calendar_version")
    op.drop_table("community_calendar")
