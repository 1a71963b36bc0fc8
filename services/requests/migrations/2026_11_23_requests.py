"""The kit's tables, the grid directory, categories and service requests.

Revision ID: requests_0001
Revises:
"""

from alembic import op

from shared.grid_directory import create_grid_directory_0001, drop_grid_directory_0001
from shared.kit_tables import create_kit_0001, drop_kit_0001
from shared.migrate import secure

revision = "requests_0001"
down_revision = None
branch_labels = None
depends_on = None

_CATEGORIES = """
CREATE TABLE category (
    community_code varchar(12) NOT NULL,
    code varchar(60) NOT NULL,
    parent_code varchar(60),
    name_zh varchar NOT NULL,
    name_en varchar NOT NULL,
    default_urgency varchar(40) NOT NULL,
    form jsonb NOT NULL,
    public boolean NOT NULL,
    active boolean NOT NULL,
    policy_version integer NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_category PRIMARY KEY (community_code, code),
    CONSTRAINT fk_category_community_code_parent_code_category
        FOREIGN KEY (community_code, parent_code) REFERENCES category (community_code, code),
    CONSTRAINT ck_category_default_urgency CHECK (default_urgency IN ('normal', 'urgent')),
    CONSTRAINT ck_category_code_under_parent CHECK (parent_code IS NULL OR starts_with(code, parent_code || '.'))
);
CREATE TABLE deadline_policy (
    community_code varchar(12) NOT NULL,
    category_code varchar(60) NOT NULL,
    policy_version integer NOT NULL,
    urgency varchar(40) NOT NULL,
    accept_minutes integer NOT NULL,
    first_response_minutes integer NOT NULL,
    resolution_minutes integer NOT NULL,
    reopened_minutes integer NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_deadline_policy PRIMARY KEY (community_code, category_code, policy_version, urgency),
    CONSTRAINT fk_deadline_policy_community_code_category_code_category
        FOREIGN KEY (community_code, category_code) REFERENCES category (community_code, code),
    CONSTRAINT ck_deadline_policy_urgency CHECK (urgency IN ('normal', 'urgent')),
    CONSTRAINT ck_deadline_policy_not_negative CHECK (least(accept_minutes, first_response_minutes) >= 0),
    CONSTRAINT ck_deadline_policy_positive CHECK (least(resolution_minutes, reopened_minutes) > 0),
    CONSTRAINT ck_deadline_policy_reopened_is_shorter CHECK (reopened_minutes <= resolution_minutes)
);
"""

_STATES = (
    "'submitted', 'accepted', 'dispatched', 'in_progress', 'resolved', 'confirmed', 'rejected', 'withdrawn', 'reopened'"
)

_REQUESTS = f"""
CREATE TABLE service_request (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    state varchar(40) NOT NULL,
    category_code varchar(60) NOT NULL,
    category_class varchar(60) NOT NULL,
    urgency varchar(40) NOT NULL,
    channel varchar(40) NOT NULL,
    origin_type varchar,
    origin_id uuid,
    grid_code varchar(15),
    requester_person_id uuid,
    household_id uuid,
    concerned_person_id uuid,
    client_id varchar,
    external_id varchar,
    created_by varchar NOT NULL,
    key_subject_id uuid NOT NULL,
    content_sealed bytea,
    requester_sealed bytea,
    requester_phone_index bytea,
    longitude double precision,
    latitude double precision,
    policy_version integer NOT NULL,
    accept_by timestamptz NOT NULL,
    respond_by timestamptz NOT NULL,
    resolve_by timestamptz NOT NULL,
    accepted_at timestamptz,
    responded_at timestamptz,
    first_dispatched_at timestamptz,
    paused_at timestamptz,
    resolved_at timestamptz,
    accept_breached_at timestamptz,
    respond_breached_at timestamptz,
    resolve_breached_at timestamptz,
    next_due_at timestamptz,
    reopened_count integer NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_service_request PRIMARY KEY (community_code, id),
    CONSTRAINT fk_service_request_policy FOREIGN KEY (community_code, category_code, policy_version, urgency)
        REFERENCES deadline_policy (community_code, category_code, policy_version, urgency),
    CONSTRAINT ck_service_request_state CHECK (state IN ({_STATES})),
    CONSTRAINT ck_service_request_urgency CHECK (urgency IN ('normal', 'urgent')),
    CONSTRAINT ck_service_request_channel CHECK (channel IN ('app', 'phone', 'card', 'visit', 'partner')),
    CONSTRAINT ck_service_request_category_class CHECK (category_class = split_part(category_code, '.', 1)),
    CONSTRAINT ck_service_request_grid_in_community
        CHECK (grid_code IS NULL OR starts_with(grid_code, community_code)),
    CONSTRAINT ck_service_request_origin CHECK ((origin_type IS NULL) = (origin_id IS NULL)),
    CONSTRAINT ck_service_request_external_id CHECK (external_id IS NULL OR client_id IS NOT NULL),
    CONSTRAINT ck_service_request_position CHECK ((longitude IS NULL) = (latitude IS NULL))
);
CREATE INDEX ix_service_request_community_code_resolve_by_id ON service_request (community_code, resolve_by, id);
CREATE INDEX ix_service_request_community_code_state_id ON service_request (community_code, state, id);
CREATE INDEX ix_service_request_community_code_grid_code_id ON service_request (community_code, grid_code, id);
CREATE INDEX ix_service_request_community_code_requester_person_id_id
    ON service_request (community_code, requester_person_id, id) WHERE requester_person_id IS NOT NULL;
CREATE INDEX ix_service_request_community_code_household_id_id
    ON service_request (community_code, household_id, id) WHERE household_id IS NOT NULL;
CREATE INDEX ix_service_request_community_code_concerned_person_id
    ON service_request (community_code, concerned_person_id) WHERE concerned_person_id IS NOT NULL;
CREATE INDEX ix_service_request_community_code_requester_phone_index
    ON service_request (community_code, requester_phone_index) WHERE requester_phone_index IS NOT NULL;
CREATE UNIQUE INDEX uq_service_request_external_id
    ON service_request (community_code, client_id, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX uq_service_request_origin
    ON service_request (community_code, origin_type, origin_id) WHERE origin_id IS NOT NULL;
CREATE INDEX ix_service_request_next_due_at ON service_request (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE TABLE timeline_entry (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    step varchar(40) NOT NULL,
    visibility varchar(40) NOT NULL,
    state varchar(40) NOT NULL,
    actor varchar NOT NULL,
    actor_role varchar NOT NULL,
    responder_id uuid,
    detail jsonb NOT NULL,
    key_subject_id uuid,
    text_sealed bytea,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_timeline_entry PRIMARY KEY (community_code, id),
    CONSTRAINT fk_timeline_entry_community_code_request_id_service_request
        FOREIGN KEY (community_code, request_id) REFERENCES service_request (community_code, id),
    CONSTRAINT ck_timeline_entry_step CHECK (step IN (
        'submitted', 'accepted', 'rejected', 'dispatched', 'acknowledged', 'started', 'handed_back', 'escalated',
        'progress', 'note', 'comment', 'waiting', 'answered', 'resolved', 'confirmed', 'reopened', 'withdrawn',
        'rated', 'identified', 'handed_over', 'deadline_breached')),
    CONSTRAINT ck_timeline_entry_visibility CHECK (visibility IN ('public', 'internal')),
    CONSTRAINT ck_timeline_entry_state CHECK (state IN ({_STATES}))
);
CREATE INDEX ix_timeline_entry_community_code_request_id_id ON timeline_entry (community_code, request_id, id);
CREATE INDEX ix_timeline_entry_community_code_key_subject_id
    ON timeline_entry (community_code, key_subject_id) WHERE key_subject_id IS NOT NULL;
CREATE TABLE rating (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    person_id uuid NOT NULL,
    round integer NOT NULL,
    score integer NOT NULL,
    solved boolean NOT NULL,
    satisfied boolean NOT NULL,
    commendation varchar(40),
    key_subject_id uuid,
    text_sealed bytea,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_rating PRIMARY KEY (community_code, id),
    CONSTRAINT fk_rating_community_code_request_id_service_request
        FOREIGN KEY (community_code, request_id) REFERENCES service_request (community_code, id),
    CONSTRAINT ck_rating_score CHECK (score BETWEEN 1 AND 5),
    CONSTRAINT ck_rating_commendation CHECK (commendation IN ('thanks', 'pennant'))
);
CREATE UNIQUE INDEX uq_rating_request_id_person_id ON rating (community_code, request_id, person_id, round);
CREATE INDEX ix_rating_community_code_key_subject_id
    ON rating (community_code, key_subject_id) WHERE key_subject_id IS NOT NULL;
"""

_WORK_ORDERS = """
CREATE TABLE request_work_order (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    round integer NOT NULL,
    seen_version integer NOT NULL,
    CONSTRAINT pk_request_work_order PRIMARY KEY (community_code, id),
    CONSTRAINT fk_request_work_order_community_code_request_id_service_request
        FOREIGN KEY (community_code, request_id) REFERENCES service_request (community_code, id)
);
CREATE INDEX ix_request_work_order_community_code_request_id ON request_work_order (community_code, request_id);
CREATE TABLE request_responder (
    community_code varchar(12) NOT NULL,
    responder_id uuid NOT NULL,
    request_id uuid NOT NULL,
    work_order_id uuid NOT NULL,
    ended_at timestamptz,
    CONSTRAINT pk_request_responder PRIMARY KEY (community_code, responder_id, request_id, work_order_id),
    CONSTRAINT fk_request_responder_community_code_request_id_service_request
        FOREIGN KEY (community_code, request_id) REFERENCES service_request (community_code, id)
);
CREATE INDEX ix_request_responder_community_code_request_id ON request_responder (community_code, request_id);
"""

_TABLES = (
    "category",
    "deadline_policy",
    "service_request",
    "timeline_entry",
    "rating",
    "request_work_order",
    "request_responder",
)


def upgrade() -> None:
    create_kit_0001(op)
    create_grid_directory_0001(op)
    for statement in (_CATEGORIES + _REQUESTS + _WORK_ORDERS).split(";\n"):
        if statement.strip():
            op.execute(statement)
    secure(op, *_TABLES)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
    drop_grid_directory_0001(op)
    drop_kit_0001(op)
