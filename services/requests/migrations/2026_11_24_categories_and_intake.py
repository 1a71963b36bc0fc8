"""Versions of categories, and what taking requests in needs.

Revision ID: requests_0005
Revises: requests_0004
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import secure

revision = "requests_0005"
down_revision = "requests_0004"
branch_labels = None
depends_on = None

_CATEGORIES = """
ALTER TABLE category
    ADD COLUMN privacy varchar(40) NOT NULL DEFAULT 'private',
    ADD COLUMN responder_kind varchar(40) NOT NULL DEFAULT 'grid_worker',
    ADD COLUMN anonymous_allowed boolean NOT NULL DEFAULT false,
    ADD COLUMN duplicate_radius_m integer NOT NULL DEFAULT 50,
    ADD COLUMN daily_limit integer,
    ADD CONSTRAINT ck_category_privacy CHECK (privacy IN ('public', 'private', 'confidential')),
    ADD CONSTRAINT ck_category_responder_kind CHECK (responder_kind IN (
        'grid_worker', 'volunteer', 'mediator', 'police', 'judicial_officer', 'lawyer', 'social_worker', 'unit')),
    ADD CONSTRAINT ck_category_duplicate_radius_m CHECK (duplicate_radius_m BETWEEN 0 AND 2000),
    ADD CONSTRAINT ck_category_daily_limit CHECK (daily_limit > 0);
UPDATE category SET privacy = 'public' WHERE public;
ALTER TABLE category DROP COLUMN public;
CREATE TABLE category_version (
    community_code varchar(12) NOT NULL,
    category_code varchar(60) NOT NULL,
    version integer NOT NULL,
    content jsonb NOT NULL,
    changed text[] NOT NULL,
    changed_by varchar NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_category_version PRIMARY KEY (community_code, category_code, version),
    CONSTRAINT fk_category_version_community_code_category_code_category
        FOREIGN KEY (community_code, category_code) REFERENCES category (community_code, code)
);
INSERT INTO category_version
SELECT community_code, code, version,
       to_jsonb(category) - '{community_code,code,parent_code,version,created_at,updated_at}'::text[],
       '{}', 'system', updated_at
FROM category;
"""

_REQUESTS = """
ALTER TABLE service_request
    ADD COLUMN category_version integer,
    ADD COLUMN privacy varchar(40) NOT NULL DEFAULT 'private',
    ADD COLUMN is_anonymous boolean NOT NULL DEFAULT false,
    ADD COLUMN follow_up_index bytea,
    ADD COLUMN building_index bytea,
    ADD CONSTRAINT ck_service_request_privacy CHECK (privacy IN ('public', 'private', 'confidential')),
    ADD CONSTRAINT ck_service_request_anonymous
        CHECK (NOT is_anonymous OR num_nonnulls(requester_person_id, household_id) = 0),
    ADD CONSTRAINT fk_service_request_category_version FOREIGN KEY (community_code, category_code, category_version)
        REFERENCES category_version (community_code, category_code, version);
UPDATE service_request SET privacy = 'public' FROM category
WHERE category.community_code = service_request.community_code AND category.code = service_request.category_code
    AND category.privacy = 'public';
CREATE INDEX ix_service_request_client ON service_request (community_code, client_id, id) WHERE client_id IS NOT NULL;
CREATE INDEX ix_service_request_building
    ON service_request (community_code, building_index, category_code) WHERE building_index IS NOT NULL;
CREATE INDEX ix_service_request_place
    ON service_request (community_code, category_code, latitude, longitude) WHERE latitude IS NOT NULL;
CREATE UNIQUE INDEX uq_service_request_follow_up
    ON service_request (community_code, follow_up_index) WHERE follow_up_index IS NOT NULL;
"""

_ABUSE = """
CREATE TABLE abuse_flag (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    reason varchar(40) NOT NULL,
    flagged_by varchar NOT NULL,
    lifted_at timestamptz,
    lifted_by varchar,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_abuse_flag PRIMARY KEY (community_code, id),
    CONSTRAINT fk_abuse_flag_community_code_request_id_service_request
        FOREIGN KEY (community_code, request_id) REFERENCES service_request (community_code, id),
    CONSTRAINT ck_abuse_flag_reason CHECK (reason IN ('false_report', 'advertising', 'insults', 'flooding')),
    CONSTRAINT ck_abuse_flag_lifted CHECK ((lifted_at IS NULL) = (lifted_by IS NULL))
);
CREATE UNIQUE INDEX uq_abuse_flag_request ON abuse_flag (community_code, request_id);
CREATE INDEX ix_abuse_flag_standing ON abuse_flag (community_code, created_at) WHERE lifted_at IS NULL;
CREATE TABLE anonymous_count (
    community_code varchar(12) NOT NULL,
    counted_on date NOT NULL,
    submitter_index bytea NOT NULL,
    count integer NOT NULL,
    CONSTRAINT pk_anonymous_count PRIMARY KEY (community_code, counted_on, submitter_index),
    CONSTRAINT ck_anonymous_count_count CHECK (count > 0)
);
"""

_MERGES = "ALTER TABLE followed_merge ADD COLUMN followings uuid[] NOT NULL DEFAULT '{}'"

_TABLES = ("category_version", "abuse_flag", "anonymous_count")


def upgrade() -> None:
    for statement in (_CATEGORIES + _REQUESTS + _ABUSE).split(";\n"):
        if statement.strip():
            op.execute(statement)
    op.execute(_MERGES)
    secure(op, *_TABLES)


def downgrade() -> None:
    op.drop_column("followed_merge", "followings")
    op.drop_table("anonymous_count")
    op.drop_table("abuse_flag")
    op.drop_constraint("fk_service_request_category_version", "service_request")
    for name in ("follow_up", "place", "building", "client"):
        op.drop_index(("uq_" if name == "follow_up" else "ix_") + f"service_request_{name}", "service_request")
    for name in ("anonymous", "privacy"):
        op.drop_constraint(f"ck_service_request_{name}", "service_request")
    for column in ("building_index", "follow_up_index", "is_anonymous", "privacy", "category_version"):
        op.drop_column("service_request", column)
    op.drop_table("category_version")
    op.add_column("category", sa.Column("public", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.execute("UPDATE category SET public = (privacy = 'public')")
    op.alter_column("category", "public", server_default=None)
    for column in ("daily_limit", "duplicate_radius_m", "anonymous_allowed", "responder_kind", "privacy"):
        op.drop_column("category", column)
