"""Articles: as they are written, as they were published, and whom they helped.

Revision ID: requests_0014
Revises: requests_0013
"""

from alembic import op

from shared.migrate import secure

revision = "requests_0014"
down_revision = "requests_0013"
branch_labels = None
depends_on = None

_TABLES = ("article_vote", "article_version", "article")
_CREATE = (
    """
    CREATE TABLE article (
        community_code VARCHAR(12) NOT NULL,
        id UUID NOT NULL,
        state VARCHAR(40) NOT NULL,
        title_zh VARCHAR NOT NULL,
        title_en VARCHAR,
        summary_zh VARCHAR NOT NULL,
        summary_en VARCHAR,
        body_zh VARCHAR NOT NULL,
        body_en VARCHAR,
        category_code VARCHAR(60),
        tags TEXT[] NOT NULL,
        sources JSONB NOT NULL,
        valid_from DATE NOT NULL,
        valid_to DATE,
        edited_by TEXT[] NOT NULL,
        review_note VARCHAR,
        from_request_id UUID,
        published_number INTEGER NOT NULL,
        helpful_count INTEGER NOT NULL,
        unhelpful_count INTEGER NOT NULL,
        version INTEGER NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT pk_article PRIMARY KEY (community_code, id),
        CONSTRAINT ck_article_state CHECK (state IN ('draft', 'in_review', 'published', 'retired')),
        CONSTRAINT ck_article_validity CHECK (valid_to IS NULL OR valid_from <= valid_to),
        CONSTRAINT fk_article_community_code_from_request_id_service_request FOREIGN KEY(community_code,
            from_request_id) REFERENCES service_request (community_code, id)
    )
    """,
    "CREATE INDEX ix_article_community_code_state_id ON article (community_code, state, id)",
    """
    CREATE TABLE article_version (
        community_code VARCHAR(12) NOT NULL,
        article_id UUID NOT NULL,
        number INTEGER NOT NULL,
        title_zh VARCHAR NOT NULL,
        title_en VARCHAR,
        summary_zh VARCHAR NOT NULL,
        summary_en VARCHAR,
        body_zh VARCHAR NOT NULL,
        body_en VARCHAR,
        category_code VARCHAR(60),
        tags TEXT[] NOT NULL,
        sources JSONB NOT NULL,
        valid_from DATE NOT NULL,
        valid_to DATE,
        search TSVECTOR NOT NULL,
        is_current BOOLEAN NOT NULL,
        edited_by TEXT[] NOT NULL,
        published_by VARCHAR NOT NULL,
        published_at timestamptz NOT NULL,
        reminded_at timestamptz,
        CONSTRAINT pk_article_version PRIMARY KEY (community_code, article_id, number),
        CONSTRAINT fk_article_version_community_code_article_id_article FOREIGN KEY(community_code,
            article_id) REFERENCES article (community_code, id)
    )
    """,
    """
    CREATE INDEX ix_article_version_community_code_published_at_article_id ON article_version (community_code,
        published_at, article_id) WHERE is_current
    """,
    """
    CREATE INDEX ix_article_version_ends ON article_version (valid_to) WHERE is_current AND valid_to IS NOT NULL
        AND reminded_at IS NULL
    """,
    """
    CREATE UNIQUE INDEX uq_article_version_current ON article_version (community_code, article_id) WHERE is_current
    """,
    """
    CREATE TABLE article_vote (
        community_code VARCHAR(12) NOT NULL,
        id UUID NOT NULL,
        article_id UUID NOT NULL,
        person_id UUID NOT NULL,
        helpful BOOLEAN NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_article_vote PRIMARY KEY (community_code, id),
        CONSTRAINT fk_article_vote_community_code_article_id_article FOREIGN KEY(community_code, article_id)
            REFERENCES article (community_code, id)
    )
    """,
    "CREATE INDEX ix_article_vote_community_code_person_id ON article_vote (community_code, person_id)",
    """
    CREATE UNIQUE INDEX uq_article_vote_article_id_person_id ON article_vote (community_code, article_id, person_id)
    """,
)


def upgrade() -> None:
    op.execute("ALTER TABLE followed_merge ADD COLUMN votes uuid[] NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE followed_merge ALTER COLUMN votes DROP DEFAULT")
    for statement in _CREATE:
        op.execute(statement)
    secure(op, *_TABLES)


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE followed_merge DROP COLUMN votes")
