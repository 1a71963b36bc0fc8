"""The kit's tables and a projection that shows loss, repetition and disorder."""

from alembic import op

from shared.kit_tables import create_kit_0001, drop_kit_0001
from shared.migrate import secure

revision = "toy_dispatch_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kit_0001(op)
    op.execute(
        "CREATE TABLE seen (community_code varchar(12) NOT NULL, subject text NOT NULL, versions int[] NOT NULL,"
        " CONSTRAINT pk_seen PRIMARY KEY (community_code, subject))"
    )
    secure(op, "seen")


def downgrade() -> None:
    op.execute("DROP TABLE seen")
    drop_kit_0001(op)
