"""References and one-time links.

Revision ID: requests_0007
Revises: requests_0006
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import secure

revision = "requests_0007"
down_revision = "requests_0006"
branch_labels = None
depends_on = None

_NEW_REFERENCE = """
CREATE FUNCTION new_reference() RETURNS varchar LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    alphabet CONSTANT text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    random CONSTANT bytea := uuid_send(gen_random_uuid());
    place int;
    value int;
    total int := 0;
    said text := '';
BEGIN
    FOREACH place IN ARRAY ARRAY[0, 1, 2, 3, 4, 5, 9, 10, 11, -1] LOOP
        total := total << 1;
        IF total & 32 > 0 THEN
            total := total # 37;
        END IF;
        IF place < 0 THEN
            RETURN said || substr(alphabet, total + 1, 1);
        END IF;
        value := get_byte(random, place) & 31;
        total := total # value;
        said := said || substr(alphabet, value + 1, 1);
    END LOOP;
END $$
"""
"""The same code as `references.REFERENCE`: for rows from before there were references, and those that SQL inserts."""
_NOTE_REFERENCE = """
CREATE FUNCTION note_reference() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO request_lookup (reference, community_code, request_id)
    VALUES (NEW.reference, NEW.community_code, NEW.id);
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(_NEW_REFERENCE)
    op.execute("ALTER TABLE service_request ADD COLUMN reference varchar(10) NOT NULL DEFAULT new_reference()")
    op.create_index("uq_service_request_reference", "service_request", ["community_code", "reference"], unique=True)
    op.create_table(
        "request_lookup",
        sa.Column("reference", sa.String(10), nullable=False),
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("reference", name="pk_request_lookup"),
    )
    op.execute("INSERT INTO request_lookup SELECT reference, community_code, id FROM service_request")
    op.execute(_NOTE_REFERENCE)
    op.execute(
        "CREATE TRIGGER note_reference AFTER INSERT ON service_request FOR EACH ROW EXECUTE FUNCTION note_reference()"
    )
    op.create_table(
        "tracking_link",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.Column("session_digest", sa.LargeBinary()),
        sa.Column("session_until", sa.DateTime(timezone=True)),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("token_sealed", sa.LargeBinary()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_tracking_link"),
        sa.ForeignKeyConstraint(
            ["community_code", "request_id"],
            ["service_request.community_code", "service_request.id"],
            name="fk_tracking_link_community_code_request_id_service_request",
        ),
        sa.CheckConstraint("state IN ('handed_out', 'pending', 'sent', 'failed')", name="ck_tracking_link_state"),
        sa.CheckConstraint("(opened_at IS NULL) = (session_digest IS NULL)", name="ck_tracking_link_opened"),
        sa.CheckConstraint("(session_digest IS NULL) = (session_until IS NULL)", name="ck_tracking_link_session"),
        sa.CheckConstraint("(state = 'pending') = (next_try_at IS NOT NULL)", name="ck_tracking_link_pending"),
        sa.CheckConstraint("(state = 'pending') = (token_sealed IS NOT NULL)", name="ck_tracking_link_token"),
    )
    op.create_index("ix_tracking_link_request", "tracking_link", ["community_code", "request_id"])
    op.create_index("uq_tracking_link_token", "tracking_link", ["community_code", "token_digest"], unique=True)
    op.create_index(
        "ix_tracking_link_next_try_at",
        "tracking_link",
        ["next_try_at"],
        postgresql_where=sa.text("next_try_at IS NOT NULL"),
    )
    op.create_index("ix_tracking_link_created_at", "tracking_link", ["created_at"])
    secure(op, "tracking_link")


def downgrade() -> None:
    op.execute("DROP TRIGGER note_reference ON service_request")
    op.execute("DROP FUNCTION note_reference()")
    op.drop_table("tracking_link")
    op.drop_table("request_lookup")
    op.drop_column("service_request", "reference")
    op.execute("DROP FUNCTION new_reference()")
