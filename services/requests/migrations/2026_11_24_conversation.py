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
    op.create_table(
        "redaction",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.String(40), nullable=False),
        sa.Column("target_id", sa.Uuid()),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("key_subject_id", sa.Uuid(), nullable=False),
        sa.Column("original_sealed", sa.LargeBinary()),
        sa.Column("redacted_by", sa.String(), nullable=False),
        sa.Column("redacted_by_role", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_redaction"),
        sa.ForeignKeyConstraint(
            ["community_code", "request_id"],
            ["service_request.community_code", "service_request.id"],
            name="fk_redaction_community_code_request_id_service_request",
        ),
        sa.CheckConstraint(
            "target IN ('title', 'description', 'update', 'rating', 'attachment')", name="ck_redaction_target"
        ),
        sa.CheckConstraint(
            "reason IN ('personal_data', 'offensive', 'unproven', 'mistake')", name="ck_redaction_reason"
        ),
        sa.CheckConstraint("(target IN ('title', 'description')) = (target_id IS NULL)", name="ck_redaction_target_id"),
    )
    op.create_index("ix_redaction_community_code_request_id_id", "redaction", ["community_code", "request_id", "id"])
    op.create_index("ix_redaction_key", "redaction", ["community_code", "key_subject_id"])
    op.create_table(
        "answer_template",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("category_code", sa.String(60)),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("text_zh", sa.String(), nullable=False),
        sa.Column("text_en", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_answer_template"),
        sa.CheckConstraint(
            "purpose IN ('acceptance', 'refusal', 'wait', 'progress', 'resolution', 'callback')",
            name="ck_answer_template_purpose",
        ),
    )
    op.create_index("uq_answer_template_code", "answer_template", ["community_code", "code"], unique=True)
    op.add_column("service_request", sa.Column("released_sealed", sa.LargeBinary()))
    op.add_column("service_request", sa.Column("released_at", sa.DateTime(timezone=True)))
    op.add_column("timeline_entry", sa.Column("released_at", sa.DateTime(timezone=True)))
    secure(op, "attachment", "redaction", "answer_template")


def downgrade() -> None:
    op.drop_column("timeline_entry", "released_at")
    op.drop_column("service_request", "released_at")
    op.drop_column("service_request", "released_sealed")
    for table in ("answer_template", "redaction", "attachment"):
        op.drop_table(table)
