"""What the full loop keeps: whose policy counts, callbacks, ratings that the office wrote down, undone merges.

Revision ID: requests_0004
Revises: requests_0003
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import allow, disallow

revision = "requests_0004"
down_revision = "requests_0003"
branch_labels = None
depends_on = None

_POLICY = ["community_code", "policy_category_code", "policy_version", "urgency"]
_POLICY_BEFORE = ["community_code", "category_code", "policy_version", "urgency"]
_REFERRED = ["community_code", "category_code", "policy_version", "urgency"]


def upgrade() -> None:
    _upgrade_request()
    op.add_column("request_work_order", sa.Column("is_started", sa.Boolean(), nullable=False, server_default="false"))
    op.alter_column("request_work_order", "is_started", server_default=None)
    _upgrade_rating()
    allow(op, "timeline_entry", "step", "unmerged")


def downgrade() -> None:
    disallow(op, "timeline_entry", "step", "unmerged")
    _downgrade_rating()
    op.drop_column("request_work_order", "is_started")
    _downgrade_request()


def _upgrade_request() -> None:
    op.add_column("service_request", sa.Column("policy_category_code", sa.String(60)))
    op.execute("UPDATE service_request SET policy_category_code = category_code")
    op.alter_column("service_request", "policy_category_code", nullable=False)
    op.drop_constraint("fk_service_request_policy", "service_request")
    op.create_foreign_key("fk_service_request_policy", "service_request", "deadline_policy", _POLICY, _REFERRED)
    for column in ("confirmed_at", "confirm_by"):
        op.add_column("service_request", sa.Column(column, sa.DateTime(timezone=True)))
    op.add_column(
        "service_request", sa.Column("unreached_count", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.alter_column("service_request", "unreached_count", server_default=None)
    op.execute("UPDATE service_request SET confirm_by = now() + interval '7 days' WHERE state = 'resolved'")
    op.execute("UPDATE service_request SET confirmed_at = updated_at WHERE state = 'confirmed'")
    op.create_index(
        "ix_service_request_confirm_by",
        "service_request",
        ["confirm_by"],
        postgresql_where=sa.text("confirm_by IS NOT NULL"),
    )
    op.create_index(
        "ix_service_request_community_code_split_from_id",
        "service_request",
        ["community_code", "split_from_id"],
        postgresql_where=sa.text("split_from_id IS NOT NULL"),
    )


def _downgrade_request() -> None:
    op.drop_index("ix_service_request_community_code_split_from_id", "service_request")
    for column in ("unreached_count", "confirm_by", "confirmed_at"):
        op.drop_column("service_request", column)
    op.drop_constraint("fk_service_request_policy", "service_request")
    op.execute("UPDATE service_request SET category_code = policy_category_code")
    op.execute("UPDATE service_request SET category_class = split_part(category_code, '.', 1)")
    op.drop_column("service_request", "policy_category_code")
    op.create_foreign_key("fk_service_request_policy", "service_request", "deadline_policy", _POLICY_BEFORE, _REFERRED)


def _upgrade_rating() -> None:
    op.alter_column("rating", "person_id", nullable=True)
    op.add_column("rating", sa.Column("how", sa.String(40)))
    op.add_column("rating", sa.Column("recorded_by", sa.String()))
    op.add_column("rating", sa.Column("responder_id", sa.Uuid()))
    op.add_column("rating", sa.Column("may_publish", sa.Boolean(), nullable=False, server_default="false"))
    op.alter_column("rating", "may_publish", server_default=None)
    op.create_check_constraint("ck_rating_how", "rating", "how IN ('phone', 'visit', 'message')")
    op.create_check_constraint("ck_rating_written_down", "rating", "(how IS NULL) = (recorded_by IS NULL)")
    op.create_check_constraint("ck_rating_said_by", "rating", "person_id IS NOT NULL OR recorded_by IS NOT NULL")
    op.drop_index("uq_rating_request_id_person_id", "rating")
    op.create_index(
        "uq_rating_request_id_person_id",
        "rating",
        ["community_code", "request_id", "person_id", "round"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "ix_rating_commended",
        "rating",
        ["community_code", "id"],
        postgresql_where=sa.text("commendation IS NOT NULL"),
    )


def _downgrade_rating() -> None:
    op.execute("DELETE FROM rating WHERE person_id IS NULL")
    op.drop_index("ix_rating_commended", "rating")
    op.drop_index("uq_rating_request_id_person_id", "rating")
    op.create_index(
        "uq_rating_request_id_person_id",
        "rating",
        ["community_code", "request_id", "person_id", "round"],
        unique=True,
    )
    for name in ("said_by", "written_down", "how"):
        op.drop_constraint(f"ck_rating_{name}", "rating")
    for column in ("may_publish", "responder_id", "recorded_by", "how"):
        op.drop_column("rating", column)
    op.alter_column("rating", "person_id", nullable=False)
