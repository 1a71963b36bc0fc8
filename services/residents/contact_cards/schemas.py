from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.residents.contact_cards.models import CardKind, CardState, RevokedBecause
from shared.codes import GridCode
from shared.errors import both
from shared.identity import PersonName, PhoneText


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ContactCardCreate(Schema):
    """For a household, for a person, or for neither (a spare card of a grid, e.g. for the guard at a school gate)."""

    kind: CardKind = CardKind.WORKER
    household_id: UUID | None = None
    person_id: UUID | None = None
    grid_code: GridCode | None = None
    """Needed only when neither is named; otherwise the household's grid."""

    @model_validator(mode="after")
    def _belongs_somewhere(self) -> "ContactCardCreate":
        named = [self.household_id, self.person_id, self.grid_code]
        if sum(value is not None for value in named) != 1:
            raise ValueError(
                both("只填 household_id、person_id、grid_code 之一", "One of household_id, person_id, grid_code")
            )
        return self


class GridIssue(Schema):
    grid_code: GridCode
    kind: CardKind = CardKind.WORKER


class GridIssued(BaseModel):
    """How many households of the grid got a card; those that had a valid one kept it."""

    issued: int
    card_ids: list[UUID]


class Delivery(Schema):
    is_explained: bool
    """Whether the bearer was told what the card is for and who their grid worker is."""


class CardDelivery(Delivery):
    card_id: UUID


class Deliveries(Schema):
    deliveries: Annotated[list[CardDelivery], Field(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _each_card_once(self) -> "Deliveries":
        if len({each.card_id for each in self.deliveries}) != len(self.deliveries):
            raise ValueError(both("每张卡只能列一次", "Name each card once"))
        return self


class Skipped(BaseModel):
    """A card that was not waiting to be delivered; `state` is null where the caller has no such card."""

    card_id: UUID
    state: CardState | None


class Delivered(BaseModel):
    delivered: list[UUID]
    skipped: list[Skipped]


class ContactCardRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: CardKind
    code: str
    grid_code: str
    household_id: UUID | None
    person_id: UUID | None
    state: CardState
    delivered_at: datetime | None
    delivered_by: str | None
    is_explained: bool
    confirmed_at: datetime | None
    replaced_by: UUID | None
    revoked_because: RevokedBecause | None
    """What took the card out of use by itself; null where staff revoked it."""
    scanned_at: datetime | None
    version: int
    created_at: datetime


class PublicContactCard(BaseModel):
    """All that a code tells: nothing about its bearer. The gateway adds whom to call."""

    community_code: str
    grid_code: str
    kind: CardKind
    state: CardState
    takes_reports: bool
    """Whether somebody who carries it can be reported: not by a card that was revoked for being misused."""


class Scans(BaseModel):
    """How often a card was read in one minute; `reports` of a found person followed."""

    model_config = ConfigDict(from_attributes=True)

    scanned_at: datetime
    scans: int
    reports: int


class GridScans(BaseModel):
    grid_code: str
    cards_scanned: int
    scans: int
    reports: int


class ScanStatistics(BaseModel):
    """From the first to the last day, both included, by the calendar of China."""

    first_on: date
    last_on: date
    grids: list[GridScans]
    """Grids whose cards were not read are left out."""


class TeamMember(Schema):
    model_config = ConfigDict(frozen=True)

    role: Literal["police", "lawyer", "mediator", "judicial_officer"]
    name: PersonName
    phone: PhoneText


class GridContact(Schema):
    """What a card of this grid says today; it comes from dispatch by way of the gateway."""

    model_config = ConfigDict(frozen=True)

    grid_name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    worker_name: PersonName | None = None
    worker_phone: PhoneText | None = None
    hotline: PhoneText | None = None
    community_name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    team: Annotated[tuple[TeamMember, ...], Field(max_length=4)] = ()
    """For cards of kind `team`: who answers for the grid beside its worker, in this order."""


class PrintFormat(StrEnum):
    SVG = "svg"
    """One card."""
    PDF = "pdf"
    """A4 sheets of ten."""


class GridCards(Schema):
    """The cards of a grid that are in use, in the order of their doors."""

    grid_code: GridCode
    kind: CardKind | None = None
    undelivered_only: bool = False


class Print(Schema):
    card_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)] | None = None
    grid: GridCards | None = None
    contacts: Annotated[dict[GridCode, GridContact], Field(max_length=200)]
    format: PrintFormat

    @model_validator(mode="after")
    def _one_choice(self) -> "Print":
        if (self.card_ids is None) == (self.grid is None):
            raise ValueError(both("card_ids 与 grid 二选一", "Either card_ids or grid"))
        if self.format is PrintFormat.SVG and len(self.card_ids or ()) != 1:
            raise ValueError(both("SVG 每次一张卡", "SVG holds one card"))
        return self
