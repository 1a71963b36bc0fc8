from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.residents.contact_cards.models import CardKind, CardState
from services.residents.guardians.models import GuardianRelation
from services.residents.households.models import Tenure
from services.residents.memberships.models import HouseholdRelation
from services.residents.people.models import Relation, TagKind
from shared.identity import Sex

MAX_LIMIT = 500
MAX_EDITS = 200


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


# The copy


class CardCopy(BaseModel):
    """A contact card in use."""

    id: UUID
    kind: CardKind
    code: str
    state: CardState
    delivered_at: datetime | None
    is_explained: bool


class HouseholdCopy(BaseModel):
    id: UUID
    version: int
    compound: str
    building: str
    unit: str
    room: str | None
    tenure: Tenure | None
    colour: str | None
    """What the five-colour card shows; None until the community has published a scheme."""
    override_until: date | None
    """The last day of a colour that staff set; None: derived."""
    visit_interval_days: int | None
    contact_cards: list[CardCopy]


class TagCopy(BaseModel):
    id: UUID
    kind: TagKind
    valid_from: date
    valid_to: date | None
    """The last day. The phone compares with its own date: a tag ends without a change."""
    version: int


class FamilyContactCopy(BaseModel):
    id: UUID
    position: int
    relation: Relation
    name: str
    phone: str


class GuardianCopy(BaseModel):
    id: UUID
    guardian_id: UUID | None
    """A resident; otherwise name and phone."""
    relation: GuardianRelation
    name: str | None
    phone: str | None


class PersonCopy(BaseModel):
    """Name, phones and cautions in the clear for the purpose `visit`, otherwise masked or left out."""

    id: UUID
    version: int
    household_id: UUID
    relation: HouseholdRelation | None
    is_head: bool
    member_since: date | None
    name: str
    phone: str | None
    birth_year: int | None
    """Ages change without a change of the record; the year does not."""
    sex: Sex | None
    has_cautions: bool
    cautions: str | None
    """For the purpose `visit` only."""
    tags: list[TagCopy]
    """Those that hold or will hold."""
    family_contacts: list[FamilyContactCopy]
    """In the order of call."""
    guardians: list[GuardianCopy]
    contact_cards: list[CardCopy]


class SyncItem(BaseModel):
    """The latest state of one thing in one grid, or that it is no longer to be seen there.

    `is_removed` of a household or person: forget it if the phone's copy is of this grid. `is_removed` of a grid: forget
    everything of it, the worker no longer answers for it.
    """

    kind: Literal["grid", "household", "person"]
    grid_code: str
    id: UUID | None
    is_removed: bool
    household: HouseholdCopy | None = None
    person: PersonCopy | None = None


class SyncPage(BaseModel):
    items: list[SyncItem]
    next_since: str
    """Keep it once the page is kept: it is where the next request goes on, however much later."""
    has_more: bool
    """Whether to ask again at once."""


# Edits


class EditKind(StrEnum):
    CORRECT_PERSON = "correct_person"
    CORRECT_HOUSEHOLD = "correct_household"
    REGISTER_PERSON = "register_person"
    GRANT_TAG = "grant_tag"
    REVOKE_TAG = "revoke_tag"
    ADD_FAMILY_CONTACT = "add_family_contact"
    REMOVE_FAMILY_CONTACT = "remove_family_contact"
    DELIVER_CONTACT_CARD = "deliver_contact_card"


class Edit(Schema):
    """What a worker wrote while the phone was away. `changes` depend on the kind, see docs/sync.md."""

    edit_id: UUID
    """Made on the phone; sent again, the edit is not applied again."""
    kind: Annotated[str, Field(max_length=40)]
    """An `EditKind`; one that this version does not know is rejected alone."""
    entity_id: UUID
    """The person, household or contact card; of a new person, the id that the phone gave them."""
    base_version: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """The version that the worker saw. Of no use to kinds that add something."""
    changes: dict[str, Any] = {}
    made_at: AwareDatetime
    apply: Literal["whole", "partly"] = "whole"
    """Where some fields conflict: apply nothing, or the others."""


class EditBatch(Schema):
    edits: Annotated[list[Edit], Field(max_length=MAX_EDITS)]


class Outcome(StrEnum):
    APPLIED = "applied"
    MERGED = "merged"
    """Applied; others had changed other fields meanwhile."""
    CONFLICT = "conflict"
    """Others changed the same fields to something else."""
    REJECTED = "rejected"
    """Refused for the reason in `problem`."""
    ALREADY_APPLIED = "already_applied"


class FieldConflict(BaseModel):
    """A field that somebody else changed after the version that the worker saw."""

    field: str
    current: Any
    """What it is now, in the clear: the worker may write it, and has to choose."""
    changed_in_version: int
    changed_at: datetime | None
    changed_by: str | None
    """The role of whoever changed it; None: the service itself, or it is as it was in the kept record."""


class EditResult(BaseModel):
    edit_id: UUID
    entity_id: UUID
    """Whom or what the edit is about: the kept person, where the one that it named was merged."""
    outcome: Outcome
    version: int | None = None
    """Of the entity now, where it has one: the base of the next edit."""
    applied_fields: list[str] = []
    conflicts: list[FieldConflict] = []
    problem: dict[str, Any] | None = None
    """A problem document (RFC 9457)."""


class EditResults(BaseModel):
    results: list[EditResult]
    """One for each edit, in the order in which they were sent."""
