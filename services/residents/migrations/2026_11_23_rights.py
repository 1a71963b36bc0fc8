"""Consents, requests about one's own data, reviews of emergency access, retention rules.

Revision ID: residents_0010
Revises: residents_0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import allow, disallow, secure

revision = "residents_0010"
down_revision = "residents_0009"
branch_labels = None
depends_on = None

_TENANT_TABLES = ("retention_rule", "access_review", "rights_request", "consent")
_NOTICE_KINDS = ("rights_request_received", "rights_request_decided", "access_unjustified")


def upgrade() -> None:
    _create_consent()
    _create_rights_request()
    _create_access_review()
    _create_retention_rule()
    secure(op, *_TENANT_TABLES)
    for table in ("notice", "delivery"):
        allow(op, table, "kind", *_NOTICE_KINDS)


def downgrade() -> None:
    for table in _TENANT_TABLES:
        op.drop_table(table)
    for table in ("delivery", "notice"):
        disallow(op, table, "kind", *_NOTICE_KINDS)


def _community() -> sa.Column:
    return sa.Column("community_code", sa.String(12), nullable=False)


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _code(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(40), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=nullable)


def _bytes(name: str) -> sa.Column:
    return sa.Column(name, sa.LargeBinary(), nullable=True)


def _time(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _texts(name: str) -> sa.Column:
    return sa.Column(name, postgresql.ARRAY(sa.String()), nullable=False)


def _versioned() -> tuple[sa.Column, ...]:
    return sa.Column("version", sa.Integer(), nullable=False), _time("created_at"), _time("updated_at")


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    columns = ["person.community_code", "person.id"]
    return sa.ForeignKeyConstraint(["community_code", "person_id"], columns, name=f"fk_{table}_person")


def _create_consent() -> None:
    op.create_table(
        "consent",
        _community(),
        _id(),
        _id("person_id"),
        _code("purpose"),
        sa.Column("text_version", sa.Integer(), nullable=False),
        _code("channel"),
        _code("given_by"),
        _id("guardianship_id", nullable=True),
        sa.Column("is_separate", sa.Boolean(), nullable=False),
        _bytes("evidence"),
        _text("recorded_by"),
        _time("given_at"),
        _time("withdrawn_at", nullable=True),
        _text("withdrawn_by", nullable=True),
        *_versioned(),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_consent"),
        sa.CheckConstraint("channel IN ('app', 'paper')", name="ck_consent_channel"),
        sa.CheckConstraint("given_by IN ('self', 'guardian')", name="ck_consent_given_by"),
        sa.CheckConstraint(
            "(given_by = 'guardian') = (guardianship_id IS NOT NULL)", name="ck_consent_guardian_is_named"
        ),
        _of_person("consent"),
    )
    op.create_index("ix_consent_person", "consent", ["community_code", "person_id", "id"])
    op.create_index(
        "uq_consent_current",
        "consent",
        ["community_code", "person_id", "purpose"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def _create_rights_request() -> None:
    op.create_table(
        "rights_request",
        _community(),
        _id(),
        _id("person_id"),
        _code("kind"),
        _code("state"),
        _code("made_by"),
        _text("requested_by"),
        _texts("fields"),
        _bytes("content"),
        _bytes("note"),
        _code("refusal", nullable=True),
        _time("due_at"),
        _time("effective_at", nullable=True),
        _time("decided_at", nullable=True),
        _text("decided_by", nullable=True),
        _time("ended_at", nullable=True),
        *_versioned(),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_rights_request"),
        sa.CheckConstraint("kind IN ('correction', 'erasure')", name="ck_rights_request_kind"),
        sa.CheckConstraint(
            "state IN ('open', 'approved', 'done', 'declined', 'withdrawn')", name="ck_rights_request_state"
        ),
        sa.CheckConstraint("made_by IN ('self', 'guardian')", name="ck_rights_request_made_by"),
        sa.CheckConstraint(
            "refusal IN ('accurate', 'unverifiable', 'legal_duty', 'ongoing_care', 'open_case')",
            name="ck_rights_request_refusal",
        ),
        sa.CheckConstraint("(state = 'declined') = (refusal IS NOT NULL)", name="ck_rights_request_declined_why"),
        sa.CheckConstraint(
            "(state IN ('done', 'declined', 'withdrawn')) = (ended_at IS NOT NULL)", name="ck_rights_request_ended"
        ),
        _of_person("rights_request"),
    )
    op.create_index("ix_rights_request_queue", "rights_request", ["community_code", "state", "due_at", "id"])
    op.create_index(
        "uq_rights_request_pending",
        "rights_request",
        ["community_code", "person_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state IN ('open', 'approved')"),
    )
    op.create_index("ix_rights_request_person", "rights_request", ["community_code", "person_id", "id"])
    op.create_index(
        "ix_rights_request_effective",
        "rights_request",
        ["effective_at"],
        postgresql_where=sa.text("state = 'approved'"),
    )
    op.create_index(
        "ix_rights_request_ended", "rights_request", ["ended_at"], postgresql_where=sa.text("content IS NOT NULL")
    )


def _create_access_review() -> None:
    op.create_table(
        "access_review",
        _community(),
        _id(),
        _text("reader"),
        _code("reader_role"),
        _text("action"),
        _code("purpose"),
        _texts("fields"),
        sa.Column("person_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        _id("found_person_id", nullable=True),
        _bytes("reason"),
        _code("state"),
        _bytes("note"),
        _time("due_at"),
        _time("decided_at", nullable=True),
        _text("decided_by", nullable=True),
        *_versioned(),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_access_review"),
        sa.CheckConstraint("state IN ('open', 'justified', 'unjustified')", name="ck_access_review_state"),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="ck_access_review_decided"),
        sa.CheckConstraint("decided_by <> reader", name="ck_access_review_not_by_the_reader"),
    )
    op.create_index("ix_access_review_queue", "access_review", ["community_code", "state", "id"])
    op.create_index(
        "ix_access_review_decided", "access_review", ["decided_at"], postgresql_where=sa.text("decided_at IS NOT NULL")
    )


def _create_retention_rule() -> None:
    op.create_table(
        "retention_rule",
        _community(),
        _code("kind"),
        sa.Column("keep_days", sa.Integer(), nullable=False),
        _text("set_by"),
        *_versioned(),
        sa.PrimaryKeyConstraint("community_code", "kind", name="pk_retention_rule"),
        sa.CheckConstraint("keep_days > 0", name="ck_retention_rule_keep_days"),
        sa.CheckConstraint(
            "kind IN ('moved_out_people', 'dead_people', 'revoked_tag_evidence', 'withdrawn_consent_evidence', "
            "'rights_requests', 'access_reviews', 'notices')",
            name="ck_retention_rule_kind",
        ),
    )
