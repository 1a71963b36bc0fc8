"""Attachments, templates, redactions.

Revision ID: requests_0006
Revises: requests_0005
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import secure

revision = "requests_0006"
down_revision = "requests_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_type", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid()),
        sa.Column("key_subject_id", sa.Uuid(), nullable=False),
        sa.Column("visibility", sa.String(40), nullable=False),
        sa.Column("media_type", sa.String(40), nullable=False),
        sa.Column("byte_size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("redacted_at", sa.DateTime(timezone=True)),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_attachment"),
        sa.ForeignKeyConstraint(
            ["community_code", "request_id"],
            ["service_request.community_code", "service_request.id"],
            name="fk_attachment_community_code_request_id_service_request",
        ),
        sa.CheckConstraint(
            "subject_type IN ('request', 'mediation', 'deliberation', 'project')", name="ck_attachment_subject_type"
        ),
        sa.CheckConstraint("visibility IN ('public', 'internal')", name="ck_attachment_visibility"),
        sa.CheckConstraint("(subject_type = 'request') = (request_id IS NOT NULL)", name="ck_attachment_request"),
        sa.CheckConstraint("request_id IS NULL OR request_id = subject_id", name="ck_attachment_subject"),
    )
    op.create_index("ix_attachment_subject", "attachment", ["community_code", "subject_id", "id"])
    op.create_index("ix_attachment_key", "attachment", ["community_code", "key_subject_id"])
    op.create_index(
        "ix_attachment_withdrawn",
        "attachment",
        ["withdrawn_at"],
        postgresql_where=sa.text("withdrawn_at IS NOT NULL"),
    )
    secure(op, "attachment")


def downgrade() -> None:
    op.drop_table("attachment")
