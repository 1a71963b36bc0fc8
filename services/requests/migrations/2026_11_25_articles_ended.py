"""The office is told once when an article's validity has ended.

Revision ID: requests_0020
Revises: requests_0019
"""

import sqlalchemy as sa
from alembic import op

revision = "requests_0020"
down_revision = "requests_0019"
branch_labels = None
depends_on = None

_ENDS = "CREATE INDEX ix_article_version_ends ON article_version (valid_to) WHERE is_current AND valid_to IS NOT NULL"


def upgrade() -> None:
    op.add_column("article_version", sa.Column("ended_at", sa.DateTime(timezone=True)))
    op.execute("DROP INDEX ix_article_version_ends")
    op.execute(f"{_ENDS} AND ended_at IS NULL")


def downgrade() -> None:
    op.execute("DROP INDEX ix_article_version_ends")
    op.execute(f"{_ENDS} AND reminded_at IS NULL")
    op.drop_column("article_version", "ended_at")
