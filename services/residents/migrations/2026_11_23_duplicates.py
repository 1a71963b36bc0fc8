"""Possible duplicates and merges.

Revision ID: residents_0006
Revises: residents_0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import secure

revision = "residents_0006"
down_revision = "residents_0005"
branch_labels = None
depends_on = None

_TABLES = ("person_merge", "duplicate_check", "duplicate_candidate")

# Whoever changes a person asks for a comparison, each time by a row of its own: nobody waits for whoever is comparing,
# and what changes meanwhile is compared again.
_ASK = """
CREATE FUNCTION ask_duplicate_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO duplicate_check (community_code, id, person_id)
    SELECT community_code, gen_random_uuid(), id FROM changed;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    _create_candidate()
    _create_merge()
    op.create_table(
        "duplicate_check",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_duplicate_check"),
    )
    secure(op, *_TABLES)
    op.execute(_ASK)
    for event in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER ask_duplicate_check_{event.lower()} AFTER {event} ON person"
            " REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION ask_duplicate_check()"
        )
    op.execute(
        "INSERT INTO duplicate_check (community_code, id, person_id)"
        " SELECT community_code, gen_random_uuid(), id FROM person WHERE erased_at IS NULL"
    )


def downgrade() -> None:
    for event in ("insert", "update"):
        op.execute(f"DROP TRIGGER ask_duplicate_check_{event} ON person")
    op.execute("DROP FUNCTION ask_duplicate_check()")
    for table in _TABLES:
        op.drop_table(table)


def _community() -> sa.Column:
    return sa.Column("community_code", sa.String(12), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column.removesuffix('_id')}"
    return sa.ForeignKeyConstraint(["community_code", column], ["person.community_code", "person.id"], name=name)


def _create_candidate() -> None:
    op.create_table(
        "duplicate_candidate",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("strength", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("dismissed_because", sa.String(40)),
        _time("decided_at", nullable=True),
        sa.Column("decided_by", sa.String()),
        sa.Column("version", sa.Integer(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_duplicate_candidate"),
        sa.CheckConstraint(
            "kind IN ('reported', 'same_phone', 'same_name_and_birth_date')", name="ck_duplicate_candidate_kind"
        ),
        sa.CheckConstraint("state IN ('open', 'dismissed', 'merged')", name="ck_duplicate_candidate_state"),
        sa.CheckConstraint(
            "dismissed_because IN ('different_people', 'shared_phone', 'namesakes', 'undone')",
            name="ck_duplicate_candidate_dismissed_because",
        ),
        sa.CheckConstraint("person_id < other_id", name="ck_duplicate_candidate_pair_in_order"),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="ck_duplicate_candidate_decided"),
        _person("duplicate_candidate", "person_id"),
        _person("duplicate_candidate", "other_id"),
    )
    op.create_index(
        "uq_duplicate_candidate_pair", "duplicate_candidate", ["community_code", "person_id", "other_id"], unique=True
    )
    op.create_index("ix_duplicate_candidate_other", "duplicate_candidate", ["community_code", "other_id"])
    op.create_index(
        "ix_duplicate_candidate_queue", "duplicate_candidate", ["community_code", "state", "strength", "id"]
    )


def _create_merge() -> None:
    op.create_table(
        "person_merge",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("taken", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("before", sa.LargeBinary()),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.Column("membership_id", sa.Uuid()),
        sa.Column("merged_by", sa.String(), nullable=False),
        _time("merged_at"),
        sa.Column("undone_by", sa.String()),
        _time("undone_at", nullable=True),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_person_merge"),
        sa.CheckConstraint("kept_id <> merged_id", name="ck_person_merge_two_people"),
        sa.CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="ck_person_merge_undone"),
        _person("person_merge", "kept_id"),
        _person("person_merge", "merged_id"),
    )
    op.create_index("ix_person_merge_kept", "person_merge", ["community_code", "kept_id", "id"])
    op.create_index(
        "uq_person_merge_merged",
        "person_merge",
        ["community_code", "merged_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
