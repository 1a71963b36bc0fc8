from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.residents.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class CardState(StrEnum):
    ISSUED = "issued"
    DELIVERED = "delivered"
    LOST = "lost"
    REPLACED = "replaced"
    REVOKED = "revoked"


ACTIVE = (CardState.ISSUED, CardState.DELIVERED)


class ContactCard(Base, Tenant, table=True):
    """A contact card (民情联系卡): whom to call, printed for a household or carried by one person.

    It names a grid, never its bearer. Whoever holds the code learns the grid's worker and the community's hotline; when
    the worker changes, every printed card of the grid speaks of the new one.
    """

    __tablename__ = "contact_card"
    __table_args__ = (
        UniqueConstraint("community_code", "code", name="uq_contact_card_code"),
        ForeignKeyConstraint(
            ["community_code", "household_id"],
            ["household.community_code", "household.id"],
            name="fk_contact_card_household",
        ),
        ForeignKeyConstraint(
            ["community_code", "person_id"], ["person.community_code", "person.id"], name="fk_contact_card_person"
        ),
        one_of("state", CardState),
        CheckConstraint("starts_with(grid_code, community_code)", name="grid_in_community"),
        CheckConstraint("(state = 'replaced') = (replaced_by IS NOT NULL)", name="replaced_by"),
        Index(
            "uq_contact_card_of_household",
            "community_code",
            "household_id",
            unique=True,
            postgresql_where=text("person_id IS NULL AND state IN ('issued', 'delivered')"),
        ),
        Index(
            "uq_contact_card_of_person",
            "community_code",
            "person_id",
            unique=True,
            postgresql_where=text("state IN ('issued', 'delivered')"),
        ),
        Index("ix_contact_card_grid", "community_code", "grid_code", "id"),
        Index("ix_contact_card_household", "community_code", "household_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    code: str = Field(max_length=16)
    grid_code: str = Field(max_length=15)
    household_id: UUID | None = None
    person_id: UUID | None = None
    state: CardState = Field(default=CardState.ISSUED, sa_type=text_enum(CardState))
    issued_by: str
    delivered_at: datetime | None = None
    delivered_by: str | None = None
    """The account of whoever handed it over."""
    is_explained: bool = False
    """Whether the bearer was told what the card is for and who their grid worker is."""
    replaced_by: UUID | None = None
    scanned_at: datetime | None = None
    """The last scan that was counted, at most one a minute. Who scanned is not kept."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class ContactCardLookup(Base, table=True):
    """Code → community, for a public request that knows nothing else. Global: no row-level security, no person."""

    __tablename__ = "contact_card_lookup"

    code: str = Field(primary_key=True, max_length=16)
    community_code: str = Field(max_length=12)
    card_id: UUID
