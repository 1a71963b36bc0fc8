"""What Open311 clients need: their own numbers for updates, lists by time, photos that everybody may see.

Revision ID: requests_0011
Revises: requests_0010
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import secure

revision = "requests_0011"
down_revision = "requests_0010"
branch_labels = None
depends_on = None

_BY_TIME = "ix_service_request_community_code_created_at_id"


def upgrade() -> None:
    op.create_table(
        "client_update",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("update_id", sa.String(100), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "client_id", "update_id", name="pk_client_update"),
        sa.ForeignKeyConstraint(
            ["community_code", "request_id"],
            ["service_request.community_code", "service_request.id"],
            name="fk_client_update_community_code_request_id_service_request",
        ),
    )
    secure(op, "client_update")
    op.add_column("attachment", sa.Column("released_at", sa.DateTime(timezone=True)))
    op.create_index(_BY_TIME, "service_request", ["community_code", "created_at", "id"])


def downgrade() -> None:
    op.drop_column("attachment", "released_at")
    op.drop_index(_BY_TIME, "service_request")
    op.drop_table("client_update")
