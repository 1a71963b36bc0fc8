"""Memberships, states of people and households, owners of homes, guardians, passports.

Everybody registered so far is a member of the household they are filed under, since the day of their registration. Who
heads it nobody has said, so nobody does.

Revision ID: residents_0003
Revises: residents_0002
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import app_role, secure

revision = "residents_0003"
down_revision = "residents_0002"
branch_labels = None
depends_on = None

_TENANT_TABLES = ("guardianship", "home_owner", "membership")


def upgrade() -> None:
    _extend_household()
    _extend_person()
    _create_membership()
    _create_home_owner()
    _create_guardianship()
    secure(op, *_TENANT_TABLES)
    op.execute(f"GRANT MAINTAIN ON {', '.join(_TENANT_TABLES)} TO {app_role(op)}")


def downgrade() -> None:
    for table in _TENANT_TABLES:
        op.drop_table(table)
    op.drop_constraint("fk_person_merged_into", "person")
    for column in ("passport_index", "passport", "merged_into", "state_since", "state"):
        op.drop_column("person", column)
    op.drop_index("uq_household_address", "household")
    for column in ("ended_on", "tenure"):
        op.drop_column("household", column)
    op.create_unique_constraint("uq_household_address", "household", _ADDRESS)


_ADDRESS = ["community_code", "compound", "building", "unit", "room_index"]


def _extend_household() -> None:
    op.add_column("household", sa.Column("tenure", sa.String(40)))
    op.add_column("household", sa.Column("ended_on", sa.Date()))
    op.create_check_constraint(
        "ck_household_tenure", "household", "tenure IN ('owner_occupied', 'rented', 'public_rental', 'lent', 'other')"
    )
    op.drop_constraint("uq_household_address", "household")
    op.create_index(
        "uq_household_address", "household", _ADDRESS, unique=True, postgresql_where=sa.text("ended_on IS NULL")
    )


def _extend_person() -> None:
    op.add_column("person", sa.Column("state", sa.String(40), nullable=False, server_default="residing"))
    op.add_column("person", sa.Column("state_since", sa.Date()))
    op.add_column("person", sa.Column("merged_into", sa.Uuid()))
    op.add_column("person", sa.Column("passport", sa.LargeBinary()))
    op.add_column("person", sa.Column("passport_index", sa.LargeBinary()))
    op.create_check_constraint("ck_person_state", "person", "state IN ('residing', 'moved_out', 'died')")
    op.create_unique_constraint("uq_person_passport", "person", ["community_code", "passport_index"])
    op.create_foreign_key(
        "fk_person_merged_into", "person", "person", ["community_code", "merged_into"], ["community_code", "id"]
    )


def _create_membership() -> None:
    op.create_table(
        "membership",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.String(40), nullable=False),
        sa.Column("is_head", sa.Boolean(), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date()),
        sa.Column("end_reason", sa.String(40)),
        sa.Column("destination", sa.String(40)),
        *_version_and_times(),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_membership"),
        sa.CheckConstraint(
            "relation IN ('head', 'spouse', 'child', 'child_in_law', 'parent', 'parent_in_law', 'grandparent', "
            "'grandchild', 'sibling', 'other_relative', 'lodger', 'carer', 'employee', 'other')",
            name="ck_membership_relation",
        ),
        sa.CheckConstraint(
            "end_reason IN ('moved_within', 'moved_out', 'died', 'corrected', 'merged')",
            name="ck_membership_end_reason",
        ),
        sa.CheckConstraint(
            "destination IN ('same_city', 'same_province', 'other_province', 'abroad', 'unknown')",
            name="ck_membership_destination",
        ),
        sa.CheckConstraint("ended_on >= began_on", name="ck_membership_dates_in_order"),
        sa.CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ck_membership_ends_for_a_reason"),
        sa.CheckConstraint("is_head = (relation = 'head')", name="ck_membership_head_is_head"),
        _of("membership", "household_id", "household", "household"),
        _of("membership", "person_id", "person", "person"),
    )
    op.create_index("ix_membership_household", "membership", ["community_code", "household_id", "began_on"])
    op.create_index("ix_membership_person", "membership", ["community_code", "person_id", "began_on"])
    op.create_index(
        "uq_membership_open",
        "membership",
        ["community_code", "person_id"],
        unique=True,
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    op.create_index(
        "uq_membership_head",
        "membership",
        ["community_code", "household_id"],
        unique=True,
        postgresql_where=sa.text("ended_on IS NULL AND is_head"),
    )
    op.execute("""
        INSERT INTO membership (community_code, id, household_id, person_id, relation, is_head, began_on,
                                version, created_at, updated_at)
        SELECT community_code, uuidv7(), household_id, id, 'other', false,
               (created_at AT TIME ZONE 'Asia/Shanghai')::date, 1, created_at, created_at
        FROM person
        WHERE erased_at IS NULL
    """)


def _create_home_owner() -> None:
    op.create_table(
        "home_owner",
        _community(),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid()),
        sa.Column("name", sa.LargeBinary()),
        sa.Column("phone", sa.LargeBinary()),
        *_version_and_times(),
        sa.PrimaryKeyConstraint("community_code", "household_id", name="pk_home_owner"),
        sa.CheckConstraint("(owner_id IS NULL) = (name IS NOT NULL)", name="ck_home_owner_somebody"),
        _of("home_owner", "household_id", "household", "household"),
        _of("home_owner", "owner_id", "owner", "person"),
    )
    op.create_index("ix_home_owner_owner", "home_owner", ["community_code", "owner_id"])


def _create_guardianship() -> None:
    op.create_table(
        "guardianship",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ward_id", sa.Uuid(), nullable=False),
        sa.Column("guardian_id", sa.Uuid()),
        sa.Column("name", sa.LargeBinary()),
        sa.Column("phone", sa.LargeBinary()),
        sa.Column("relation", sa.String(40), nullable=False),
        sa.Column("ground", sa.String(40), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date()),
        *_version_and_times(),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_guardianship"),
        sa.CheckConstraint(
            "relation IN ('parent', 'grandparent', 'sibling', 'spouse', 'child', 'other_relative', 'other_person', "
            "'organisation')",
            name="ck_guardianship_relation",
        ),
        sa.CheckConstraint("ground IN ('minor', 'incapacity')", name="ck_guardianship_ground"),
        sa.CheckConstraint("ended_on >= began_on", name="ck_guardianship_dates_in_order"),
        sa.CheckConstraint("(guardian_id IS NULL) = (name IS NOT NULL)", name="ck_guardianship_somebody"),
        sa.CheckConstraint("guardian_id <> ward_id", name="ck_guardianship_not_oneself"),
        _of("guardianship", "ward_id", "ward", "person"),
        _of("guardianship", "guardian_id", "guardian", "person"),
    )
    op.create_index("ix_guardianship_ward", "guardianship", ["community_code", "ward_id", "began_on"])
    op.create_index("ix_guardianship_guardian", "guardianship", ["community_code", "guardian_id"])


def _community() -> sa.Column:
    return sa.Column("community_code", sa.String(12), nullable=False)


def _version_and_times() -> tuple[sa.Column, ...]:
    return (
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _of(table: str, column: str, role: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["community_code", column], [f"{parent}.community_code", f"{parent}.id"], name=f"fk_{table}_{role}"
    )
