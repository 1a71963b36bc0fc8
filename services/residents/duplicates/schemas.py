from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.residents.duplicates.models import CandidateState, DismissReason, DuplicateKind
from services.residents.people.schemas import PersonRead


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Takeable(StrEnum):
    """What the person who is kept may take over from the other record."""

    NAME = "name"
    PHONE = "phone"
    IDENTITY_NUMBER = "identity_number"
    PASSPORT = "passport"
    BIRTH_ON = "birth_on"
    SEX = "sex"
    CAUTIONS = "cautions"


class Likeness(StrEnum):
    EQUAL = "equal"
    DIFFERENT = "different"
    ONE_IS_MISSING = "one_is_missing"
    BOTH_ARE_MISSING = "both_are_missing"


class DuplicateReport(Schema):
    """Two records that somebody takes for one person's."""

    person_id: UUID
    other_id: UUID


class Dismissal(Schema):
    reason: DismissReason


class MergeWanted(Schema):
    """How two records become one."""

    keep: UUID
    """The record that stays; the other one's id leads to it from then on."""
    take: Annotated[set[Takeable], Field(max_length=len(Takeable))] = set()
    """Fields that the other record has right. An identity number brings its birth date and sex."""


class DuplicateRead(BaseModel):
    """A pair of the queue, both people masked."""

    id: UUID
    kind: DuplicateKind
    state: CandidateState
    dismissed_because: DismissReason | None
    people: list[PersonRead]
    """Two; one where the other was merged into somebody or erased meanwhile."""
    found_at: datetime
    decided_at: datetime | None
    version: int


class FieldCompared(BaseModel):
    """Whether the records agree, without saying what they hold."""

    field: Takeable
    likeness: Likeness
    missing_in: UUID | None
    """The record that does not hold it, where one does not."""


class DuplicateDetail(DuplicateRead):
    fields: list[FieldCompared]
