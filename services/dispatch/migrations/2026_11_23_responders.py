"""Communities, dispatch policies, responders with their roster; grids get a centre and real workers.

Revision ID: dispatch_0002
Revises: dispatch_0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import secure

revision = "dispatch_0002"
down_revision = "dispatch_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dispatch_policy",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "number", name="pk_dispatch_policy"),
    )
    op.create_table(
        "responder",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("force", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("duty", sa.String(40), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("home_grid_code", sa.String(15)),
        sa.Column("longitude", sa.Float()),
        sa.Column("latitude", sa.Float()),
        sa.Column("uscc", sa.String(18)),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("household_id", sa.Uuid()),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("open_orders", sa.Integer(), nullable=False),
        sa.Column("last_assigned_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("duty IN ('standing', 'rostered')", name="ck_responder_duty"),
        sa.CheckConstraint(
            "force IN ('community', 'volunteer', 'social_organisation', 'social_talent', 'charity', 'partner_unit')",
            name="ck_responder_force",
        ),
        sa.CheckConstraint(
            "kind IN ('grid_worker', 'backup', 'volunteer', 'mediator', 'police', 'judicial_officer', 'lawyer', 'social_worker', 'unit', 'duty_desk')",  # noqa: E501
            name="ck_responder_kind",
        ),
        sa.CheckConstraint("(longitude IS NULL) = (latitude IS NULL)", name="ck_responder_position"),
        sa.CheckConstraint("capacity BETWEEN 0 AND 200", name="ck_responder_capacity"),
        sa.CheckConstraint("open_orders >= 0", name="ck_responder_open_orders"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_responder"),
    )
    op.create_table(
        "absence",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("responder_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name="ck_absence_span"),
        sa.ForeignKeyConstraint(
            ["community_code", "responder_id"],
            ["responder.community_code", "responder.id"],
            name="fk_absence_community_code_responder_id_responder",
        ),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_absence"),
    )
    op.create_index(
        "ix_absence_community_code_responder_id_ends_at", "absence", ["community_code", "responder_id", "ends_at"]
    )
    op.create_table(
        "roster_entry",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("responder_id", sa.Uuid(), nullable=False),
        sa.Column("grid_code", sa.String(15)),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name="ck_roster_entry_span"),
        sa.ForeignKeyConstraint(
            ["community_code", "responder_id"],
            ["responder.community_code", "responder.id"],
            name="fk_roster_entry_community_code_responder_id_responder",
        ),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_roster_entry"),
    )
    op.create_index(
        "ix_roster_entry_community_code_responder_id_ends_at",
        "roster_entry",
        ["community_code", "responder_id", "ends_at"],
    )
    op.create_table(
        "community",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("hotline", sa.String(), nullable=False),
        sa.Column("duty_desk_id", sa.Uuid()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_code", "duty_desk_id"],
            ["responder.community_code", "responder.id"],
            name="fk_community_community_code_duty_desk_id_responder",
        ),
        sa.PrimaryKeyConstraint("community_code", name="pk_community"),
    )
    op.add_column("grid", sa.Column("centre_longitude", sa.Float()))
    op.add_column("grid", sa.Column("centre_latitude", sa.Float()))
    op.create_foreign_key(
        "fk_grid_community_code_responder_id_responder",
        "grid",
        "responder",
        ["community_code", "responder_id"],
        ["community_code", "id"],
    )
    op.create_foreign_key(
        "fk_grid_community_code_backup_responder_id_responder",
        "grid",
        "responder",
        ["community_code", "backup_responder_id"],
        ["community_code", "id"],
    )
    op.create_foreign_key(
        "fk_grid_boundary_version_community_code_grid_code_grid",
        "grid_boundary_version",
        "grid",
        ["community_code", "grid_code"],
        ["community_code", "code"],
    )
    secure(op, "dispatch_policy", "responder", "absence", "roster_entry", "community")


def downgrade() -> None:
    op.drop_constraint("fk_grid_boundary_version_community_code_grid_code_grid", "grid_boundary_version")
    op.drop_constraint("fk_grid_community_code_backup_responder_id_responder", "grid")
    op.drop_constraint("fk_grid_community_code_responder_id_responder", "grid")
    op.drop_column("grid", "centre_latitude")
    op.drop_column("grid", "centre_longitude")
    for table in ("community", "roster_entry", "absence", "responder", "dispatch_policy"):
        op.drop_table(table)
