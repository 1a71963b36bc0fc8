"""API keys of Open311 clients. They belong to no community and hold no personal data, as the clients themselves.

Revision ID: gateway_0002
Revises: gateway_0001
"""

import sqlalchemy as sa
from alembic import op

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("last_used_on", sa.Date()),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_api_key"),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_api_key_client_id_client"),
    )
    op.create_index("ix_api_key_client_id", "api_key", ["client_id"])


def downgrade() -> None:
    op.drop_table("api_key")
