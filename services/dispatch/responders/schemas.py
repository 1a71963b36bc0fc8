from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.dispatch.responders.models import DutyPattern, Force, ResponderKind
from services.dispatch.schemas import Language, PatchField, Schema, Skill, Span
from shared.codes import GridCode
from shared.errors import both
from shared.geo import Position
from shared.identity import PersonName, PhoneText, UsccText

Capacity = Annotated[int, Field(ge=0, le=200)]
Skills = Annotated[list[Skill], Field(max_length=30)]
Languages = Annotated[list[Language], Field(max_length=10)]


class ResponderCreate(Schema):
    force: Force
    kind: ResponderKind
    name: PersonName
    phone: PhoneText
    duty: DutyPattern | None = None
    """Left out: standing for grid workers, backups and the duty desk, rostered for everyone else."""
    skills: Skills = Field(default_factory=list)
    languages: Languages = Field(default_factory=lambda: ["zh"])
    capacity: Capacity = 20
    home_grid_code: GridCode | None = None
    is_public: bool = False
    position: Position | None = None
    uscc: UsccText | None = None
    person_id: UUID | None = None
    household_id: UUID | None = None

    @model_validator(mode="after")
    def _units_have_a_code(self) -> "ResponderCreate":
        if (self.kind is ResponderKind.UNIT) != (self.uscc is not None):
            raise ValueError(
                both("单位必须填写统一社会信用代码, 个人不填", "A unit has a unified social credit code, a person none")
            )
        return self


class ResponderUpdate(Schema):
    name: PersonName = PatchField
    phone: PhoneText = PatchField
    duty: DutyPattern = PatchField
    skills: Skills = PatchField
    languages: Languages = PatchField
    capacity: Capacity = PatchField
    home_grid_code: GridCode | None = None
    is_public: bool = PatchField
    position: Position | None = None
    person_id: UUID | None = None
    household_id: UUID | None = None


class ResponderRead(BaseModel):
    id: UUID
    force: Force
    kind: ResponderKind
    duty: DutyPattern
    name: str
    """Masked for those who are neither staff nor this responder."""
    phone: str
    skills: list[str]
    languages: list[str]
    capacity: int
    open_orders: int
    home_grid_code: str | None
    longitude: float | None
    latitude: float | None
    uscc: str | None
    is_public: bool
    active: bool
    version: int

    model_config = ConfigDict(extra="ignore")


class RosterEntryCreate(Span):
    grid_code: GridCode | None = None
    """Null: on duty for the whole community."""


class AbsenceCreate(Span):
    pass


class RosterEntryRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    grid_code: str | None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    version: int


class AbsenceRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    version: int


def stored_position(position: Position | None) -> dict[str, Any]:
    """The columns of a position as received."""
    longitude, latitude = position.wgs84() if position else (None, None)
    return {"longitude": longitude, "latitude": latitude}
