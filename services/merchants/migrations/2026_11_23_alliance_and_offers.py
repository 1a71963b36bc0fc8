"""The kit's tables, merchants, items, offers and redemptions.

Revision ID: merchants_0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.kit_tables import create_kit_0001, drop_kit_0001
from shared.migrate import secure

revision = "merchants_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = ("merchant", "item", "offer", "offer_counter", "redemption", "redemption_offer", "offer_use")


def upgrade() -> None:
    create_kit_0001(op)
    _create_merchant()
    _create_item()
    _create_offer()
    _create_offer_counter()
    _create_redemption()
    _create_uses()
    secure(op, *TABLES)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    drop_kit_0001(op)


def _community() -> sa.Column:
    return sa.Column("community_code", sa.String(12), nullable=False)


def _id(name: str = "id") -> sa.Column:
    return sa.Column(name, sa.Uuid(), nullable=False)


def _text(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _json(name: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), nullable=False)


def _versioned() -> tuple[sa.Column, ...]:
    return sa.Column("version", sa.Integer(), nullable=False), _time("created_at"), _time("updated_at")


def _of(table: str, other: str) -> sa.ForeignKeyConstraint:
    column = f"{other}_id"
    return sa.ForeignKeyConstraint(
        ["community_code", column],
        [f"{other}.community_code", f"{other}.id"],
        name=f"fk_{table}_community_code_{column}_{other}",
    )


def _create_merchant() -> None:
    op.create_table(
        "merchant",
        _community(),
        _id(),
        _text("state", 40),
        _text("state_reason", 40, nullable=True),
        _text("name"),
        _text("trade", 40),
        _text("uscc", 18),
        _text("summary", nullable=True),
        _text("address"),
        _text("public_phone", nullable=True),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        _text("grid_code", 15, nullable=True),
        _json("hours"),
        sa.Column("themes", postgresql.ARRAY(sa.String(40)), nullable=False),
        sa.Column("contact_name_sealed", sa.LargeBinary()),
        sa.Column("contact_phone_sealed", sa.LargeBinary()),
        _text("charter_version", nullable=True),
        _time("charter_signed_at", nullable=True),
        _text("applied_by"),
        _time("decided_at", nullable=True),
        *_versioned(),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_merchant"),
        sa.CheckConstraint(
            "state IN ('applied', 'approved', 'suspended', 'left', 'rejected')", name="ck_merchant_state"
        ),
        sa.CheckConstraint(
            "state_reason IN ('incomplete', 'licence', 'pledge_broken', 'complaints', 'safety', 'other')",
            name="ck_merchant_state_reason",
        ),
        sa.CheckConstraint(
            "grid_code IS NULL OR starts_with(grid_code, community_code)", name="ck_merchant_grid_in_community"
        ),
        sa.CheckConstraint("(charter_version IS NULL) = (charter_signed_at IS NULL)", name="ck_merchant_charter"),
        sa.CheckConstraint(
            "longitude BETWEEN -180 AND 180 AND latitude BETWEEN -90 AND 90", name="ck_merchant_position"
        ),
    )
    op.create_index("ix_merchant_community_code_state_id", "merchant", ["community_code", "state", "id"])
    op.create_index(
        "uq_merchant_uscc",
        "merchant",
        ["community_code", "uscc"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('left', 'rejected')"),
    )


def _create_item() -> None:
    op.create_table(
        "item",
        _community(),
        _id(),
        _id("merchant_id"),
        _text("name"),
        _text("unit"),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        _text("category", 40),
        sa.Column("active", sa.Boolean(), nullable=False),
        *_versioned(),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_item"),
        _of("item", "merchant"),
        sa.CheckConstraint("price_fen BETWEEN 0 AND 10000000", name="ck_item_price_fen"),
    )
    op.create_index("ix_item_community_code_merchant_id_id", "item", ["community_code", "merchant_id", "id"])


def _create_offer() -> None:
    op.create_table(
        "offer",
        _community(),
        _id(),
        _id("merchant_id"),
        _text("state", 40),
        _text("title"),
        _text("title_en"),
        _text("theme", 40, nullable=True),
        _json("effect"),
        _json("scope"),
        _json("eligibility"),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        _text("recurrence", nullable=True),
        _json("hours"),
        _text("on_holidays", 40),
        sa.Column("per_person_count", sa.Integer()),
        _text("per_person_period", 40, nullable=True),
        sa.Column("total_limit", sa.Integer()),
        sa.Column("budget_fen", sa.BigInteger()),
        _text("exclusivity_group", 40, nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        *_versioned(),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_offer"),
        _of("offer", "merchant"),
        sa.CheckConstraint("state IN ('draft', 'published', 'withdrawn', 'expired')", name="ck_offer_state"),
        sa.CheckConstraint("on_holidays IN ('any', 'exclude', 'only')", name="ck_offer_on_holidays"),
        sa.CheckConstraint("theme IN ('learn', 'safe', 'love', 'joy', 'beauty', 'wise')", name="ck_offer_theme"),
        sa.CheckConstraint("per_person_period IN ('day', 'week', 'month', 'offer')", name="ck_offer_per_person_period"),
        sa.CheckConstraint("(per_person_count IS NULL) = (per_person_period IS NULL)", name="ck_offer_per_person"),
        sa.CheckConstraint("valid_to >= valid_from", name="ck_offer_validity"),
    )
    op.create_index("ix_offer_community_code_merchant_id_id", "offer", ["community_code", "merchant_id", "id"])
    op.create_index("ix_offer_community_code_state_id", "offer", ["community_code", "state", "id"])


def _create_offer_counter() -> None:
    op.create_table(
        "offer_counter",
        _community(),
        _id("offer_id"),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("total_limit", sa.Integer()),
        sa.Column("budget_fen", sa.BigInteger()),
        sa.Column("used_count", sa.Integer(), nullable=False),
        sa.Column("used_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "offer_id", name="pk_offer_counter"),
        _of("offer_counter", "offer"),
        sa.CheckConstraint(
            "used_count >= 0 AND (total_limit IS NULL OR used_count <= total_limit)",
            name="ck_offer_counter_used_count",
        ),
        sa.CheckConstraint(
            "used_fen >= 0 AND (budget_fen IS NULL OR used_fen <= budget_fen)", name="ck_offer_counter_used_fen"
        ),
    )


def _create_redemption() -> None:
    op.create_table(
        "redemption",
        _community(),
        _id(),
        _id("merchant_id"),
        _text("state", 40),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        _text("code", 10, nullable=True),
        _json("lines"),
        sa.Column("total_before_fen", sa.BigInteger(), nullable=False),
        sa.Column("total_after_fen", sa.BigInteger(), nullable=False),
        _time("expires_at"),
        _time("redeemed_at", nullable=True),
        _time("ended_at", nullable=True),
        _text("reverse_reason", 40, nullable=True),
        *_versioned(),
        sa.PrimaryKeyConstraint("community_code", "id", name="pk_redemption"),
        _of("redemption", "merchant"),
        sa.CheckConstraint(
            "state IN ('reserved', 'redeemed', 'reversed', 'cancelled', 'expired')", name="ck_redemption_state"
        ),
        sa.CheckConstraint(
            "reverse_reason IN ('mistake', 'returned', 'not_provided', 'fraud', 'other')",
            name="ck_redemption_reverse_reason",
        ),
        sa.CheckConstraint("(code IS NOT NULL) = (state = 'reserved')", name="ck_redemption_code_while_reserved"),
        sa.CheckConstraint("total_after_fen BETWEEN 0 AND total_before_fen", name="ck_redemption_totals"),
    )
    op.create_index("ix_redemption_community_code_holder_id", "redemption", ["community_code", "holder", "id"])
    op.create_index(
        "ix_redemption_community_code_merchant_id_id", "redemption", ["community_code", "merchant_id", "id"]
    )
    op.create_index("ix_redemption_due", "redemption", ["expires_at"], postgresql_where=sa.text("state = 'reserved'"))
    op.create_index(
        "uq_redemption_code",
        "redemption",
        ["community_code", "merchant_id", "code"],
        unique=True,
        postgresql_where=sa.text("code IS NOT NULL"),
    )


def _create_uses() -> None:
    op.create_table(
        "redemption_offer",
        _community(),
        _id("redemption_id"),
        _id("offer_id"),
        sa.Column("saving_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("community_code", "redemption_id", "offer_id", name="pk_redemption_offer"),
        _of("redemption_offer", "redemption"),
        _of("redemption_offer", "offer"),
        sa.CheckConstraint("saving_fen >= 0", name="ck_redemption_offer_saving_fen"),
    )
    op.create_index(
        "ix_redemption_offer_community_code_offer_id_redemption_id",
        "redemption_offer",
        ["community_code", "offer_id", "redemption_id"],
    )
    op.create_table(
        "offer_use",
        _community(),
        _id("offer_id"),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        _text("period", 20),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        _id("redemption_id"),
        sa.PrimaryKeyConstraint("community_code", "offer_id", "holder", "period", "slot", name="pk_offer_use"),
        _of("offer_use", "offer"),
        _of("offer_use", "redemption"),
    )
    op.create_index("ix_offer_use_community_code_redemption_id", "offer_use", ["community_code", "redemption_id"])
