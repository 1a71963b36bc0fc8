from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.residents.households.models import Tenure
from shared.audit import Purpose
from shared.errors import both
from shared.identity import PersonName, PhoneText, normalise_name
from shared.ids import new_id


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SomebodyKnown(Schema):
    """Somebody of the registry by their id, or anybody by name."""

    person_id: UUID | None = None
    name: PersonName | None = None
    phone: PhoneText | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "SomebodyKnown":
        if (self.person_id is None) == (self.name is None) or (self.name is None and self.phone is not None):
            raise ValueError(
                both("请选择已登记人员, 或填写姓名和电话。", "Name a registered person, or write a name and a phone.")
            )
        return self


PlaceName = PersonName
Unit = Annotated[
    str, StringConstraints(max_length=20), AfterValidator(lambda text: normalise_name(text) if text.strip() else "")
]
Room = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20),
    AfterValidator(normalise_name),
]


class HouseholdCreate(Schema):
    """An address. The grid follows from dispatch's address table."""

    compound: PlaceName
    building: PlaceName
    unit: Unit = ""
    """Empty where the building has one entrance only."""
    room: Room
    tenure: Tenure | None = None


class HouseholdMove(HouseholdCreate):
    """The address to which the household has moved, within the same community, and by what right it lives there."""


class HouseholdUpdate(Schema):
    """Corrects what was written wrongly; a household that really moved is moved."""

    tenure: Tenure | None = None
    """Null: nobody knows."""
    compound: PlaceName | None = None
    building: PlaceName | None = None
    unit: Unit | None = None
    room: Room | None = None

    @model_validator(mode="after")
    def _nothing_is_removed(self) -> "HouseholdUpdate":
        if any(getattr(self, name) is None for name in self.model_fields_set - {"tenure"}):
            raise ValueError(both("地址的各部分不能为空。", "No part of an address can be removed."))
        return self


class OwnerWrite(SomebodyKnown):
    """Who owns the home: a person of the registry, or anybody by name and phone."""


class HouseholdImport(HouseholdCreate):
    """One household of a bulk load; people refer to it by its id."""

    id: UUID = Field(default_factory=new_id)
    owner: OwnerWrite | None = None


class OwnerRead(BaseModel):
    """The owner of a home that its members do not own, masked; null fields: nobody is on record."""

    owner_id: UUID | None
    name: str | None
    phone: str | None


class OwnerReveal(Schema):
    purpose: Purpose


class OwnerRevealed(BaseModel):
    """In the clear. One who is in the registry is revealed as the person they are."""

    owner_id: UUID | None
    name: str | None
    phone: str | None


class HouseholdRead(BaseModel):
    id: UUID
    compound: str
    building: str
    unit: str
    room: str | None
    """None for those who may not know the door."""
    grid_code: str | None
    colour: str | None
    """What the household's card shows; None until the community has published a scheme."""
    tenure: Tenure | None
    has_head: bool
    """False until somebody is said to be, and again when the head has left."""
    ended_on: date | None
    """The day from which it is no more."""
    version: int
