"""Mediations, and the requests behind them that only who is concerned may read.

Revision ID: requests_0009
Revises: requests_0008
"""

from alembic import op

from shared.migrate import secure

revision = "requests_0009"
down_revision = "requests_0008"
branch_labels = None
depends_on = None

_TABLES = (
    "mediation_term",
    "mediation_assent",
    "mediation_session",
    "mediation_reminder",
    "mediation_party",
    "mediation_mediator",
    "mediation_entry",
    "mediation",
)
_CREATE = (
    """
    CREATE TABLE mediation (
        community_code VARCHAR(12) NOT NULL,
        id UUID NOT NULL,
        request_id UUID,
        kind VARCHAR(40) NOT NULL,
        state VARCHAR(40) NOT NULL,
        opened_by VARCHAR NOT NULL,
        key_subject_id UUID NOT NULL,
        matter BYTEA,
        accepted_at timestamptz,
        limit_on DATE,
        proposed_limit_on DATE,
        extension_count INTEGER NOT NULL,
        proposal_count INTEGER NOT NULL,
        agreement_form VARCHAR(40),
        agreement BYTEA,
        agreement_count INTEGER NOT NULL,
        agreed_at timestamptz,
        confirm_until_on DATE,
        confirmation VARCHAR(40),
        confirmation_on DATE,
        fulfilled_at timestamptz,
        follow_up_on DATE,
        followed_up_at timestamptz,
        closing_note BYTEA,
        ended_at timestamptz,
        failure VARCHAR(40),
        version INTEGER NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT pk_mediation PRIMARY KEY (community_code, id),
        CONSTRAINT ck_mediation_kind CHECK (kind IN ('neighbour', 'family', 'visiting', 'property',
            'labour', 'consumer', 'debt', 'other')),
        CONSTRAINT ck_mediation_state CHECK (state IN ('opened', 'accepted', 'in_session', 'agreed',
            'fulfilled', 'closed', 'failed', 'withdrawn')),
        CONSTRAINT ck_mediation_failure CHECK (failure IN ('not_willing', 'no_agreement', 'expired', 'broken')),
        CONSTRAINT ck_mediation_agreement_form CHECK (agreement_form IN ('written', 'oral')),
        CONSTRAINT ck_mediation_confirmation CHECK (confirmation IN ('applied', 'confirmed', 'refused')),
        CONSTRAINT ck_mediation_failed_why CHECK ((state = 'failed') = (failure IS NOT NULL)),
        CONSTRAINT ck_mediation_ended CHECK ((state IN ('closed', 'failed', 'withdrawn')) = (ended_at IS NOT NULL)),
        CONSTRAINT ck_mediation_agreed CHECK (state NOT IN ('agreed', 'fulfilled', 'closed') OR agreed_at IS
            NOT NULL),
        CONSTRAINT fk_mediation_community_code_request_id_service_request FOREIGN KEY(community_code,
            request_id) REFERENCES service_request (community_code, id)
    )
    """,
    "CREATE INDEX ix_mediation_community_code_state_id ON mediation (community_code, state, id)",
    """
    CREATE UNIQUE INDEX uq_mediation_request ON mediation (community_code, request_id) WHERE ended_at IS NULL
        AND request_id IS NOT NULL
    """,
    """
    CREATE TABLE mediation_entry (
        community_code VARCHAR(12) NOT NULL,
        id UUID NOT NULL,
        mediation_id UUID NOT NULL,
        step VARCHAR(40) NOT NULL,
        state VARCHAR(40) NOT NULL,
        actor VARCHAR NOT NULL,
        actor_role VARCHAR NOT NULL,
        detail JSONB NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_mediation_entry PRIMARY KEY (community_code, id),
        CONSTRAINT ck_mediation_entry_step CHECK (step IN ('opened', 'consented', 'accepted',
            'mediator_named', 'mediator_accepted', 'mediator_left', 'session_scheduled',
            'session_cancelled', 'session_held', 'extension_proposed', 'extension_consented', 'extended',
            'agreement_proposed', 'agreement_confirmed', 'agreed', 'confirmation_applied',
            'confirmation_decided', 'term_settled', 'fulfilled', 'closed', 'failed', 'withdrawn',
            'reminded')),
        CONSTRAINT ck_mediation_entry_state CHECK (state IN ('opened', 'accepted', 'in_session', 'agreed',
            'fulfilled', 'closed', 'failed', 'withdrawn')),
        CONSTRAINT fk_mediation_entry_community_code_mediation_id_mediation FOREIGN KEY(community_code,
            mediation_id) REFERENCES mediation (community_code, id)
    )
    """,
    """
    CREATE INDEX ix_mediation_entry_community_code_mediation_id_id ON mediation_entry (community_code,
        mediation_id, id)
    """,
    """
    CREATE TABLE mediation_mediator (
        community_code VARCHAR(12) NOT NULL,
        mediation_id UUID NOT NULL,
        responder_id UUID NOT NULL,
        role VARCHAR(40) NOT NULL,
        accepted_at timestamptz,
        ended_at timestamptz,
        ending VARCHAR(40),
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_mediation_mediator PRIMARY KEY (community_code, mediation_id, responder_id),
        CONSTRAINT ck_mediation_mediator_role CHECK (role IN ('mediator', 'grid_worker', 'police',
            'judicial_office', 'lawyer')),
        CONSTRAINT ck_mediation_mediator_ending CHECK (ending IN ('conflict_of_interest', 'unavailable',
            'refused_by_party', 'relieved')),
        CONSTRAINT ck_mediation_mediator_ended_why CHECK ((ended_at IS NULL) = (ending IS NULL)),
        CONSTRAINT fk_mediation_mediator_community_code_mediation_id_mediation FOREIGN KEY(community_code,
            mediation_id) REFERENCES mediation (community_code, id)
    )
    """,
    """
    CREATE INDEX ix_mediation_mediator_community_code_responder_id_mediation_id ON mediation_mediator
        (community_code, responder_id, mediation_id) WHERE ended_at IS NULL
    """,
    """
    CREATE TABLE mediation_party (
        community_code VARCHAR(12) NOT NULL,
        id UUID NOT NULL,
        mediation_id UUID NOT NULL,
        side VARCHAR(40) NOT NULL,
        person_id UUID,
        key_subject_id UUID NOT NULL,
        contact BYTEA,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_mediation_party PRIMARY KEY (community_code, id),
        CONSTRAINT ck_mediation_party_side CHECK (side IN ('applicant', 'respondent')),
        CONSTRAINT fk_mediation_party_community_code_mediation_id_mediation FOREIGN KEY(community_code,
            mediation_id) REFERENCES mediation (community_code, id)
    )
    """,
    """
    CREATE INDEX ix_mediation_party_community_code_mediation_id ON mediation_party (community_code, mediation_id)
    """,
    """
    CREATE INDEX ix_mediation_party_community_code_person_id ON mediation_party (community_code, person_id)
        WHERE person_id IS NOT NULL
    """,
    """
    CREATE TABLE mediation_reminder (
        community_code VARCHAR(12) NOT NULL,
        id UUID NOT NULL,
        mediation_id UUID NOT NULL,
        kind VARCHAR(40) NOT NULL,
        about_id UUID,
        due_at timestamptz NOT NULL,
        CONSTRAINT pk_mediation_reminder PRIMARY KEY (community_code, id),
        CONSTRAINT ck_mediation_reminder_kind CHECK (kind IN ('session_near', 'limit_near', 'limit_reached',
            'term_near', 'term_overdue', 'follow_up_due')),
        CONSTRAINT fk_mediation_reminder_community_code_mediation_id_mediation FOREIGN KEY(community_code,
            mediation_id) REFERENCES mediation (community_code, id)
    )
    """,
    """
    CREATE INDEX ix_mediation_reminder_community_code_mediation_id ON mediation_reminder (community_code,
        mediation_id)
    """,
    "CREATE INDEX ix_mediation_reminder_due_at ON mediation_reminder (due_at)",
    """
    CREATE TABLE mediation_session (
        community_code VARCHAR(12) NOT NULL,
        id UUID NOT NULL,
        mediation_id UUID NOT NULL,
        state VARCHAR(40) NOT NULL,
        starts_at timestamptz NOT NULL,
        place BYTEA,
        minutes BYTEA,
        held_at timestamptz,
        party_ids UUID[] NOT NULL,
        responder_ids UUID[] NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_mediation_session PRIMARY KEY (community_code, id),
        CONSTRAINT ck_mediation_session_state CHECK (state IN ('scheduled', 'held', 'cancelled')),
        CONSTRAINT fk_mediation_session_community_code_mediation_id_mediation FOREIGN KEY(community_code,
            mediation_id) REFERENCES mediation (community_code, id)
    )
    """,
    """
    CREATE INDEX ix_mediation_session_community_code_mediation_id_starts_at ON mediation_session
        (community_code, mediation_id, starts_at)
    """,
    """
    CREATE TABLE mediation_assent (
        community_code VARCHAR(12) NOT NULL,
        mediation_id UUID NOT NULL,
        matter VARCHAR(40) NOT NULL,
        number INTEGER NOT NULL,
        party_id UUID NOT NULL,
        how VARCHAR(40) NOT NULL,
        recorded_by VARCHAR NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_mediation_assent PRIMARY KEY (community_code, mediation_id, matter, number, party_id),
        CONSTRAINT ck_mediation_assent_matter CHECK (matter IN ('mediate', 'extend', 'agreement')),
        CONSTRAINT ck_mediation_assent_how CHECK (how IN ('self', 'in_person', 'phone', 'signed')),
        CONSTRAINT fk_mediation_assent_community_code_mediation_id_mediation FOREIGN KEY(community_code,
            mediation_id) REFERENCES mediation (community_code, id),
        CONSTRAINT fk_mediation_assent_community_code_party_id_mediation_party FOREIGN KEY(community_code,
            party_id) REFERENCES mediation_party (community_code, id)
    )
    """,
    """
    CREATE TABLE mediation_term (
        community_code VARCHAR(12) NOT NULL,
        id UUID NOT NULL,
        mediation_id UUID NOT NULL,
        party_id UUID NOT NULL,
        text BYTEA,
        due_on DATE NOT NULL,
        state VARCHAR(40) NOT NULL,
        settled_on DATE,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_mediation_term PRIMARY KEY (community_code, id),
        CONSTRAINT ck_mediation_term_state CHECK (state IN ('open', 'kept', 'broken')),
        CONSTRAINT ck_mediation_term_settled CHECK ((state = 'open') = (settled_on IS NULL)),
        CONSTRAINT fk_mediation_term_community_code_mediation_id_mediation FOREIGN KEY(community_code,
            mediation_id) REFERENCES mediation (community_code, id),
        CONSTRAINT fk_mediation_term_community_code_party_id_mediation_party FOREIGN KEY(community_code,
            party_id) REFERENCES mediation_party (community_code, id)
    )
    """,
    "CREATE INDEX ix_mediation_term_community_code_mediation_id ON mediation_term (community_code, mediation_id)",
)


def upgrade() -> None:
    op.execute("ALTER TABLE service_request ADD COLUMN confidential boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE service_request ALTER COLUMN confidential DROP DEFAULT")
    op.execute("ALTER TABLE followed_merge ADD COLUMN parties uuid[] NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE followed_merge ALTER COLUMN parties DROP DEFAULT")
    for statement in _CREATE:
        op.execute(statement)
    secure(op, *_TABLES)


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE followed_merge DROP COLUMN parties")
    op.execute("ALTER TABLE service_request DROP COLUMN confidential")
