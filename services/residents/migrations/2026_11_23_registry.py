"""The kit's tables, the grid directory, households, people and household cards.

Revision ID: residents_0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.grid_directory import create_grid_directory_0001, drop_grid_directory_0001
from shared.kit_tables import create_kit_0001, drop_kit_0001
from shared.migrate import app_role, secure

revision = "residents_0001"
down_revision = None
branch_labels = None
depends_on = None

_TENANT_TABLES = (
    "household_card_change",
    "household_card",
    "colour_scheme",
    "family_contact",
    "person_tag",
    "person_token",
    "person",
    "household",
)


def upgrade() -> None:
    create_kit_0001(op)
    create_grid_directory_0001(op)
    _create_household()
    _create_person()
    _create_tokens()
    _create_tag()
    _create_family_contact()
    _create_colour_scheme()
    _create_household_card()
    secure(op, *_TENANT_TABLES)
    # A bulk load refreshes the planner's statistics: without any, a search may take seconds.
    op.execute(f"GRANT MAINTAIN ON {', '.join((*_TENANT_TABLES, 'data_key'))} TO {app_role(op)}")


def downgrade() -> None:
    for table in (*_TENANT_TABLES[:5], "phone_lookup", *_TENANT_TABLES[5:]):
        op.drop_table(table)
    drop_grid_directory_0001(op)
    drop_kit_0001(op)


def _community() -> sa.Column:
    return sa.Column("community_code", sa.String(12), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _bytes(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _of(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["community_code", column], [f"{parent}.community_code", f"{parent}.id"], name=f"fk_{table}_{parent}"
    )


def _create_household() -> None:
    op.create_table(
        "household",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("compound", sa.String(), nullable=False),
        sa.Column("building", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        _bytes("room", nullable=False),
        _bytes("room_index", nullable=False),
        sa.Column("grid_code", sa.String(15)),
        sa.Column("version", sa.Integer(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_household"),
        sa.UniqueConstraint(
            "community_code", "compound", "building", "unit", "room_index", name="uq_household_address"
        ),
    )
    op.create_index("ix_household_grid", "household", ["community_code", "grid_code", "id"])


def _create_person() -> None:
    op.create_table(
        "person",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        *(_bytes(name) for name in ("name", "phone", "identity_number", "birth_on", "sex", "cautions")),
        _bytes("identity_index"),
        _time("erased_at", nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_person"),
        sa.UniqueConstraint("community_code", "identity_index", name="uq_person_identity"),
        _of("person", "household_id", "household"),
    )
    op.create_index("ix_person_household", "person", ["community_code", "household_id"])


def _create_tokens() -> None:
    op.create_table(
        "person_token",
        _community(),
        _bytes("token", nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "token", "person_id", name="pk_person_token"),
    )
    op.create_index("ix_person_token_person", "person_token", ["community_code", "person_id"])
    op.create_table(
        "phone_lookup",
        _bytes("phone_index", nullable=False),
        _community(),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("phone_index", "community_code", "person_id", name="pk_phone_lookup"),
    )
    op.create_index("ix_phone_lookup_person", "phone_lookup", ["community_code", "person_id"])


def _create_tag() -> None:
    op.create_table(
        "person_tag",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        _bytes("evidence"),
        sa.Column("granted_by", sa.String(), nullable=False),
        _time("revoked_at", nullable=True),
        sa.Column("revoked_by", sa.String()),
        sa.Column("version", sa.Integer(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_person_tag"),
        sa.CheckConstraint(
            "kind IN ('veteran', 'disabled', 'limited_mobility', 'old_cadre', 'old_party_member', 'hardship', "
            "'child_in_hardship', 'dementia', 'living_alone')",
            name="ck_person_tag_kind",
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ck_person_tag_dates_in_order"),
        _of("person_tag", "person_id", "person"),
    )
    op.create_index("ix_person_tag_person", "person_tag", ["community_code", "person_id"])
    op.create_index("ix_person_tag_kind", "person_tag", ["community_code", "kind", "person_id"])


def _create_family_contact() -> None:
    op.create_table(
        "family_contact",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(40), nullable=False),
        _bytes("name", nullable=False),
        _bytes("phone", nullable=False),
        _time("created_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_family_contact"),
        sa.CheckConstraint(
            "relation IN ('spouse', 'child', 'parent', 'sibling', 'grandchild', 'other_relative', 'guardian', "
            "'neighbour', 'friend')",
            name="ck_family_contact_relation",
        ),
        _of("family_contact", "person_id", "person"),
    )
    op.create_index("ix_family_contact_person", "family_contact", ["community_code", "person_id", "position"])


def _create_colour_scheme() -> None:
    op.create_table(
        "colour_scheme",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("colours", postgresql.JSONB(), nullable=False),
        _time("published_at", nullable=True),
        sa.Column("published_by", sa.String()),
        sa.Column("version", sa.Integer(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_colour_scheme"),
        sa.UniqueConstraint("community_code", "number", name="uq_colour_scheme_number"),
        sa.CheckConstraint("state IN ('draft', 'published', 'superseded')", name="ck_colour_scheme_state"),
    )
    op.create_index(
        "uq_colour_scheme_published",
        "colour_scheme",
        ["community_code"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )


def _create_household_card() -> None:
    op.create_table(
        "household_card",
        _community(),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("scheme_number", sa.Integer()),
        sa.Column("derived_colour", sa.String()),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("override_colour", sa.String()),
        sa.Column("override_until", sa.Date()),
        sa.Column("overridden_by", sa.String()),
        sa.Column("colour", sa.String()),
        sa.Column("derived_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("community_code", "household_id", name="pk_household_card"),
        _of("household_card", "household_id", "household"),
    )
    op.create_index("ix_household_card_colour", "household_card", ["community_code", "colour", "household_id"])
    op.create_index("ix_household_card_derived_on", "household_card", ["derived_on"])
    op.create_table(
        "household_card_change",
        _community(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.String(40), nullable=False),
        sa.Column("scheme_number", sa.Integer()),
        sa.Column("colour", sa.String()),
        sa.Column("derived_colour", sa.String()),
        sa.Column("rule", postgresql.JSONB()),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        _bytes("reason"),
        sa.Column("made_by", sa.String()),
        sa.Column("override_until", sa.Date()),
        _time("began_at"),
        _time("ended_at", nullable=True),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_household_card_change"),
        sa.CheckConstraint(
            "cause IN ('derived', 'overridden', 'override_cleared', 'override_expired')",
            name="ck_household_card_change_cause",
        ),
        _of("household_card_change", "household_id", "household"),
    )
    op.create_index(
        "ix_household_card_change_household", "household_card_change", ["community_code", "household_id", "began_at"]
    )
    op.create_index(
        "uq_household_card_change_open",
        "household_card_change",
        ["community_code", "household_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
