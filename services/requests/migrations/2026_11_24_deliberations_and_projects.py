"""Clusters, deliberations, projects.

Revision ID: requests_0010
Revises: requests_0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import secure

revision = "requests_0010"
down_revision = "requests_0009"
branch_labels = None
depends_on = None

_TABLES = (
    "deliberation",
    "deliberation_request",
    "deliberation_participant",
    "deliberation_motion",
    "deliberation_vote",
    "project",
    "project_request",
    "project_funding",
    "project_spending",
    "project_milestone",
    "project_update",
    "project_photo",
    "project_inspection",
)
"""Each after those that it refers to."""
_MOVED = ("participations", "inspections")

_DELIBERATIONS = """
CREATE TABLE deliberation (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    state varchar(40) NOT NULL,
    title varchar NOT NULL,
    purpose varchar NOT NULL,
    agenda jsonb NOT NULL,
    raised_by varchar NOT NULL,
    begins_at timestamptz,
    venue varchar,
    quorum varchar(40),
    remind_at timestamptz,
    held_at timestamptz,
    minutes_sealed bytea,
    minutes_approved_at timestamptz,
    minutes_approved_by varchar,
    decided_at timestamptz,
    is_resolved boolean,
    resolution varchar,
    carry_out_by date,
    warn_on date,
    carried_out_at timestamptz,
    published_at timestamptz,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_deliberation PRIMARY KEY (community_code, id),
    CONSTRAINT ck_deliberation_state
        CHECK (state IN ('proposed', 'scheduled', 'held', 'resolved', 'rejected', 'published', 'cancelled')),
    CONSTRAINT ck_deliberation_quorum CHECK (quorum IN ('half', 'majority', 'two_thirds', 'all')),
    CONSTRAINT ck_deliberation_scheduled
        CHECK (state IN ('proposed', 'cancelled') OR num_nulls(begins_at, venue, quorum) = 0),
    CONSTRAINT ck_deliberation_decided CHECK (num_nulls(decided_at, resolution, is_resolved) IN (0, 3)),
    CONSTRAINT ck_deliberation_decision
        CHECK ((state IN ('resolved', 'rejected', 'published')) = (decided_at IS NOT NULL)),
    CONSTRAINT ck_deliberation_minutes CHECK (minutes_approved_at IS NULL OR minutes_sealed IS NOT NULL)
);
CREATE INDEX ix_deliberation_community_code_state_id ON deliberation (community_code, state, id);
CREATE INDEX ix_deliberation_remind_at ON deliberation (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX ix_deliberation_warn_on ON deliberation (warn_on) WHERE warn_on IS NOT NULL;
CREATE TABLE deliberation_request (
    community_code varchar(12) NOT NULL,
    deliberation_id uuid NOT NULL,
    request_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_deliberation_request PRIMARY KEY (community_code, deliberation_id, request_id),
    CONSTRAINT fk_deliberation_request_community_code_deliberation_id__bb24
        FOREIGN KEY (community_code, deliberation_id) REFERENCES deliberation (community_code, id),
    CONSTRAINT fk_deliberation_request_community_code_request_id_servi_ed48
        FOREIGN KEY (community_code, request_id) REFERENCES service_request (community_code, id)
);
CREATE INDEX ix_deliberation_request_community_code_request_id ON deliberation_request (community_code, request_id);
CREATE TABLE deliberation_participant (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    deliberation_id uuid NOT NULL,
    person_id uuid,
    responder_id uuid,
    account varchar,
    role varchar(40) NOT NULL,
    capacity varchar(40) NOT NULL,
    area_dm2 integer,
    reply varchar(40) NOT NULL,
    replied_at timestamptz,
    checked_in_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_deliberation_participant PRIMARY KEY (community_code, id),
    CONSTRAINT ck_deliberation_participant_role CHECK (role IN ('chair', 'recorder', 'member', 'observer')),
    CONSTRAINT ck_deliberation_participant_capacity
        CHECK (capacity IN ('resident', 'representative', 'owner', 'unit', 'office', 'expert')),
    CONSTRAINT ck_deliberation_participant_reply CHECK (reply IN ('pending', 'accepted', 'declined')),
    CONSTRAINT ck_deliberation_participant_one_identity CHECK (num_nonnulls(person_id, responder_id, account) <= 1),
    CONSTRAINT ck_deliberation_participant_area CHECK (area_dm2 > 0),
    CONSTRAINT fk_deliberation_participant_community_code_deliberation_e590
        FOREIGN KEY (community_code, deliberation_id) REFERENCES deliberation (community_code, id)
);
CREATE INDEX ix_deliberation_participant_community_code_person_id
    ON deliberation_participant (community_code, person_id) WHERE person_id IS NOT NULL;
CREATE INDEX ix_deliberation_participant_community_code_responder_id
    ON deliberation_participant (community_code, responder_id) WHERE responder_id IS NOT NULL;
CREATE UNIQUE INDEX uq_deliberation_participant_account
    ON deliberation_participant (community_code, deliberation_id, account) WHERE account IS NOT NULL;
CREATE UNIQUE INDEX uq_deliberation_participant_office
    ON deliberation_participant (community_code, deliberation_id, role) WHERE role IN ('chair', 'recorder');
CREATE UNIQUE INDEX uq_deliberation_participant_person_id
    ON deliberation_participant (community_code, deliberation_id, person_id) WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX uq_deliberation_participant_responder_id
    ON deliberation_participant (community_code, deliberation_id, responder_id) WHERE responder_id IS NOT NULL;
CREATE TABLE deliberation_motion (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    deliberation_id uuid NOT NULL,
    words varchar NOT NULL,
    ballot varchar(40) NOT NULL,
    majority varchar(40) NOT NULL,
    electorate integer,
    electorate_area_dm2 integer,
    in_favour integer NOT NULL,
    against integer NOT NULL,
    abstained integer NOT NULL,
    in_favour_dm2 integer NOT NULL,
    against_dm2 integer NOT NULL,
    abstained_dm2 integer NOT NULL,
    outcome varchar(40),
    closed_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_deliberation_motion PRIMARY KEY (community_code, id),
    CONSTRAINT ck_deliberation_motion_ballot CHECK (ballot IN ('open', 'secret')),
    CONSTRAINT ck_deliberation_motion_majority
        CHECK (majority IN ('majority', 'two_thirds', 'owners', 'owners_special')),
    CONSTRAINT ck_deliberation_motion_outcome CHECK (outcome IN ('carried', 'failed', 'too_few')),
    CONSTRAINT ck_deliberation_motion_closed CHECK ((closed_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT ck_deliberation_motion_electorate
        CHECK (majority NOT IN ('owners', 'owners_special') OR (electorate > 0 AND electorate_area_dm2 > 0)),
    CONSTRAINT ck_deliberation_motion_tally CHECK (least(in_favour, against, abstained) >= 0),
    CONSTRAINT fk_deliberation_motion_community_code_deliberation_id_d_ac5a
        FOREIGN KEY (community_code, deliberation_id) REFERENCES deliberation (community_code, id)
);
CREATE INDEX ix_deliberation_motion_community_code_deliberation_id
    ON deliberation_motion (community_code, deliberation_id);
CREATE TABLE deliberation_vote (
    community_code varchar(12) NOT NULL,
    motion_id uuid NOT NULL,
    participant_id uuid NOT NULL,
    choice varchar(40),
    is_by_hand boolean NOT NULL,
    CONSTRAINT pk_deliberation_vote PRIMARY KEY (community_code, motion_id, participant_id),
    CONSTRAINT ck_deliberation_vote_choice CHECK (choice IN ('in_favour', 'against', 'abstained')),
    CONSTRAINT fk_deliberation_vote_community_code_motion_id_deliberat_5f72
        FOREIGN KEY (community_code, motion_id) REFERENCES deliberation_motion (community_code, id),
    CONSTRAINT fk_deliberation_vote_community_code_participant_id_deli_c839
        FOREIGN KEY (community_code, participant_id) REFERENCES deliberation_participant (community_code, id)
);
"""

_PROJECTS = """
CREATE TABLE project (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    state varchar(40) NOT NULL,
    suspended_from varchar(40),
    title varchar NOT NULL,
    description varchar NOT NULL,
    theme varchar(40) NOT NULL,
    deliberation_id uuid,
    sponsor_responder_id uuid,
    grid_code varchar(15),
    place varchar,
    longitude double precision,
    latitude double precision,
    budget_fen bigint NOT NULL,
    spent_fen bigint NOT NULL,
    start_on date NOT NULL,
    end_on date NOT NULL,
    progress integer NOT NULL,
    round integer NOT NULL,
    result varchar,
    created_by varchar NOT NULL,
    started_at timestamptz,
    completed_at timestamptz,
    accepted_at timestamptz,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_project PRIMARY KEY (community_code, id),
    CONSTRAINT ck_project_state
        CHECK (state IN ('planned', 'approved', 'in_progress', 'completed', 'accepted', 'closed', 'suspended',
            'cancelled')),
    CONSTRAINT ck_project_suspended_from
        CHECK (suspended_from IN ('planned', 'approved', 'in_progress', 'completed', 'accepted', 'closed',
            'suspended', 'cancelled')),
    CONSTRAINT ck_project_theme CHECK (theme IN ('learn', 'safe', 'love', 'joy', 'beauty', 'wise')),
    CONSTRAINT ck_project_suspended CHECK ((state = 'suspended') = (suspended_from IS NOT NULL)),
    CONSTRAINT ck_project_position CHECK ((longitude IS NULL) = (latitude IS NULL)),
    CONSTRAINT ck_project_grid_in_community CHECK (grid_code IS NULL OR starts_with(grid_code, community_code)),
    CONSTRAINT ck_project_budget CHECK (budget_fen >= 0 AND spent_fen >= 0 AND spent_fen <= budget_fen),
    CONSTRAINT ck_project_dates CHECK (end_on >= start_on),
    CONSTRAINT ck_project_progress CHECK (progress BETWEEN 0 AND 100),
    CONSTRAINT ck_project_result CHECK ((state IN ('accepted', 'closed')) = (result IS NOT NULL)),
    CONSTRAINT fk_project_community_code_deliberation_id_deliberation
        FOREIGN KEY (community_code, deliberation_id) REFERENCES deliberation (community_code, id)
);
CREATE INDEX ix_project_community_code_deliberation_id
    ON project (community_code, deliberation_id) WHERE deliberation_id IS NOT NULL;
CREATE INDEX ix_project_community_code_sponsor_responder_id
    ON project (community_code, sponsor_responder_id) WHERE sponsor_responder_id IS NOT NULL;
CREATE INDEX ix_project_community_code_state_id ON project (community_code, state, id);
CREATE TABLE project_request (
    community_code varchar(12) NOT NULL,
    project_id uuid NOT NULL,
    request_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_project_request PRIMARY KEY (community_code, project_id, request_id),
    CONSTRAINT fk_project_request_community_code_project_id_project
        FOREIGN KEY (community_code, project_id) REFERENCES project (community_code, id),
    CONSTRAINT fk_project_request_community_code_request_id_service_request
        FOREIGN KEY (community_code, request_id) REFERENCES service_request (community_code, id)
);
CREATE INDEX ix_project_request_community_code_request_id ON project_request (community_code, request_id);
CREATE TABLE project_funding (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    source varchar(40) NOT NULL,
    responder_id uuid,
    amount_fen bigint NOT NULL,
    created_by varchar NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_project_funding PRIMARY KEY (community_code, id),
    CONSTRAINT ck_project_funding_source
        CHECK (source IN ('government', 'community', 'unit', 'maintenance_fund', 'donation', 'residents')),
    CONSTRAINT ck_project_funding_amount CHECK (amount_fen > 0),
    CONSTRAINT fk_project_funding_community_code_project_id_project
        FOREIGN KEY (community_code, project_id) REFERENCES project (community_code, id)
);
CREATE INDEX ix_project_funding_community_code_project_id ON project_funding (community_code, project_id);
CREATE TABLE project_spending (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    amount_fen bigint NOT NULL,
    spent_on date NOT NULL,
    words varchar NOT NULL,
    created_by varchar NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_project_spending PRIMARY KEY (community_code, id),
    CONSTRAINT ck_project_spending_amount CHECK (amount_fen <> 0),
    CONSTRAINT fk_project_spending_community_code_project_id_project
        FOREIGN KEY (community_code, project_id) REFERENCES project (community_code, id)
);
CREATE INDEX ix_project_spending_community_code_project_id_id ON project_spending (community_code, project_id, id);
CREATE TABLE project_milestone (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    title varchar NOT NULL,
    planned_on date NOT NULL,
    reached_on date,
    warn_on date,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_project_milestone PRIMARY KEY (community_code, id),
    CONSTRAINT fk_project_milestone_community_code_project_id_project
        FOREIGN KEY (community_code, project_id) REFERENCES project (community_code, id)
);
CREATE INDEX ix_project_milestone_community_code_project_id_planned_on_id
    ON project_milestone (community_code, project_id, planned_on, id);
CREATE INDEX ix_project_milestone_warn_on ON project_milestone (warn_on) WHERE warn_on IS NOT NULL;
CREATE TABLE project_update (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    state varchar(40) NOT NULL,
    progress integer NOT NULL,
    words varchar NOT NULL,
    created_by varchar NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_project_update PRIMARY KEY (community_code, id),
    CONSTRAINT ck_project_update_progress CHECK (progress BETWEEN 0 AND 100),
    CONSTRAINT fk_project_update_community_code_project_id_project
        FOREIGN KEY (community_code, project_id) REFERENCES project (community_code, id)
);
CREATE INDEX ix_project_update_community_code_project_id_id ON project_update (community_code, project_id, id);
CREATE TABLE project_photo (
    community_code varchar(12) NOT NULL,
    attachment_id uuid NOT NULL,
    project_id uuid NOT NULL,
    stage varchar(40) NOT NULL,
    CONSTRAINT pk_project_photo PRIMARY KEY (community_code, attachment_id),
    CONSTRAINT ck_project_photo_stage CHECK (stage IN ('before', 'during', 'after')),
    CONSTRAINT fk_project_photo_community_code_project_id_project
        FOREIGN KEY (community_code, project_id) REFERENCES project (community_code, id),
    CONSTRAINT fk_project_photo_community_code_attachment_id_attachment
        FOREIGN KEY (community_code, attachment_id) REFERENCES attachment (community_code, id) ON DELETE CASCADE
);
CREATE INDEX ix_project_photo_community_code_project_id ON project_photo (community_code, project_id);
CREATE TABLE project_inspection (
    community_code varchar(12) NOT NULL,
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    round integer NOT NULL,
    person_id uuid,
    responder_id uuid,
    account varchar,
    capacity varchar(40) NOT NULL,
    passed boolean,
    signed_at timestamptz,
    signed_by varchar,
    key_subject_id uuid,
    note_sealed bytea,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_project_inspection PRIMARY KEY (community_code, id),
    CONSTRAINT ck_project_inspection_capacity
        CHECK (capacity IN ('representative', 'requester', 'community', 'sponsor', 'expert')),
    CONSTRAINT ck_project_inspection_one_identity CHECK (num_nonnulls(person_id, responder_id, account) <= 1),
    CONSTRAINT ck_project_inspection_signed CHECK (num_nulls(passed, signed_at, signed_by) IN (0, 3)),
    CONSTRAINT fk_project_inspection_community_code_project_id_project
        FOREIGN KEY (community_code, project_id) REFERENCES project (community_code, id)
);
CREATE INDEX ix_project_inspection_community_code_person_id
    ON project_inspection (community_code, person_id) WHERE person_id IS NOT NULL;
CREATE INDEX ix_project_inspection_community_code_project_id_round
    ON project_inspection (community_code, project_id, round);
CREATE UNIQUE INDEX uq_project_inspection_account
    ON project_inspection (community_code, project_id, round, account) WHERE account IS NOT NULL;
CREATE UNIQUE INDEX uq_project_inspection_person_id
    ON project_inspection (community_code, project_id, round, person_id) WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX uq_project_inspection_responder_id
    ON project_inspection (community_code, project_id, round, responder_id) WHERE responder_id IS NOT NULL;
"""


def upgrade() -> None:
    for statement in (_DELIBERATIONS + _PROJECTS).split(";\n"):
        if statement.strip():
            op.execute(statement)
    secure(op, *_TABLES)
    for column in _MOVED:
        kind = postgresql.ARRAY(sa.Uuid())
        op.add_column("followed_merge", sa.Column(column, kind, nullable=False, server_default=sa.text("'{}'")))
        op.alter_column("followed_merge", column, server_default=None)


def downgrade() -> None:
    for column in _MOVED:
        op.drop_column("followed_merge", column)
    for table in reversed(_TABLES):
        op.drop_table(table)
