"""Kinds of contact cards, confirmations by their bearers, and how often cards are read.

Revision ID: residents_0008
Revises: residents_0007
"""

import sqlalchemy as sa
from alembic import op

from shared.migrate import secure

revision = "residents_0008"
down_revision = "residents_0007"
branch_labels = None
depends_on = None

_BEARERS = {
    "household": "person_id IS NULL AND state IN ('issued', 'delivered')",
    "person": "state IN ('issued', 'delivered')",
}


def upgrade() -> None:
    # The default lets the code that is still running issue cards.
    op.add_column("contact_card", sa.Column("kind", sa.String(40), nullable=False, server_default="worker"))
    op.create_check_constraint("ck_contact_card_kind", "contact_card", "kind IN ('worker', 'team')")
    op.add_column("contact_card", sa.Column("confirmed_at", sa.DateTime(timezone=True)))
    for bearer in _BEARERS:
        _index_bearer(bearer, "kind")
    op.create_table(
        "contact_card_scan",
        sa.Column("community_code", sa.String(12), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("grid_code", sa.String(15), nullable=False),
        sa.Column("scans", sa.Integer(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "card_id", "scanned_at", name="pk_contact_card_scan"),
        sa.ForeignKeyConstraint(
            ["community_code", "card_id"],
            ["contact_card.community_code", "contact_card.id"],
            name="fk_contact_card_scan_contact_card",
        ),
        sa.CheckConstraint("scans >= 1", name="ck_contact_card_scan_scans"),
        sa.CheckConstraint("reports >= 0", name="ck_contact_card_scan_reports"),
    )
    op.create_index("ix_contact_card_scan_grid", "contact_card_scan", ["community_code", "grid_code", "scanned_at"])
    op.create_index("ix_contact_card_scan_scanned_at", "contact_card_scan", ["scanned_at"])
    secure(op, "contact_card_scan")


def downgrade() -> None:
    op.drop_table("contact_card_scan")
    # Before there were kinds, one card in use was all that a bearer could have.
    op.execute("UPDATE contact_card SET state = 'revoked' WHERE kind <> 'worker' AND state IN ('issued', 'delivered')")
    for bearer in _BEARERS:
        _index_bearer(bearer)
    op.drop_column("contact_card", "confirmed_at")
    op.drop_column("contact_card", "kind")


def _index_bearer(bearer: str, *more: str) -> None:
    """One valid card for each bearer, or for each bearer and what `more` says."""
    name = f"uq_contact_card_of_{bearer}"
    op.drop_index(name, "contact_card")
    columns = ["community_code", f"{bearer}_id", *more]
    op.create_index(name, "contact_card", columns, unique=True, postgresql_where=sa.text(_BEARERS[bearer]))
