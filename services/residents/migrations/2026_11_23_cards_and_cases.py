"""Contact cards, found-person cases, notices and their deliveries.

Revision ID: residents_0002
Revises: residents_0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import secure

revision = "residents_0002"
down_revision = "residents_0001"
branch_labels = None
depends_on = None

_TENANT_TABLES = (
    "delivery",
    "notice",
    "found_person_responder",
    "found_person_entry",
    "found_report",
    "found_person",
    "contact_card",
)
_NOTICE_KINDS = (
    "kind IN ('request_accepted', 'request_progressed', 'request_resolved', 'request_confirmed', 'request_reopened', "
    "'found_person_overdue', 'found_person_family')"
)
_CHANNELS = "channel IN ('card', 'phone', 'staff')"
_CASE_IS_OPEN = "state IN ('reported', 'identified', 'family_notified')"


def upgrade() -> None:
    _create_contact_card()
    _create_found_person()
    _create_found_report()
    _create_found_person_entry()
    _create_found_person_responder()
    _create_notice()
    _create_delivery()
    secure(op, *_TENANT_TABLES)


def downgrade() -> None:
    for table in (*_TENANT_TABLES, "contact_card_lookup"):
        op.drop_table(table)


def _community() -> sa.Column:
    return sa.Column("community_code", sa.String(12), nullable=False)


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _code(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(40), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _versioned() -> tuple[sa.Column, ...]:
    return sa.Column("version", sa.Integer(), nullable=False), _time("created_at"), _time("updated_at")


def _of(table: str, column: str, parent: str, *, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    columns = [f"{parent}.community_code", f"{parent}.id"]
    return sa.ForeignKeyConstraint(["community_code", column], columns, name=f"fk_{table}_{parent}", ondelete=ondelete)


def _create_contact_card() -> None:
    op.create_table(
        "contact_card",
        _community(),
        _id(),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("grid_code", sa.String(15), nullable=False),
        _id("household_id", nullable=True),
        _id("person_id", nullable=True),
        _code("state"),
        sa.Column("issued_by", sa.String(), nullable=False),
        _time("delivered_at", nullable=True),
        sa.Column("delivered_by", sa.String()),
        sa.Column("is_explained", sa.Boolean(), nullable=False),
        _id("replaced_by", nullable=True),
        _time("scanned_at", nullable=True),
        *_versioned(),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_contact_card"),
        sa.UniqueConstraint("community_code", "code", name="uq_contact_card_code"),
        sa.CheckConstraint(
            "state IN ('issued', 'delivered', 'lost', 'replaced', 'revoked')", name="ck_contact_card_state"
        ),
        sa.CheckConstraint("starts_with(grid_code, community_code)", name="ck_contact_card_grid_in_community"),
        sa.CheckConstraint("(state = 'replaced') = (replaced_by IS NOT NULL)", name="ck_contact_card_replaced_by"),
        _of("contact_card", "household_id", "household"),
        _of("contact_card", "person_id", "person"),
    )
    _index_contact_card()
    op.create_table(
        "contact_card_lookup",
        sa.Column("code", sa.String(16), nullable=False),
        _community(),
        _id("card_id"),
        sa.PrimaryKeyConstraint("code", name="pk_contact_card_lookup"),
    )


def _index_contact_card() -> None:
    op.create_index("ix_contact_card_grid", "contact_card", ["community_code", "grid_code", "id"])
    op.create_index("ix_contact_card_household", "contact_card", ["community_code", "household_id"])
    op.create_index(
        "uq_contact_card_of_household",
        "contact_card",
        ["community_code", "household_id"],
        unique=True,
        postgresql_where=sa.text("person_id IS NULL AND state IN ('issued', 'delivered')"),
    )
    op.create_index(
        "uq_contact_card_of_person",
        "contact_card",
        ["community_code", "person_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('issued', 'delivered')"),
    )


def _create_found_person() -> None:
    op.create_table(
        "found_person",
        _community(),
        _id(),
        _code("state"),
        _code("channel"),
        sa.Column("grid_code", sa.String(15)),
        *(_id(name, nullable=True) for name in ("card_id", "presumed_person_id", "person_id", "household_id")),
        sa.Column("opened_by", sa.String(), nullable=False),
        _time("due_at"),
        _time("hand_over_by"),
        _time("police_advised_at", nullable=True),
        _time("police_called_at", nullable=True),
        _code("outcome", nullable=True),
        _time("closed_at", nullable=True),
        _time("forgotten_at", nullable=True),
        *_versioned(),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_found_person"),
        sa.CheckConstraint(
            "state IN ('reported', 'identified', 'family_notified', 'handed_over', 'closed', 'unfounded')",
            name="ck_found_person_state",
        ),
        sa.CheckConstraint(_CHANNELS, name="ck_found_person_channel"),
        sa.CheckConstraint(
            "outcome IN ('returned_home', 'in_care', 'with_police', 'unfounded')", name="ck_found_person_outcome"
        ),
        sa.CheckConstraint(
            "(state IN ('closed', 'unfounded')) = (closed_at IS NOT NULL)", name="ck_found_person_closed_at"
        ),
        sa.CheckConstraint(
            "state NOT IN ('identified', 'family_notified') OR person_id IS NOT NULL",
            name="ck_found_person_identified",
        ),
        _of("found_person", "card_id", "contact_card"),
    )
    _index_found_person()


def _index_found_person() -> None:
    op.create_index("ix_found_person_state", "found_person", ["community_code", "state", "id"])
    op.create_index(
        "uq_found_person_open_card",
        "found_person",
        ["community_code", "card_id"],
        unique=True,
        postgresql_where=sa.text(_CASE_IS_OPEN),
    )
    op.create_index(
        "ix_found_person_overdue",
        "found_person",
        ["due_at"],
        postgresql_where=sa.text(f"police_advised_at IS NULL AND {_CASE_IS_OPEN}"),
    )
    op.create_index(
        "ix_found_person_kept",
        "found_person",
        ["closed_at"],
        postgresql_where=sa.text("closed_at IS NOT NULL AND forgotten_at IS NULL"),
    )


def _create_found_report() -> None:
    op.create_table(
        "found_report",
        _community(),
        _id(),
        _id("found_person_id"),
        _code("channel"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("follow_digest", sa.LargeBinary()),
        _time("created_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_found_report"),
        sa.CheckConstraint(_CHANNELS, name="ck_found_report_channel"),
        _of("found_report", "found_person_id", "found_person"),
    )
    op.create_index("ix_found_report_found_person", "found_report", ["community_code", "found_person_id", "id"])


def _create_found_person_entry() -> None:
    op.create_table(
        "found_person_entry",
        _community(),
        _id(),
        _id("found_person_id"),
        _code("kind"),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.LargeBinary()),
        _time("at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_found_person_entry"),
        sa.CheckConstraint(
            "kind IN ('reported', 'reported_again', 'assigned', 'accepted', 'handed_back', 'identified', "
            "'family_messaged', 'family_reached', 'family_not_reached', 'police_advised', 'police_called', "
            "'handed_over', 'closed', 'dismissed')",
            name="ck_found_person_entry_kind",
        ),
        _of("found_person_entry", "found_person_id", "found_person"),
    )
    op.create_index(
        "ix_found_person_entry_found_person", "found_person_entry", ["community_code", "found_person_id", "id"]
    )


def _create_found_person_responder() -> None:
    table = "found_person_responder"
    op.create_table(
        table,
        _community(),
        _id("found_person_id"),
        _id("responder_id"),
        _id("work_order_id"),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        _time("accepted_at", nullable=True),
        sa.Column("order_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "found_person_id", "responder_id", name=f"pk_{table}"),
        _of(table, "found_person_id", "found_person"),
    )
    op.create_index(f"ix_{table}_responder", table, ["community_code", "responder_id", "found_person_id"])
    op.create_index(f"ix_{table}_work_order", table, ["community_code", "work_order_id"])


def _create_notice() -> None:
    op.create_table(
        "notice",
        _community(),
        _id(),
        _id("person_id", nullable=True),
        _code("kind"),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        _time("read_at", nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _time("created_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_notice"),
        sa.CheckConstraint(_NOTICE_KINDS, name="ck_notice_kind"),
    )
    op.create_index("ix_notice_person", "notice", ["community_code", "person_id", "id"])


def _create_delivery() -> None:
    op.create_table(
        "delivery",
        _community(),
        _id(),
        _id("notice_id", nullable=True),
        _code("kind"),
        _code("recipient"),
        _id("recipient_id"),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        _code("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _time("due_at"),
        _time("sent_at", nullable=True),
        _time("created_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_delivery"),
        sa.CheckConstraint(_NOTICE_KINDS, name="ck_delivery_kind"),
        sa.CheckConstraint("state IN ('pending', 'sent', 'failed', 'undeliverable')", name="ck_delivery_state"),
        sa.CheckConstraint("recipient IN ('person', 'family_contact')", name="ck_delivery_recipient"),
        _of("delivery", "notice_id", "notice", ondelete="CASCADE"),
    )
    op.create_index("ix_delivery_due", "delivery", ["due_at"], postgresql_where=sa.text("state = 'pending'"))
