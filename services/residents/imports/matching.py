"""Who of the registry a row is about, and what it would change. Pure: the registry was read before.

The rule: the same identity number, or passport, is the same person. Without either in the registry, the same name
behind the same door, unless birth date or document say otherwise. Everybody else is new. A sheet adds and corrects; it
never removes what it does not say, moves nobody, merges nobody, and what contradicts the registry is left to people.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.residents.imports.headings import Column
from services.residents.imports.problems import ProblemCode
from services.residents.imports.rows import Record
from services.residents.memberships.models import HouseholdRelation
from services.residents.people.family_contacts import MOST_CONTACTS
from services.residents.people.models import PersonState, Relation, TagKind
from services.residents.people.records import PersonalData

Door = tuple[str, str, str, str]

_CORRECTED = ("identity_number", "passport", "birth_on", "sex", "phone", "cautions")


@dataclass(slots=True, repr=False)
class Known:
    """Somebody who is registered, in the clear."""

    id: UUID
    version: int
    household_id: UUID
    state: PersonState
    data: PersonalData
    tags: frozenset[TagKind]
    phones: frozenset[str]
    """Of the family contacts."""
    contacts: int


@dataclass(slots=True, repr=False)
class Registry:
    """What the registry holds of the doors and people that some rows name."""

    households: Mapping[Door, UUID]
    headed: frozenset[UUID]
    """Households that have a head."""
    by_number: Mapping[str, Known]
    by_passport: Mapping[str, Known]
    members: Mapping[UUID, Sequence[Known]]


@dataclass(slots=True, repr=False)
class Change:
    """What a row adds to somebody who is registered; empty when they are as the sheet says."""

    person: Known
    fields: dict[str, Any] = field(default_factory=dict)
    tags: list[TagKind] = field(default_factory=list)
    contact: tuple[str, str, Relation] | None = None

    def __bool__(self) -> bool:
        return bool(self.fields or self.tags or self.contact)


@dataclass(slots=True, repr=False)
class Plan:
    """What some rows come to."""

    added: list[Record] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: int = 0
    new_doors: set[Door] = field(default_factory=set)
    problems: list[tuple[Record, ProblemCode, Column | None]] = field(default_factory=list)


def plan_rows(records: Iterable[Record], registry: Registry, unknown: Collection[int] = ()) -> Plan:
    """What each record comes to; a record that contradicts the registry comes to a problem.

    `unknown`: rows whose place the address table does not have. Behind a door that is registered they stay welcome.
    """
    plan = Plan()
    new_heads: set[Door] = set()
    for record in records:
        household_id = registry.households.get(record.door)
        person, conflict = _find(record, household_id, registry)
        if conflict is not None:
            plan.problems.append((record, *conflict))
        elif person is not None:
            _change(plan, record, person)
        elif household_id is None and record.row in unknown:
            plan.problems.append((record, ProblemCode.ADDRESS_UNKNOWN, Column.BUILDING))
        else:
            _add(plan, record, household_id, registry, new_heads)
    return plan


def _add(plan: Plan, record: Record, household_id: UUID | None, registry: Registry, new_heads: set[Door]) -> None:
    if household_id is None:
        plan.new_doors.add(record.door)
    if record.relation is HouseholdRelation.HEAD:
        if household_id in registry.headed or record.door in new_heads:
            plan.problems.append((record, ProblemCode.ANOTHER_HEAD, Column.RELATION))
            record.relation = HouseholdRelation.OTHER
        new_heads.add(record.door)
    plan.added.append(record)


def _change(plan: Plan, record: Record, person: Known) -> None:
    change = Change(person)
    for name in _CORRECTED:
        said = getattr(record, name)
        if said is not None and said != getattr(person.data, name):
            change.fields[name] = said
    change.tags = [tag for tag in record.tags if tag not in person.tags]
    if record.contact is not None and record.contact[1] not in person.phones:
        if person.contacts < MOST_CONTACTS:
            change.contact = record.contact
        else:
            plan.problems.append((record, ProblemCode.TOO_MANY_CONTACTS, Column.CONTACT_NAME))
    if change:
        plan.changed.append(change)
    else:
        plan.unchanged += 1


_Conflict = tuple[ProblemCode, Column | None]


def _find(record: Record, household_id: UUID | None, registry: Registry) -> tuple[Known | None, _Conflict | None]:
    numbered = registry.by_number.get(record.identity_number) if record.identity_number else None
    travels = registry.by_passport.get(record.passport) if record.passport else None
    person = numbered or travels
    if person is not None:
        if travels not in (None, person) or not _agree(record.identity_number, person.data.identity_number):
            return None, (ProblemCode.DOCUMENTS_DISAGREE, Column.PASSPORT)
        return person, _contradiction(record, person, household_id)
    if household_id is None:
        return None, None
    alike = [each for each in registry.members.get(household_id, ()) if _may_be(record, each)]
    residing = [each for each in alike if each.state is PersonState.RESIDING]
    born = [each for each in residing if each.data.birth_on is not None and each.data.birth_on == record.birth_on]
    likely = born or residing
    if len(likely) > 1:
        return None, (ProblemCode.AMBIGUOUS, Column.NAME)
    if likely:
        return likely[0], None
    gone = [each for each in alike if record.birth_on is not None and each.data.birth_on == record.birth_on]
    return None, (ProblemCode.NO_LONGER_HERE, Column.NAME) if gone else None


def _contradiction(record: Record, person: Known, household_id: UUID | None) -> _Conflict | None:
    if person.data.name != record.name:
        return ProblemCode.NAME_DIFFERS, Column.NAME
    if person.state is not PersonState.RESIDING:
        return ProblemCode.NO_LONGER_HERE, Column.NAME
    if person.household_id != household_id:
        return ProblemCode.LIVES_ELSEWHERE, Column.ROOM
    return None


def _may_be(record: Record, person: Known) -> bool:
    """The same name, and neither birth date nor number say that it is somebody else."""
    return (
        person.data.name == record.name
        and _agree(record.birth_on, person.data.birth_on)
        and _agree(record.identity_number, person.data.identity_number)
        and _agree(record.passport, person.data.passport)
    )


def _agree(one: str | date | None, other: str | date | None) -> bool:
    return one is None or other is None or one == other


def by_household(people: Iterable[Known]) -> dict[UUID, list[Known]]:
    members: dict[UUID, list[Known]] = defaultdict(list)
    for person in people:
        members[person.household_id].append(person)
    return members
