"""Notices for one account of the office, about what it follows.

Revision ID: residents_0018
Revises: residents_0017
"""

import sqlalchemy as sa
from alembic import op

revision = "residents_0018"
down_revision = "residents_0017"
branch_labels = None
depends_on = None

_CONSTRAINT = "ck_notice_one_reader"


def upgrade() -> None:
    op.add_column("notice", sa.Column("account", sa.String()))
    op.create_index(
        "ix_notice_account",
        "notice",
        ["community_code", "account", "id"],
        postgresql_where=sa.text("account IS NOT NULL"),
    )
    op.execute(f"ALTER TABLE notice DROP CONSTRAINT {_CONSTRAINT}")
    op.execute(
        f"ALTER TABLE notice ADD CONSTRAINT {_CONSTRAINT} CHECK (num_nonnulls(person_id, responder_id, account) <= 1)"
    )


def downgrade() -> None:
    op.execute("DELETE FROM notice WHERE account IS NOT NULL")
    op.execute(f"ALTER TABLE notice DROP CONSTRAINT {_CONSTRAINT}")
    op.execute(f"ALTER TABLE notice ADD CONSTRAINT {_CONSTRAINT} CHECK (person_id IS NULL OR responder_id IS NULL)")
    op.drop_index("ix_notice_account", "notice")
    op.drop_column("notice", "account")
