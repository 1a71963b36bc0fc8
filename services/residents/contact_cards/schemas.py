from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.residents.contact_cards.models import CardState
from shared.codes import GridCode
from shared.errors import both
from shared.identity import PersonName, PhoneText


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ContactCardCreate(Schema):
    """For a household, for a person, or for neither (a spare card of a grid, e.g. for the guard at a school gate)."""

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


class GridIssued(BaseModel):
    """How many households of the grid got a card; those that had a valid one kept it."""

    issued: int
    card_ids: list[UUID]


class Delivery(Schema):
    is_explained: bool
    """Whether the bearer was told what the card is for and who their grid worker is."""


class ContactCardRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    code: str
    grid_code: str
    household_id: UUID | None
    person_id: UUID | None
    state: CardState
    delivered_at: datetime | None
    delivered_by: str | None
    is_explained: bool
    replaced_by: UUID | None
    scanned_at: datetime | None
    version: int
    created_at: datetime


class PublicContactCard(BaseModel):
    """All that a code tells: nothing about its bearer. The gateway adds whom to call."""

    community_code: str
    grid_code: str
    state: CardState


class GridContact(Schema):
    """What a card of this grid says today; it comes from dispatch by way of the gateway."""

    model_config = ConfigDict(frozen=True)

    grid_name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    worker_name: PersonName | None = None
    worker_phone: PhoneText | None = None
    hotline: PhoneText | None = None
    community_name: Annotated[str, StringConstraints(min_length=1, max_length=60)]


class PrintFormat(StrEnum):
    SVG = "svg"
    """One card."""
    PDF = "pdf"
    """A4 sheets of ten."""


class Print(Schema):
    card_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)]
    contacts: Annotated[dict[GridCode, GridContact], Field(max_length=200)]
    format: PrintFormat

    @model_validator(mode="after")
    def _one_card_as_svg(self) -> "Print":
        if self.format is PrintFormat.SVG and len(self.card_ids) != 1:
            raise ValueError(both("SVG 每次一张卡", "SVG holds one card"))
        return self
