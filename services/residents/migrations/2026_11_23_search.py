"""What people are found by: shorter tokens, of one community each, that say how well they fit.

The tokens that were there are of another kind and cannot be made into these without the keys: `kaiyuan search reindex`
files everybody anew.

Revision ID: residents_0005
Revises: residents_0004
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import app_role, secure

revision = "residents_0005"
down_revision = "residents_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _recreate(sa.Column("fit", sa.SmallInteger(), nullable=False))
    # An address is found by its parts, also that of a household that has ended, whose address is not unique any more.
    op.create_index("ix_household_place", "household", ["community_code", "compound", "building", "unit"])


def downgrade() -> None:
    op.drop_index("ix_household_place")
    _recreate()


def _recreate(*more: sa.Column) -> None:
    op.drop_table("person_token")
    op.create_table(
        "person_token",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        *more,
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint(
            "community_code", "token", *(column.name for column in more), "person_id", name="pk_person_token"
        ),
    )
    op.create_index("ix_person_token_person", "person_token", ["community_code", "person_id"])
    secure(op, "person_token")
    op.execute(f"GRANT MAINTAIN ON person_token TO {app_role(op)}")
