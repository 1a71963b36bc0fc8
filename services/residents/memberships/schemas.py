from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator

from services.residents.memberships.models import Destination, EndReason, HouseholdRelation
from services.residents.people.schemas import BirthDate, PastDate, PersonRead, Schema
from shared.errors import both
from shared.identity import IdentityNumberText, PersonName, Sex


def _not_head(relation: HouseholdRelation) -> HouseholdRelation:
    if relation is HouseholdRelation.HEAD:
        raise ValueError(both("请使用更换户主。", "Appoint a head instead."))
    return relation


MemberRelation = Annotated[HouseholdRelation, AfterValidator(_not_head)]
"""To the head, of somebody who is not the head."""


class Move(Schema):
    """To another household of the community, or back into one."""

    household_id: UUID
    relation: HouseholdRelation = HouseholdRelation.OTHER
    """To the head of that household."""
    on: PastDate | None = None
    """The first day there; default: today, in Asia/Shanghai."""


class MoveOut(Schema):
    """Leaving the community."""

    destination: Destination = Destination.UNKNOWN
    on: PastDate | None = None
    """The first day elsewhere; default: today."""


class Death(Schema):
    on: PastDate | None = None
    """Default: today."""


class End(Schema):
    on: PastDate | None = None
    """The day from which the household is no more; default: today."""


class HeadAppoint(Schema):
    person_id: UUID
    relations: dict[UUID, MemberRelation] = Field(default={}, max_length=100)
    """What other members are to the new head, by person; who is not named gets what follows from before."""


class Birth(Schema):
    """A child is born into the household."""

    name: PersonName
    birth_on: BirthDate
    sex: Sex | None = None
    identity_number: IdentityNumberText | None = None
    relation: MemberRelation = HouseholdRelation.CHILD
    """To the head of the household."""
    parents: list[UUID] = Field(default=[], max_length=2)
    """Members of the household who are its parents, and so its guardians (Civil Code, art. 27)."""


class MembershipUpdate(Schema):
    """Corrects what was written wrongly; who moved is moved."""

    relation: MemberRelation | None = None
    began_on: PastDate | None = None
    ended_on: PastDate | None = None
    """Of a membership that ended because the person left or died."""

    @model_validator(mode="after")
    def _nothing_is_removed(self) -> "MembershipUpdate":
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError(both("不能清空; 请填写正确的值。", "Nothing can be removed; write what is right."))
        return self


class MembershipRead(BaseModel):
    """One stretch of a person's life in a household of the community, the latest first."""

    id: UUID
    household_id: UUID
    compound: str
    building: str
    unit: str
    relation: HouseholdRelation
    is_head: bool
    began_on: date
    ended_on: date | None
    """The first day on which it no longer held."""
    end_reason: EndReason | None
    """`corrected` and `merged`: it never held."""
    destination: Destination | None
    version: int


class MemberRead(BaseModel):
    """A member of a household on a day."""

    membership_id: UUID
    relation: HouseholdRelation
    is_head: bool
    began_on: date
    ended_on: date | None
    version: int
    """Of the membership: for correcting it."""
    person: PersonRead
