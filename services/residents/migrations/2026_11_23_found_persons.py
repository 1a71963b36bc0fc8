"""Trails, proofs and relayed messages of found persons.

Revision ID: residents_0009
Revises: residents_0008
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import secure

revision = "residents_0009"
down_revision = "residents_0008"
branch_labels = None
depends_on = None

_TENANT_TABLES = (
    "found_message",
    "found_family_link",
    "found_person_candidate",
    "found_sighting",
)
_UNFOUNDED = (
    "unfounded_reason IN ('not_lost', 'nobody_there', 'went_home', 'scanned_by_mistake', 'misuse', 'reported_twice', "
    "'other')"
)
_ENTRIES_BEFORE = (
    "'reported', 'reported_again', 'assigned', 'accepted', 'handed_back', 'identified', 'family_messaged', "
    "'family_reached', 'family_not_reached', 'police_called', 'handed_over', 'closed', 'dismissed'"
)
_ENTRIES_NEW = "'described', 'sighted', 'photo_added', 'candidates_suggested', 'meeting_arranged', 'escalated'"
_NOTICES_BEFORE = (
    "'request_accepted', 'request_progressed', 'request_resolved', 'request_confirmed', 'request_reopened', "
    "'found_person_overdue', 'found_person_family'"
)
_NOTICES_NEW = "'found_person_message', 'found_person_family_news'"

_FIRST = """
    UPDATE found_person AS c SET {name} = (
        SELECT min(e.at) FROM found_person_entry AS e
        WHERE e.community_code = c.community_code AND e.found_person_id = c.id AND e.kind = '{kind}'
    )"""


def upgrade() -> None:
    _extend_found_person()
    _check("found_person_entry", "kind", None)
    op.execute("UPDATE found_person_entry SET kind = 'escalated' WHERE kind = 'police_advised'")
    _check("found_person_entry", "kind", f"{_ENTRIES_BEFORE}, {_ENTRIES_NEW}")
    _create_sighting()
    _create_candidate()
    _create_family_link()
    _create_message()
    secure(op, *_TENANT_TABLES)
    for table in ("notice", "delivery"):
        _check(table, "kind", f"{_NOTICES_BEFORE}, {_NOTICES_NEW}")
    op.add_column("notice", sa.Column("responder_id", sa.Uuid()))
    op.create_index("ix_notice_responder", "notice", ["community_code", "responder_id", "id"])
    op.create_check_constraint("ck_notice_one_reader", "notice", "person_id IS NULL OR responder_id IS NULL")


def downgrade() -> None:
    op.execute("DELETE FROM notice WHERE responder_id IS NOT NULL")
    op.drop_constraint("ck_notice_one_reader", "notice")
    op.drop_index("ix_notice_responder", "notice")
    op.drop_column("notice", "responder_id")
    for table in ("delivery", "notice"):
        op.execute(f"DELETE FROM {table} WHERE kind IN ({_NOTICES_NEW})")  # noqa: S608 - our own words
        _check(table, "kind", _NOTICES_BEFORE)
    for table in _TENANT_TABLES:
        op.drop_table(table)
    _check("found_person_entry", "kind", None)
    op.execute("UPDATE found_person_entry SET kind = 'police_advised' WHERE kind = 'escalated'")
    op.execute(f"DELETE FROM found_person_entry WHERE kind IN ({_ENTRIES_NEW})")  # noqa: S608 - our own words
    _check("found_person_entry", "kind", f"{_ENTRIES_BEFORE}, 'police_advised'")
    op.drop_index("ix_found_person_created", "found_person")
    for check in ("ck_found_person_unfounded", "ck_found_person_unfounded_reason"):
        op.drop_constraint(check, "found_person")
    for column in ("unfounded_reason", "handed_over_at", "identified_at", "description"):
        op.drop_column("found_person", column)
    op.alter_column("found_person", "escalated_at", new_column_name="police_advised_at")


def _check(table: str, column: str, values: str | None) -> None:
    """The values that a column may hold; None: any, until the next call."""
    name = f"ck_{table}_{column}"
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    if values is not None:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({values}))")


def _extend_found_person() -> None:
    op.alter_column("found_person", "police_advised_at", new_column_name="escalated_at")
    op.add_column("found_person", sa.Column("description", sa.LargeBinary()))
    op.add_column("found_person", sa.Column("unfounded_reason", sa.String(40)))
    for name, kind in (("identified_at", "identified"), ("handed_over_at", "handed_over")):
        op.add_column("found_person", sa.Column(name, sa.DateTime(timezone=True)))
        op.execute(_FIRST.format(name=name, kind=kind))
    op.execute("UPDATE found_person SET unfounded_reason = 'other' WHERE state = 'unfounded'")
    op.execute(f"ALTER TABLE found_person ADD CONSTRAINT ck_found_person_unfounded_reason CHECK ({_UNFOUNDED})")
    op.execute(
        "ALTER TABLE found_person ADD CONSTRAINT ck_found_person_unfounded "
        "CHECK ((state = 'unfounded') = (unfounded_reason IS NOT NULL))"
    )
    op.create_index("ix_found_person_created", "found_person", ["community_code", "created_at"])


def _community() -> sa.Column:
    return sa.Column("community_code", sa.String(12), nullable=False)


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    columns = [f"{parent}.community_code", f"{parent}.id"]
    return sa.ForeignKeyConstraint(["community_code", column], columns, name=f"fk_{table}_{parent}")


def _create_sighting() -> None:
    op.create_table(
        "found_sighting",
        _community(),
        _id(),
        _id("found_person_id"),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _time("seen_at"),
        _time("created_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_found_sighting"),
        sa.CheckConstraint("source IN ('finder', 'community')", name="ck_found_sighting_source"),
        _of("found_sighting", "found_person_id", "found_person"),
    )
    op.create_index(
        "ix_found_sighting_found_person", "found_sighting", ["community_code", "found_person_id", "seen_at"]
    )


def _create_candidate() -> None:
    op.create_table(
        "found_person_candidate",
        _community(),
        _id("found_person_id"),
        _id("person_id"),
        sa.Column("score", sa.Integer(), nullable=False),
        _time("suggested_at"),
        sa.PrimaryKeyConstraint("community_code", "found_person_id", "person_id", name="pk_found_person_candidate"),
        _of("found_person_candidate", "found_person_id", "found_person"),
    )


def _create_family_link() -> None:
    table = "found_family_link"
    op.create_table(
        table,
        _community(),
        _id(),
        *(_id(name) for name in ("found_person_id", "person_id", "contact_id")),
        sa.Column("token", sa.LargeBinary()),
        sa.Column("digest", sa.LargeBinary()),
        _time("opened_at", nullable=True),
        _time("texted_at", nullable=True),
        _time("created_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name=f"pk_{table}"),
        sa.UniqueConstraint("community_code", "digest", name=f"uq_{table}_digest"),
        sa.UniqueConstraint("community_code", "found_person_id", "contact_id", name=f"uq_{table}_contact"),
        _of(table, "found_person_id", "found_person"),
    )


def _create_message() -> None:
    table = "found_message"
    op.create_table(
        table,
        _community(),
        _id(),
        _id("found_person_id"),
        sa.Column("side", sa.String(40), nullable=False),
        _id("report_id", nullable=True),
        _id("link_id", nullable=True),
        sa.Column("actor", sa.String()),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _time("created_at"),
        sa.PrimaryKeyConstraint("community_code", "id", name=f"pk_{table}"),
        sa.CheckConstraint("side IN ('finder', 'family', 'community')", name=f"ck_{table}_side"),
        _of(table, "found_person_id", "found_person"),
        _of(table, "report_id", "found_report"),
        _of(table, "link_id", "found_family_link"),
    )
    op.create_index(f"ix_{table}_found_person", table, ["community_code", "found_person_id", "id"])
