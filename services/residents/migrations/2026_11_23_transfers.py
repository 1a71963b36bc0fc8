"""Import and export jobs.

Revision ID: residents_0007
Revises: residents_0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import secure

revision = "residents_0007"
down_revision = "residents_0006"
branch_labels = None
depends_on = None

_TENANT_TABLES = ("import_key", "import_problem", "import_job", "export_job")


def upgrade() -> None:
    _create_import_job()
    _create_import_problem()
    _create_import_key()
    _create_export_job()
    secure(op, *_TENANT_TABLES)


def downgrade() -> None:
    for table in _TENANT_TABLES:
        op.drop_table(table)


def _community() -> sa.Column:
    return sa.Column("community_code", sa.String(12), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _of_import(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["community_code", "import_id"], ["import_job.community_code", "import_job.id"], name=f"fk_{table}_import_job"
    )


def _create_import_job() -> None:
    op.create_table(
        "import_job",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_role", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("encoding", sa.String()),
        _number("heading_row"),
        sa.Column("headings", sa.LargeBinary(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("compound", sa.String()),
        sa.Column("skip_invalid", sa.Boolean(), nullable=False),
        *(_number(name) for name in ("parts", "next_part", "rows_total", "rows_done")),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        _number("attempts"),
        _time("phase_began_at", nullable=True),
        _time("phase_ended_at", nullable=True),
        _time("expires_at"),
        _time("forgotten_at", nullable=True),
        _number("version"),
        _time("created_at"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_import_job"),
        sa.CheckConstraint(
            "state IN ('uploaded', 'checking', 'checked', 'running', 'done', 'failed', 'cancelled')",
            name="ck_import_job_state",
        ),
        sa.CheckConstraint("kind IN ('xlsx', 'csv')", name="ck_import_job_kind"),
        sa.CheckConstraint("next_part BETWEEN 0 AND parts", name="ck_import_job_next_part"),
    )
    op.create_index(
        "ix_import_job_under_way",
        "import_job",
        ["updated_at"],
        postgresql_where=sa.text("state IN ('checking', 'running')"),
    )
    op.create_index(
        "ix_import_job_kept", "import_job", ["expires_at"], postgresql_where=sa.text("forgotten_at IS NULL")
    )


def _create_import_problem() -> None:
    op.create_table(
        "import_problem",
        _community(),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        _number("row_number"),
        sa.Column("id", sa.Uuid(), nullable=False),
        _number("column_position", nullable=True),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("severity", sa.String(40), nullable=False),
        _number("other_row", nullable=True),
        sa.PrimaryKeyConstraint("community_code", "import_id", "row_number", "id", name="pk_import_problem"),
        sa.CheckConstraint("severity IN ('error', 'warning')", name="ck_import_problem_severity"),
        _of_import("import_problem"),
    )


def _create_import_key() -> None:
    op.create_table(
        "import_key",
        _community(),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        _number("row_number"),
        sa.PrimaryKeyConstraint("community_code", "import_id", "key", name="pk_import_key"),
        _of_import("import_key"),
    )


def _create_export_job() -> None:
    op.create_table(
        "export_job",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_role", sa.String(40), nullable=False),
        sa.Column("grids", postgresql.ARRAY(sa.String(15)), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("format", sa.String(40), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("in_the_clear", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("filter", postgresql.JSONB(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("downloads", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _time("ended_at", nullable=True),
        _time("expires_at"),
        _time("forgotten_at", nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_export_job"),
        sa.CheckConstraint("state IN ('requested', 'ready', 'failed', 'destroyed')", name="ck_export_job_state"),
        sa.CheckConstraint("format IN ('xlsx', 'csv')", name="ck_export_job_format"),
    )
    op.create_index(
        "ix_export_job_requested", "export_job", ["created_at"], postgresql_where=sa.text("state = 'requested'")
    )
    op.create_index(
        "ix_export_job_kept", "export_job", ["expires_at"], postgresql_where=sa.text("forgotten_at IS NULL")
    )
