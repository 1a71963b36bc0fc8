from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.residents.duplicates.models import DuplicateKind
from services.residents.memberships.models import HouseholdRelation
from services.residents.people.ages import AgeGroup
from services.residents.people.models import PersonState, Relation, TagKind
from shared.audit import Purpose
from shared.clock import china_today
from shared.documents import DocumentKind, PassportText
from shared.errors import both
from shared.identity import FreeText, IdentityNumberText, OwnPhoneText, PersonName, PhoneText, Sex
from shared.ids import new_id


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _plausible_birth(day: date) -> date:
    if not date(1850, 1, 1) <= day <= china_today():
        raise ValueError(both("出生日期不合理。", "Not a plausible birth date."))
    return day


def _not_in_the_future(day: date) -> date:
    if not date(1850, 1, 1) <= day <= china_today():
        raise ValueError(both("日期不能在将来。", "A day that has not come yet, or too long ago."))
    return day


PastDate = Annotated[date, AfterValidator(_not_in_the_future)]
BirthDate = Annotated[date, AfterValidator(_plausible_birth)]
Age = Annotated[int, Field(ge=0, le=150)]


class PersonCreate(Schema):
    """A resident. Birth date and sex follow from the identity number where there is one."""

    household_id: UUID
    relation: HouseholdRelation = HouseholdRelation.OTHER
    """To the head of the household."""
    lives_here_since: PastDate | None = None
    """Default: today, in Asia/Shanghai."""
    name: PersonName
    phone: OwnPhoneText | None = None
    identity_number: IdentityNumberText | None = None
    passport: PassportText | None = None
    birth_on: BirthDate | None = None
    sex: Sex | None = None
    cautions: FreeText | None = None


class PersonUpdate(Schema):
    """Merge patch: what is absent stays, what is null is removed; name and household cannot be."""

    household_id: UUID | None = None
    name: PersonName | None = None
    phone: OwnPhoneText | None = None
    identity_number: IdentityNumberText | None = None
    passport: PassportText | None = None
    birth_on: BirthDate | None = None
    sex: Sex | None = None
    cautions: FreeText | None = None

    @model_validator(mode="after")
    def _keeps_name_and_household(self) -> "PersonUpdate":
        if any(getattr(self, name) is None for name in self.model_fields_set & {"name", "household_id"}):
            raise ValueError(both("姓名和住户不能为空。", "Name and household cannot be removed."))
        return self


class PersonRead(BaseModel):
    """A person as shown to whoever has no purpose for more: masked."""

    id: UUID
    state: PersonState
    household_id: UUID
    """Where they live or, after they left or died, lived last."""
    grid_code: str | None
    compound: str
    building: str
    name: str
    """`张*`"""
    phone: str | None
    """`138****8000`"""
    identity_number: str | None
    """First and last character only."""
    passport: str | None
    """`CHN E*******8`"""
    document_kind: DocumentKind | None
    """Of the identity number, else of the passport."""
    age: int | None
    age_groups: list[AgeGroup]
    sex: Sex | None
    tags: list[TagKind]
    """Groups the person belongs to today; empty for those who may not know."""
    has_cautions: bool
    version: int


class Resemblance(BaseModel):
    """Someone registered who may be the same person. Nothing is merged without a person's decision."""

    kind: DuplicateKind
    person_id: UUID


class NumberDoubt(BaseModel):
    """The identity number is in order, but its first six digits were never those of a county: check the document."""

    kind: Literal["county_unknown"] = "county_unknown"


class ParentDoubt(BaseModel):
    """What was written of a newborn's parents can hardly be right: look again at who they are."""

    kind: Literal["parent_too_young", "parent_is_minor", "parent_too_old", "parents_of_one_sex"]
    """`parent_is_minor`: another guardian may have to be named (Civil Code, art. 27)."""
    person_id: UUID
    """The parent whom it concerns; of two of one sex each."""


class PersonRegistered(PersonRead):
    warnings: Sequence[Resemblance | NumberDoubt | ParentDoubt]


class PersonCorrected(PersonRead):
    warnings: list[NumberDoubt]


class PersonField(StrEnum):
    """What can be asked for in the clear."""

    NAME = "name"
    PHONE = "phone"
    IDENTITY_NUMBER = "identity_number"
    PASSPORT = "passport"
    BIRTH_ON = "birth_on"
    SEX = "sex"
    CAUTIONS = "cautions"
    ADDRESS = "address"
    FAMILY_CONTACTS = "family_contacts"
    TAG_EVIDENCE = "tag_evidence"
    GUARDIANS = "guardians"
    """Those who are on this person's record alone; a registered one is revealed as the person they are."""


class Emergency(Schema):
    """What helps the head of the community to judge a look at somebody in an emergency."""

    reason: FreeText | None = None
    found_person_id: UUID | None = None
    """The case that it is for."""


class Reveal(Emergency):
    purpose: Purpose
    fields: Annotated[set[PersonField], Field(min_length=1)]


class Address(BaseModel):
    compound: str
    building: str
    unit: str
    room: str


class ContactRead(BaseModel):
    """A family contact in the clear."""

    id: UUID
    position: int
    relation: Relation
    name: str
    phone: str


class Evidence(BaseModel):
    tag_id: UUID
    kind: TagKind
    evidence: str


class GuardianClear(BaseModel):
    guardianship_id: UUID
    name: str
    phone: str | None


class RevealedPerson(BaseModel):
    """The fields that were asked for; the others are null."""

    person_id: UUID
    name: str | None = None
    phone: str | None = None
    identity_number: str | None = None
    passport: str | None = None
    birth_on: date | None = None
    sex: Sex | None = None
    cautions: str | None = None
    address: Address | None = None
    family_contacts: list[ContactRead] | None = None
    tag_evidence: list[Evidence] | None = None
    guardians: list[GuardianClear] | None = None


class TagGrant(Schema):
    kind: TagKind
    valid_from: date | None = None
    """Default: today, in Asia/Shanghai."""
    valid_to: date | None = None
    """The last day; null: until revoked."""
    evidence: FreeText | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "TagGrant":
        if self.valid_to is not None and self.valid_to < (self.valid_from or china_today()):
            raise ValueError(both("截止日期早于开始日期。", "It would end before it begins."))
        return self


class TagRead(BaseModel):
    """A tag as granted. Its evidence is revealed for a purpose only."""

    id: UUID
    kind: TagKind
    valid_from: date
    valid_to: date | None
    granted_by: str
    has_evidence: bool
    revoked_at: datetime | None
    revoked_by: str | None
    version: int


class ContactAdd(Schema):
    """Someone to call, after those already listed."""

    name: PersonName
    phone: PhoneText
    relation: Relation


class ContactMasked(BaseModel):
    id: UUID
    position: int
    relation: Relation
    name: str
    phone: str


class ContactOrder(Schema):
    """Every contact once, in the order of call."""

    contact_ids: Annotated[list[UUID], Field(min_length=1, max_length=8)]


class TagImport(Schema):
    kind: TagKind
    valid_from: date | None = None
    valid_to: date | None = None
    evidence: FreeText | None = None


class PersonImport(PersonCreate):
    """One person of a bulk load."""

    id: UUID = Field(default_factory=new_id)
    tags: list[TagImport] = []
    family_contacts: Annotated[list[ContactAdd], Field(max_length=8)] = []
    parents: Annotated[list[UUID], Field(max_length=2)] = []
    """People of this load or registered before, who answer for this minor as its parents."""
    consents: set[Purpose] = set()
    """Signed by the person on paper, on their own sheets where the data is sensitive, to the texts that hold now."""
