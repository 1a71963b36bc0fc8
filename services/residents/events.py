"""What residents publishes. Payloads carry ids, codes and states only, never a person's data."""

from typing import ClassVar
from uuid import UUID

from shared.envelope import Event


class HouseholdRegistered(Event):
    type: ClassVar[str] = "residents.household_registered.v1"

    household_id: UUID
    grid_code: str | None


class HouseholdMoved(Event):
    """Another address, or the same address in another grid."""

    type: ClassVar[str] = "residents.household_moved.v1"

    household_id: UUID
    grid_code: str | None


class HouseholdEnded(Event):
    """Nobody belongs to it any more; its address is free again."""

    type: ClassVar[str] = "residents.household_ended.v1"

    household_id: UUID
    grid_code: str | None


class HouseholdColourChanged(Event):
    type: ClassVar[str] = "residents.household_colour_changed.v1"

    household_id: UUID
    grid_code: str | None
    colour: str
    """The code of a colour in the community's published scheme."""
    visit_interval_days: int | None
    """How often that colour asks for a visit; None: it does not."""


class PersonRegistered(Event):
    type: ClassVar[str] = "residents.person_registered.v1"

    person_id: UUID
    household_id: UUID


class PersonTagsChanged(Event):
    type: ClassVar[str] = "residents.person_tags_changed.v1"

    person_id: UUID
    household_id: UUID


class PersonMoved(Event):
    """To another household of the community, or filed under another because the first was wrong."""

    type: ClassVar[str] = "residents.person_moved.v1"

    person_id: UUID
    household_id: UUID
    from_household_id: UUID
    grid_code: str | None


class PersonLeft(Event):
    """No longer lives in the community. The household is the one they lived in last."""

    type: ClassVar[str] = "residents.person_left.v1"

    person_id: UUID
    household_id: UUID
    reason: str
    """`moved_out` or `died`."""


class PersonReturned(Event):
    """Lives in the community again; or never left, and it had been written down wrongly."""

    type: ClassVar[str] = "residents.person_returned.v1"

    person_id: UUID
    household_id: UUID
    grid_code: str | None


class PersonMerged(Event):
    """Two records turned out to be of one person: whatever names the merged id concerns the other from now on."""

    type: ClassVar[str] = "residents.person_merged.v1"

    merge_id: UUID
    person_id: UUID
    """The record that is kept."""
    merged_person_id: UUID


class PersonMergeUndone(Event):
    """They are two people after all: what that merge moved goes back."""

    type: ClassVar[str] = "residents.person_merge_undone.v1"

    merge_id: UUID
    person_id: UUID
    merged_person_id: UUID


class PersonErased(Event):
    """Everybody who holds a data key of this person destroys it."""

    type: ClassVar[str] = "residents.person_erased.v1"

    person_id: UUID


class ContactCardIssued(Event):
    type: ClassVar[str] = "residents.contact_card_issued.v1"

    card_id: UUID
    household_id: UUID | None
    grid_code: str


class ContactCardScanned(Event):
    """At most once a minute per card; nothing about who scanned it."""

    type: ClassVar[str] = "residents.contact_card_scanned.v1"

    card_id: UUID
    grid_code: str


class FoundPersonReported(Event):
    """Somebody is out there and needs to be brought home: always urgent."""

    type: ClassVar[str] = "residents.found_person_reported.v1"

    found_person_id: UUID
    card_id: UUID | None
    grid_code: str | None
    urgency: str = "urgent"


class FoundPersonIdentified(Event):
    type: ClassVar[str] = "residents.found_person_identified.v1"

    found_person_id: UUID
    person_id: UUID
    household_id: UUID


class FoundPersonEscalated(Event):
    """Time ran out: the police of the grid are asked to come as well. Once a case."""

    type: ClassVar[str] = "residents.found_person_escalated.v1"

    found_person_id: UUID
    step: str
    """What was not done in time: `identify` or `hand_over`."""
    grid_code: str | None


class FoundPersonHandedOver(Event):
    type: ClassVar[str] = "residents.found_person_handed_over.v1"

    found_person_id: UUID


class FoundPersonClosed(Event):
    type: ClassVar[str] = "residents.found_person_closed.v1"

    found_person_id: UUID
    outcome: str
    """`returned_home`, `in_care`, `with_police` or `unfounded`."""
