"""Search, saved views, the stream of changes.

Revision ID: requests_0012
Revises: requests_0011
"""

from alembic import op

from shared.migrate import secure

revision = "requests_0012"
down_revision = "requests_0011"
branch_labels = None
depends_on = None

_OPEN = "state IN ('accepted', 'dispatched', 'in_progress', 'reopened', 'submitted')"
_TABLES = ("request_token", "request_filing", "request_to_file", "request_view")

_CREATE = f"""
CREATE TABLE request_token (
    community_code varchar(12) NOT NULL,
    token bigint NOT NULL,
    request_id uuid NOT NULL,
    CONSTRAINT pk_request_token PRIMARY KEY (community_code, token, request_id)
);
CREATE TABLE request_filing (
    community_code varchar(12) NOT NULL,
    request_id uuid NOT NULL,
    tokens bigint[] NOT NULL,
    CONSTRAINT pk_request_filing PRIMARY KEY (community_code, request_id)
);
CREATE TABLE request_to_file (
    community_code varchar(12) NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    request_id uuid NOT NULL,
    CONSTRAINT pk_request_to_file PRIMARY KEY (community_code, id)
);
CREATE INDEX ix_request_to_file_id ON request_to_file (id);
CREATE TABLE request_view (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    owner varchar NOT NULL,
    is_shared boolean NOT NULL,
    name varchar(40) NOT NULL,
    filters jsonb NOT NULL,
    sort varchar(40) NOT NULL,
    columns jsonb NOT NULL,
    is_default boolean NOT NULL,
    is_pinned boolean NOT NULL,
    shows_count boolean NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_request_view PRIMARY KEY (community_code, id),
    CONSTRAINT ck_request_view_sort CHECK (sort IN ('newest', 'deadline', 'updated')),
    CONSTRAINT ck_request_view_filters CHECK (jsonb_typeof(filters) = 'object'),
    CONSTRAINT ck_request_view_columns CHECK (jsonb_typeof(columns) = 'array')
);
CREATE INDEX ix_request_view_community_code_owner_id ON request_view (community_code, owner, id);
CREATE UNIQUE INDEX uq_request_view_own_default ON request_view (community_code, owner)
    WHERE is_default AND NOT is_shared;
CREATE UNIQUE INDEX uq_request_view_shared_default ON request_view (community_code) WHERE is_default AND is_shared;
DROP INDEX ix_service_request_community_code_resolve_by_id;
CREATE INDEX ix_service_request_open_by_deadline ON service_request (community_code, resolve_by, id) WHERE {_OPEN};
CREATE INDEX ix_service_request_area_by_deadline ON service_request (resolve_by, id, community_code) WHERE {_OPEN};
CREATE INDEX ix_service_request_area_newest ON service_request (id, community_code);
CREATE INDEX ix_service_request_area_closed ON service_request (id, community_code)
    WHERE {_OPEN.replace("IN", "NOT IN")};
CREATE INDEX ix_service_request_area_urgent ON service_request (id, community_code) WHERE urgency = 'urgent';
CREATE INDEX ix_service_request_area_reopened ON service_request (id, community_code) WHERE reopened_count > 0;
CREATE INDEX ix_service_request_area_channel ON service_request (channel, id, community_code);
CREATE INDEX ix_service_request_area_category ON service_request (category_code, id, community_code);
CREATE INDEX ix_service_request_community_code_updated_at_id ON service_request (community_code, updated_at, id);
CREATE INDEX ix_service_request_area_by_update ON service_request (updated_at, id, community_code)
"""

_NOTE_REQUEST = """
CREATE FUNCTION note_request_to_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO request_to_file (community_code, request_id) VALUES (NEW.community_code, NEW.id);
    RETURN NULL;
END $$
"""
_NOTE_ENTRY = """
CREATE FUNCTION note_entry_to_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO request_to_file (community_code, request_id) VALUES (NEW.community_code, NEW.request_id);
    RETURN NULL;
END $$
"""
_TRIGGERS = (
    ("service_request", "note_written", "INSERT", "NEW.content_sealed IS NOT NULL", "note_request_to_file"),
    (
        "service_request",
        "note_rewritten",
        "UPDATE OF content_sealed",
        "OLD.content_sealed IS DISTINCT FROM NEW.content_sealed",
        "note_request_to_file",
    ),
    ("timeline_entry", "note_written", "INSERT", "NEW.text_sealed IS NOT NULL", "note_entry_to_file"),
    (
        "timeline_entry",
        "note_rewritten",
        "UPDATE OF text_sealed",
        "OLD.text_sealed IS DISTINCT FROM NEW.text_sealed",
        "note_entry_to_file",
    ),
)


def upgrade() -> None:
    for statement in _CREATE.split(";\n"):
        op.execute(statement)
    secure(op, *_TABLES)
    op.execute(_NOTE_REQUEST)
    op.execute(_NOTE_ENTRY)
    for table, name, event, condition, function in _TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN ({condition}) "
            f"EXECUTE FUNCTION {function}()"
        )
    op.execute(
        "INSERT INTO request_to_file (community_code, request_id) SELECT community_code, id FROM service_request"
    )


def downgrade() -> None:
    for table, name, *_ in _TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}")
    for function in ("note_request_to_file", "note_entry_to_file"):
        op.execute(f"DROP FUNCTION {function}")
    for index in (
        "community_code_updated_at_id",
        "area_by_update",
        "area_newest",
        "area_closed",
        "area_urgent",
        "area_reopened",
        "area_channel",
        "area_category",
        "area_by_deadline",
        "open_by_deadline",
    ):
        op.execute(f"DROP INDEX ix_service_request_{index}")
    op.create_index(
        "ix_service_request_community_code_resolve_by_id", "service_request", ["community_code", "resolve_by", "id"]
    )
    for table in _TABLES:
        op.drop_table(table)
