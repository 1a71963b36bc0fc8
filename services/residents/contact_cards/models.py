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
from shared.states import NamedState


class CardState(NamedState):
    ISSUED = "issued", "已制发"
    DELIVERED = "delivered", "已送达"
    LOST = "lost", "已挂失"
    REPLACED = "replaced", "已换发"
    REVOKED = "revoked", "已作废"


class CardKind(StrEnum):
    WORKER = "worker"
    """In front: the grid worker and the community's hotline."""
    TEAM = "team"
    """In front: everybody who answers for the grid, police, lawyer and mediator beside the grid worker."""


class RevokedBecause(StrEnum):
    """Why the registry itself took a card out of use."""

    MOVED_OUT = "moved_out"
    DIED = "died"
    MERGED = "merged"
    """Its bearer's record was merged into one that has a card of this kind."""
    ERASED = "erased"
    HOUSEHOLD_ENDED = "household_ended"


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
        one_of("kind", CardKind),
        one_of("state", CardState),
        one_of("revoked_from", CardState),
        one_of("revoked_because", RevokedBecause),
        CheckConstraint("(revoked_because IS NULL) = (revoked_from IS NULL)", name="revoked_by_registry"),
        CheckConstraint("revoked_because IS NULL OR state = 'revoked'", name="out_of_use"),
        CheckConstraint("starts_with(grid_code, community_code)", name="grid_in_community"),
        CheckConstraint("(state = 'replaced') = (replaced_by IS NOT NULL)", name="replaced_by"),
        Index(
            "uq_contact_card_of_household",
            "community_code",
            "household_id",
            "kind",
            unique=True,
            postgresql_where=text("person_id IS NULL AND state IN ('issued', 'delivered')"),
        ),
        Index(
            "uq_contact_card_of_person",
            "community_code",
            "person_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('issued', 'delivered')"),
        ),
        Index("ix_contact_card_grid", "community_code", "grid_code", "id"),
        Index("ix_contact_card_household", "community_code", "household_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: CardKind = Field(
        default=CardKind.WORKER, sa_type=text_enum(CardKind), sa_column_kwargs={"server_default": CardKind.WORKER.value}
    )
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
    confirmed_at: datetime | None = None
    """When the bearer's household said in the app that it has the card."""
    replaced_by: UUID | None = None
    revoked_because: RevokedBecause | None = Field(default=None, sa_type=text_enum(RevokedBecause))
    """None for a card that is in use, and for one that staff revoked."""
    revoked_from: CardState | None = Field(default=None, sa_type=text_enum(CardState))
    """The state that it goes back to if the reason proves wrong."""
    scanned_at: datetime | None = None
    """The minute of the last scan. Who scanned is not kept."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

    @property
    def takes_reports(self) -> bool:
        """Whether a person can be reported by it: always, unless staff revoked it for being misused."""
        return self.state is not CardState.REVOKED or self.revoked_because is not None


class ContactCardLookup(Base, table=True):
    """Code → community, for a public request that knows nothing else. Global: no row-level security, no person."""

    __tablename__ = "contact_card_lookup"

    code: str = Field(primary_key=True, max_length=16)
    community_code: str = Field(max_length=12)
    card_id: UUID


class ContactCardScan(Base, Tenant, table=True):
    """How often a card was read in one minute, and how many reports of a found person followed from it.

    Never by whom: no address, no browser, and no time finer than the minute. The row is the limit as well, so that all
    gateways count together.
    """

    __tablename__ = "contact_card_scan"
    __table_args__ = (
        ForeignKeyConstraint(
            ["community_code", "card_id"],
            ["contact_card.community_code", "contact_card.id"],
            name="fk_contact_card_scan_contact_card",
        ),
        CheckConstraint("scans >= 1", name="scans"),
        CheckConstraint("reports >= 0", name="reports"),
        Index("ix_contact_card_scan_grid", "community_code", "grid_code", "scanned_at"),
        Index("ix_contact_card_scan_scanned_at", "scanned_at"),
    )

    card_id: UUID = Field(primary_key=True)
    scanned_at: datetime = Field(primary_key=True)
    """The full minute."""
    grid_code: str = Field(max_length=15)
    """The card's grid at that time."""
    scans: int = 1
    reports: int = 0
