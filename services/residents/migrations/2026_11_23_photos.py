"""Photos of people and of found-person cases; their pictures are files.

Revision ID: residents_0011
Revises: residents_0010
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import secure

revision = "residents_0011"
down_revision = "residents_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "photo",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_type", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_photo"),
        sa.CheckConstraint("subject_type IN ('person', 'found_person')", name="ck_photo_subject_type"),
        sa.CheckConstraint("kind IN ('portrait', 'found', 'sighting', 'hand_over')", name="ck_photo_kind"),
        sa.CheckConstraint("(kind = 'portrait') = (subject_type = 'person')", name="ck_photo_portrait_of_person"),
    )
    op.create_index("ix_photo_subject", "photo", ["community_code", "subject_id", "id"])
    op.create_index(
        "uq_photo_portrait",
        "photo",
        ["community_code", "subject_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'portrait' AND removed_at IS NULL"),
    )
    op.create_index("ix_photo_removed", "photo", ["removed_at"], postgresql_where=sa.text("removed_at IS NOT NULL"))
    secure(op, "photo")


def downgrade() -> None:
    op.drop_table("photo")
