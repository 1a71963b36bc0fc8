"""The feed that offline phones follow, written by triggers, and in which version each field was changed last.

Revision ID: residents_0012
Revises: residents_0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import secure

revision = "residents_0012"
down_revision = "residents_0011"
branch_labels = None
depends_on = None

_TABLES = ("sync_edit", "sync_epoch", "sync_removal", "sync_entry")

# A household's place is its grid; a person's place is their household's. Whoever places a person shares the household's
# row, so that a household that changes its grid meanwhile and a person who arrives in it see each other.
_FUNCTIONS = {
    "sync_xid()": "RETURNS bigint LANGUAGE sql VOLATILE RETURN pg_current_xact_id()::text::bigint",
    "sync_touch(community text, touched text, entity uuid)": """
RETURNS void LANGUAGE sql AS $$
    UPDATE sync_entry SET changed_xid = sync_xid()
    WHERE community_code = community AND kind = touched AND entity_id = entity AND changed_xid <> sync_xid()
$$""",
    "sync_household()": """
RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place varchar(15) := CASE WHEN NEW.ended_on IS NULL THEN NEW.grid_code END;
    was varchar(15);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        was := CASE WHEN OLD.ended_on IS NULL THEN OLD.grid_code END;
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO sync_entry (community_code, kind, entity_id, household_id, grid_code, changed_xid)
        VALUES (NEW.community_code, 'household', NEW.id, NEW.id, place, sync_xid());
    ELSIF place IS DISTINCT FROM was THEN
        UPDATE sync_entry SET grid_code = place, changed_xid = sync_xid()
        WHERE community_code = NEW.community_code AND household_id = NEW.id;
    ELSE
        PERFORM sync_touch(NEW.community_code, 'household', NEW.id);
    END IF;
    RETURN NULL;
END $$""",
    "sync_person()": """
RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    home uuid;
    place varchar(15);
BEGIN
    IF NEW.state = 'residing' AND NEW.merged_into IS NULL AND NEW.erased_at IS NULL THEN
        home := NEW.household_id;
        SELECT CASE WHEN ended_on IS NULL THEN grid_code END INTO place
        FROM household WHERE community_code = NEW.community_code AND id = home FOR SHARE;
    END IF;
    INSERT INTO sync_entry (community_code, kind, entity_id, household_id, grid_code, changed_xid)
    VALUES (NEW.community_code, 'person', NEW.id, home, place, sync_xid())
    ON CONFLICT (community_code, kind, entity_id) DO UPDATE
    SET household_id = excluded.household_id, grid_code = excluded.grid_code, changed_xid = excluded.changed_xid;
    RETURN NULL;
END $$""",
    "sync_person_changed()": """
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sync_touch(NEW.community_code, 'person', NEW.id);
    RETURN NULL;
END $$""",
    "sync_of_person()": """
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM sync_touch(NEW.community_code, 'person', NEW.person_id);
    END IF;
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND OLD.person_id <> NEW.person_id THEN
        PERFORM sync_touch(OLD.community_code, 'person', OLD.person_id);
    END IF;
    RETURN NULL;
END $$""",
    "sync_of_ward()": """
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM sync_touch(NEW.community_code, 'person', NEW.ward_id);
    END IF;
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND OLD.ward_id <> NEW.ward_id THEN
        PERFORM sync_touch(OLD.community_code, 'person', OLD.ward_id);
    END IF;
    RETURN NULL;
END $$""",
    "sync_household_card()": """
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sync_touch(NEW.community_code, 'household', NEW.household_id);
    RETURN NULL;
END $$""",
    "sync_contact_card()": """
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM sync_touch(NEW.community_code, 'household', NEW.household_id);
        PERFORM sync_touch(NEW.community_code, 'person', NEW.person_id);
    END IF;
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE'
       AND (OLD.household_id, OLD.person_id) IS DISTINCT FROM (NEW.household_id, NEW.person_id) THEN
        PERFORM sync_touch(OLD.community_code, 'household', OLD.household_id);
        PERFORM sync_touch(OLD.community_code, 'person', OLD.person_id);
    END IF;
    RETURN NULL;
END $$""",
    "sync_moved()": """
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.grid_code IS NOT NULL THEN
        INSERT INTO sync_removal (community_code, grid_code, kind, entity_id, changed_xid, removed_at)
        VALUES (OLD.community_code, OLD.grid_code, OLD.kind, OLD.entity_id, sync_xid(), now())
        ON CONFLICT (community_code, grid_code, kind, entity_id) DO UPDATE
        SET changed_xid = excluded.changed_xid, removed_at = excluded.removed_at;
    END IF;
    DELETE FROM sync_removal
    WHERE community_code = NEW.community_code AND grid_code = NEW.grid_code
          AND kind = NEW.kind AND entity_id = NEW.entity_id;
    RETURN NULL;
END $$""",
    # A use case may flush what it changes before it counts the version.
    "stamp_fields()": """
RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stamp jsonb := jsonb_build_object(
        'version', greatest(NEW.version, OLD.version + 1), 'at', now(),
        'by', nullif(current_setting('app.role', true), ''));
    before jsonb := to_jsonb(OLD);
    after jsonb := to_jsonb(NEW);
    field text;
BEGIN
    FOREACH field IN ARRAY TG_ARGV LOOP
        IF before -> field IS DISTINCT FROM after -> field THEN
            NEW.field_versions := NEW.field_versions || jsonb_build_object(field, stamp);
        END IF;
    END LOOP;
    RETURN NEW;
END $$""",
}

_PERSON_PLACE = ("household_id", "state", "merged_into", "erased_at")
_PERSON_FIELDS = ("name", "phone", "identity_number", "passport", "birth_on", "sex", "cautions")
_HOUSEHOLD_FIELDS = ("room_index", "tenure")
_CARD = ("colour", "scheme_number", "override_until")
_CONTACT_CARD = ("code", "state", "is_explained", "delivered_at", "household_id", "person_id")


def _differ(columns: tuple[str, ...]) -> str:
    return " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)


def _triggers() -> list[tuple[str, str, str]]:
    """(table, name, the rest)."""
    moved, stamped = _differ(_PERSON_PLACE), _differ(_PERSON_FIELDS)
    listed = [
        ("household", "sync_added", "AFTER INSERT ON household FOR EACH ROW EXECUTE FUNCTION sync_household()"),
        ("household", "sync_changed", "AFTER UPDATE ON household FOR EACH ROW EXECUTE FUNCTION sync_household()"),
        ("person", "sync_added", "AFTER INSERT ON person FOR EACH ROW EXECUTE FUNCTION sync_person()"),
        ("person", "sync_moved", f"AFTER UPDATE ON person FOR EACH ROW WHEN ({moved}) EXECUTE FUNCTION sync_person()"),
        (
            "person",
            "sync_changed",
            f"AFTER UPDATE ON person FOR EACH ROW WHEN (NOT ({moved})) EXECUTE FUNCTION sync_person_changed()",
        ),
        (
            "person",
            "stamp_fields",
            f"BEFORE UPDATE ON person FOR EACH ROW WHEN ({stamped} OR {moved})"
            f" EXECUTE FUNCTION stamp_fields({', '.join(repr(f) for f in (*_PERSON_FIELDS, 'household_id', 'state'))})",
        ),
        (
            "household",
            "stamp_fields",
            f"BEFORE UPDATE ON household FOR EACH ROW WHEN ({_differ(_HOUSEHOLD_FIELDS)})"
            f" EXECUTE FUNCTION stamp_fields({', '.join(repr(f) for f in _HOUSEHOLD_FIELDS)})",
        ),
        (
            "household_card",
            "sync_changed",
            f"AFTER UPDATE ON household_card FOR EACH ROW WHEN ({_differ(_CARD)})"
            " EXECUTE FUNCTION sync_household_card()",
        ),
        (
            "contact_card",
            "sync_added",
            "AFTER INSERT OR DELETE ON contact_card FOR EACH ROW EXECUTE FUNCTION sync_contact_card()",
        ),
        (
            "contact_card",
            "sync_changed",
            f"AFTER UPDATE ON contact_card FOR EACH ROW WHEN ({_differ(_CONTACT_CARD)})"
            " EXECUTE FUNCTION sync_contact_card()",
        ),
        (
            "sync_entry",
            "moved",
            "AFTER UPDATE ON sync_entry FOR EACH ROW WHEN (OLD.grid_code IS DISTINCT FROM NEW.grid_code)"
            " EXECUTE FUNCTION sync_moved()",
        ),
    ]
    listed += [
        (
            table,
            "sync_changed",
            f"AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION sync_of_person()",
        )
        for table in ("person_tag", "family_contact", "membership")
    ]
    return [
        *listed,
        (
            "guardianship",
            "sync_changed",
            "AFTER INSERT OR UPDATE OR DELETE ON guardianship FOR EACH ROW EXECUTE FUNCTION sync_of_ward()",
        ),
    ]


def upgrade() -> None:
    for table in ("person", "household"):
        op.add_column(
            table, sa.Column("field_versions", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'"))
        )
    _create_tables()
    secure(op, *_TABLES)
    for signature, definition in _FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {signature} {definition}")
    for _, name, rest in _triggers():
        op.execute(f"CREATE TRIGGER {name} {rest}")
    op.execute("""
        INSERT INTO sync_entry (community_code, kind, entity_id, household_id, grid_code, changed_xid)
        SELECT community_code, 'household', id, id, CASE WHEN ended_on IS NULL THEN grid_code END, 0 FROM household
        UNION ALL
        SELECT person.community_code, 'person', person.id, home.id,
               CASE WHEN home.ended_on IS NULL THEN home.grid_code END, 0
        FROM person
        LEFT JOIN household AS home
          ON home.community_code = person.community_code AND home.id = person.household_id
             AND person.state = 'residing' AND person.merged_into IS NULL AND person.erased_at IS NULL""")


def downgrade() -> None:
    for table, name, _ in _triggers():
        op.execute(f"DROP TRIGGER {name} ON {table}")
    for signature in reversed(_FUNCTIONS):
        op.execute(f"DROP FUNCTION {signature}")
    for table in _TABLES:
        op.drop_table(table)
    for table in ("person", "household"):
        op.drop_column(table, "field_versions")


def _create_tables() -> None:
    community = ("community_code", sa.String(12))
    kinds = "kind IN ('household', 'person')"
    op.create_table(
        "sync_entry",
        sa.Column(*community, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid()),
        sa.Column("grid_code", sa.String(15)),
        sa.Column("changed_xid", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "kind", "entity_id", name="pk_sync_entry"),
        sa.CheckConstraint(kinds, name="ck_sync_entry_kind"),
    )
    op.create_index(
        "ix_sync_entry_feed", "sync_entry", ["community_code", "grid_code", "changed_xid", "kind", "entity_id"]
    )
    op.create_index("ix_sync_entry_household", "sync_entry", ["community_code", "household_id"])
    op.create_table(
        "sync_removal",
        sa.Column(*community, nullable=False),
        sa.Column("grid_code", sa.String(15), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("changed_xid", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "grid_code", "kind", "entity_id", name="pk_sync_removal"),
        sa.CheckConstraint(kinds, name="ck_sync_removal_kind"),
    )
    op.create_index(
        "ix_sync_removal_feed", "sync_removal", ["community_code", "grid_code", "changed_xid", "kind", "entity_id"]
    )
    op.create_index("ix_sync_removal_removed_at", "sync_removal", ["removed_at"])
    op.create_table(
        "sync_epoch",
        sa.Column(*community, nullable=False),
        sa.Column("database", sa.String(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("community_code", name="pk_sync_epoch"),
    )
    op.create_table(
        "sync_edit",
        sa.Column(*community, nullable=False),
        sa.Column("edit_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("version", sa.Integer()),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "edit_id", name="pk_sync_edit"),
    )
    op.create_index("ix_sync_edit_applied_at", "sync_edit", ["applied_at"])
