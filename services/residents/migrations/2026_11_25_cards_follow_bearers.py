"""Cards that the registry revokes by itself: why, and what they were before.

Revision ID: residents_0019
Revises: residents_0018
"""

import sqlalchemy as sa
from alembic import op

revision = "residents_0019"
down_revision = "residents_0018"
branch_labels = None
depends_on = None

_STATES = "'issued', 'delivered', 'lost', 'replaced', 'revoked'"
_REASONS = "'moved_out', 'died', 'merged', 'erased', 'household_ended'"


def upgrade() -> None:
    op.add_column("contact_card", sa.Column("revoked_because", sa.String(40)))
    op.add_column("contact_card", sa.Column("revoked_from", sa.String(40)))
    for name, rule in {
        "revoked_because": f"revoked_because IN ({_REASONS})",
        "revoked_from": f"revoked_from IN ({_STATES})",
        "revoked_by_registry": "(revoked_because IS NULL) = (revoked_from IS NULL)",
        "out_of_use": "revoked_because IS NULL OR state = 'revoked'",
    }.items():
        op.create_check_constraint(f"ck_contact_card_{name}", "contact_card", rule)
    op.execute(_WITHOUT_BEARER)


def downgrade() -> None:
    op.drop_column("contact_card", "revoked_from")
    op.drop_column("contact_card", "revoked_because")


_WITHOUT_BEARER = """
    UPDATE contact_card AS card
    SET revoked_from = card.state, state = 'revoked', version = card.version + 1, updated_at = now(),
        revoked_because = CASE WHEN person.erased_at IS NOT NULL THEN 'erased' ELSE person.state END
    FROM person
    WHERE person.community_code = card.community_code AND person.id = card.person_id
      AND card.state IN ('issued', 'delivered', 'lost')
      AND (person.erased_at IS NOT NULL OR person.state IN ('moved_out', 'died'))
"""
"""Whose bearer had gone before."""
