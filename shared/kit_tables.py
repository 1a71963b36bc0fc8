"""The frozen DDL of the kit's tables. Each service's first migration calls it; a later change is a new function.

Held against the Table definitions by the test that autogenerate finds nothing.
"""

from typing import Any

from shared.migrate import IN_SCOPE, app_role, secure

_SHARED = """
CREATE TABLE idempotency_key (
    community_code varchar(12) NOT NULL,
    digest bytea NOT NULL,
    fingerprint bytea NOT NULL,
    status integer NOT NULL,
    media_type text NOT NULL,
    headers bytea NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_idempotency_key PRIMARY KEY (community_code, digest)
);
CREATE INDEX ix_idempotency_key_created_at ON idempotency_key (created_at);
CREATE TABLE audit_entry (
    community_code varchar(12) NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    action text NOT NULL,
    purpose text NOT NULL,
    subject_type text NOT NULL,
    subject_id uuid NOT NULL,
    fields text[] NOT NULL,
    detail jsonb NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT pk_audit_entry PRIMARY KEY (community_code, seq)
);
CREATE INDEX ix_audit_entry_community_code_subject_id ON audit_entry (community_code, subject_id, seq);
CREATE TABLE audit_head (
    community_code varchar(12) NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    signature bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    CONSTRAINT pk_audit_head PRIMARY KEY (community_code)
);
CREATE TABLE data_key (
    community_code varchar(12) NOT NULL,
    subject_id uuid NOT NULL,
    key_id text NOT NULL,
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_data_key PRIMARY KEY (community_code, subject_id)
);
CREATE INDEX ix_data_key_key_id ON data_key (key_id);
"""

_EVENTS = """
CREATE TABLE outbox (
    community_code varchar(12) NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    event_id uuid NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    version integer NOT NULL,
    data jsonb NOT NULL,
    traceparent text,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    CONSTRAINT pk_outbox PRIMARY KEY (community_code, id)
);
CREATE INDEX ix_outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
CREATE INDEX ix_outbox_published_at ON outbox (published_at) WHERE published_at IS NOT NULL;
CREATE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_notify('outbox', ''); RETURN NULL; END $$;
CREATE TRIGGER outbox_added AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox();
CREATE TABLE inbox (
    community_code varchar(12) NOT NULL,
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_inbox PRIMARY KEY (community_code, consumer, event_id)
);
CREATE INDEX ix_inbox_handled_at ON inbox (handled_at);
CREATE TABLE dead_letter (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    consumer text NOT NULL,
    event_id uuid,
    type text NOT NULL,
    subject text NOT NULL,
    envelope jsonb NOT NULL,
    error text NOT NULL,
    attempts integer NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now(),
    replayed_at timestamptz,
    CONSTRAINT pk_dead_letter PRIMARY KEY (community_code, id)
);
CREATE INDEX ix_dead_letter_open ON dead_letter (failed_at) WHERE replayed_at IS NULL;
"""


def create_kit_0001(op: Any, *, events: bool = True) -> None:
    """Everything of the kit; `events=False` for the gateway, which publishes and consumes nothing."""
    op.execute(IN_SCOPE)
    for statement in (_SHARED + (_EVENTS if events else "")).split(";\n"):
        if statement.strip():
            op.execute(statement)
    secure(op, "idempotency_key", "audit_entry", "audit_head", "data_key")
    op.execute(f"REVOKE UPDATE, DELETE ON audit_entry FROM {app_role(op)}")
    op.execute(f"REVOKE DELETE ON audit_head FROM {app_role(op)}")
    if events:
        secure(op, "outbox", "inbox", "dead_letter")


def drop_kit_0001(op: Any, *, events: bool = True) -> None:
    tables = ["idempotency_key", "audit_entry", "audit_head", "data_key"]
    for table in tables + (["outbox", "inbox", "dead_letter"] if events else []):
        op.execute(f"DROP TABLE {table}")
    if events:
        op.execute("DROP FUNCTION notify_outbox()")
    op.execute("DROP FUNCTION in_scope(text)")
