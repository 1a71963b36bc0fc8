"""The kit's tables alone."""

from alembic import op

from shared.kit_tables import create_kit_0001, drop_kit_0001

revision = "toy_requests_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kit_0001(op)


def downgrade() -> None:
    drop_kit_0001(op)
