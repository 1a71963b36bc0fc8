"""The office and its workers follow requests, by account.

Revision ID: requests_0018
Revises: requests_0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import secure

revision = "requests_0018"
down_revision = "requests_0017"
branch_labels = None
depends_on = None

_ROLES = (
    "resident",
    "grid_worker",
    "responder",
    "staff",
    "head",
    "supervisor",
    "merchant",
    "partner",
    "gateway",
)
_RENAME = """
UPDATE request_view SET filters = (filters - '{was}') || jsonb_build_object('{now}', filters -> '{was}')
WHERE filters ? '{was}'
"""
"""What saved views called followed meant: by anybody. That is called supported; followed is by oneself."""


def upgrade() -> None:
    op.create_table(
        "request_watcher",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("grids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("responder_id", sa.Uuid()),
        sa.Column("muted_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "request_id", "account", name="pk_request_watcher"),
        sa.CheckConstraint(f"role IN ({', '.join(repr(role) for role in _ROLES)})", name="ck_request_watcher_role"),
        sa.ForeignKeyConstraint(
            ["community_code", "request_id"],
            ["service_request.community_code", "service_request.id"],
            name="fk_request_watcher_community_code_request_id_service_request",
        ),
    )
    op.create_index(
        "ix_request_watcher_community_code_account_request_id",
        "request_watcher",
        ["community_code", "account", "request_id"],
    )
    secure(op, "request_watcher")
    op.add_column(
        "service_request", sa.Column("watcher_count", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.execute(_RENAME.format(was="followed", now="supported"))


def downgrade() -> None:
    op.execute(_RENAME.format(was="supported", now="followed"))
    op.drop_column("service_request", "watcher_count")
    op.drop_table("request_watcher")
