from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.merchants.alliance.states import Reason, State
from services.merchants.schemas import Category, ClockTime, PatchField, Schema
from shared.audit import Purpose
from shared.codes import GridCode
from shared.errors import both
from shared.geo import Position
from shared.identity import FreeText, PersonName, PhoneText, UsccText
from shared.themes import Theme


class Weekday(StrEnum):
    MONDAY = "MO"
    TUESDAY = "TU"
    WEDNESDAY = "WE"
    THURSDAY = "TH"
    FRIDAY = "FR"
    SATURDAY = "SA"
    SUNDAY = "SU"


class OpeningHours(Schema):
    """One spell on one day of the week; a `closes` of 00:00 is the midnight that ends the day."""

    weekday: Weekday
    opens: ClockTime
    closes: ClockTime

    @model_validator(mode="after")
    def _closes_later(self) -> "OpeningHours":
        if self.closes <= self.opens and self.closes.isoformat() != "00:00:00":
            raise ValueError(both("打烊须晚于开门", "Closing must be later than opening"))
        return self


def _distinct(themes: list[Theme]) -> list[Theme]:
    return sorted(set(themes))


Hours = Annotated[list[OpeningHours], Field(max_length=21)]
Themes = Annotated[list[Theme], Field(max_length=6), AfterValidator(_distinct)]
CharterVersion = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,20}$")]


class MerchantCreate(Schema):
    """An application. `charter_version`: the pledges that the shop signs with it."""

    name: PersonName
    trade: Category
    uscc: UsccText
    summary: FreeText | None = None
    address: PersonName
    public_phone: PhoneText | None = None
    position: Position
    grid_code: GridCode | None = None
    hours: Hours = Field(default=[])
    themes: Themes = Field(default=[])
    contact_name: PersonName
    contact_phone: PhoneText
    charter_version: CharterVersion | None = None


class MerchantUpdate(Schema):
    name: PersonName = PatchField
    trade: Category = PatchField
    summary: FreeText | None = None
    address: PersonName = PatchField
    public_phone: PhoneText | None = None
    position: Position = PatchField
    grid_code: GridCode | None = None
    hours: Hours = PatchField
    themes: Themes = PatchField
    contact_name: PersonName = PatchField
    contact_phone: PhoneText = PatchField


class CharterSignature(Schema):
    charter_version: CharterVersion


class Decision(Schema):
    reason: Reason


class Reveal(Schema):
    purpose: Purpose


class Contact(BaseModel):
    """The shop's contact person, masked unless revealed."""

    name: str
    phone: str


class MerchantSummary(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    community_code: str
    state: State
    name: str
    trade: str
    address: str
    public_phone: str | None
    longitude: float
    latitude: float
    """WGS 84."""
    grid_code: str | None
    hours: list[OpeningHours]
    themes: list[Theme]
    distance_m: int | None = None
    """From the position that was asked for."""
    version: int


class MerchantRead(MerchantSummary):
    uscc: str
    summary: str | None
    charter_version: str | None
    charter_signed_at: datetime | None
    state_reason: Reason | None = None
    """For staff and the shop itself."""
    contact: Contact | None = None
    """Masked; for staff and the shop itself."""
