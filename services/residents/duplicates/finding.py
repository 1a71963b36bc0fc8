"""Who may be the same person as somebody: by phone, or by name and birth date within the building.

Names count as the same when they sound the same. Edit distance would call any two Chinese names equal. Two people who
both have an identity number are two people: no number stands in the registry twice. Hundreds are compared by a handful
of statements, for a bulk load asks for all of its people at once.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.residents.duplicates import repository
from services.residents.duplicates.models import DuplicateKind
from services.residents.duplicates.repository import Alike, Asked
from services.residents.households.models import Household
from services.residents.people import repository as people
from services.residents.people.models import Person, PersonState
from services.residents.people.records import PersonalData, open_birth_date, open_person
from services.residents.people.tokens import Tokens
from shared.clock import utc_now
from shared.crypto import DataKey
from shared.db import AsyncSession
from shared.ids import new_id
from shared.vault import Vault

BATCH = 200
"""Changes that a sweep deals with in one transaction."""
_COMPARED = ("phone", "name", "birth_on")
Resembling = dict[UUID, DuplicateKind]
"""Who may be the same as somebody, with the strongest reason to think so."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A person who is compared, with what is compared of them."""

    person: Person
    household: Household
    known: PersonalData


async def find_resembling(
    session: AsyncSession, vault: Vault, person: Person, household: Household, known: PersonalData
) -> Resembling:
    """People who may be the same as this one."""
    looked = [Looked(person, household, known)]
    return (await _resembling(session, vault, person.community_code, looked)).get(person.id, {})


async def compare_due(session: AsyncSession, vault: Vault) -> int:
    """Compare up to `BATCH` people whose records changed and bring the queue up to date. Returns how many."""
    due = await repository.take_due(session, BATCH)
    if due is None:
        return 0
    community_code, ids = due
    at_home = await people.people_at_home(session, community_code, ids)
    keys = await vault.keys_for(community_code, [person.id for person, _ in at_home if is_compared(person)])
    looked = [
        Looked(person, household, open_person(keys[person.id], person, _COMPARED))
        for person, household in at_home
        if person.id in keys
    ]
    found = await _resembling(session, vault, community_code, looked)
    rows = candidate_rows(community_code, found)
    await repository.forget_except(session, community_code, ids, rows)
    await repository.remember(session, rows)
    return len(ids)


def candidate_rows(community_code: str, found: Mapping[UUID, Resembling]) -> list[dict[str, object]]:
    """What `repository.remember` takes, a pair once and in one order for all, so that no two block each other."""
    kinds: dict[repository.Pair, DuplicateKind] = {}
    for person_id, resembling in found.items():
        kinds |= {repository.pair_of(person_id, other): kind for other, kind in resembling.items()}
    return [
        {
            "community_code": community_code,
            "id": new_id(),
            "person_id": first,
            "other_id": second,
            "kind": kind.value,
            "strength": kind.strength,
            "at": utc_now(),
        }
        for (first, second), kind in sorted(kinds.items())
    ]


def is_compared(person: Person) -> bool:
    """Who left is compared as well: they come back, and are entered again as if they were new."""
    return person.erased_at is None and person.merged_into is None and person.state is not PersonState.DIED


async def _resembling(
    session: AsyncSession, vault: Vault, community_code: str, looked: Sequence[Looked]
) -> dict[UUID, Resembling]:
    tokens = Tokens(vault.keyring, community_code)
    asked = [each for one in looked for each in _asked(tokens, one)]
    alike = await repository.find_alike(session, community_code, asked)
    keys = await vault.keys_for(community_code, {each.other_id for each in alike})
    by_id = {one.person.id: one for one in looked}
    found: dict[UUID, Resembling] = defaultdict(dict)
    for each in sorted(alike, key=lambda each: -each.kind.strength):  # the strongest reason is written last
        if _may_be_one(by_id[each.person_id], each, keys.get(each.other_id)):
            found[each.person_id][each.other_id] = each.kind
    return found


def _asked(tokens: Tokens, one: Looked) -> Iterator[Asked]:
    """Under which tokens others would be like this one, and where they must live."""
    known, household = one.known, one.household
    if known.phone is not None:
        for token in tokens.phone(known.phone):
            yield Asked(one.person.id, token, DuplicateKind.SAME_PHONE)
    if known.name is not None and known.birth_on is not None:
        for token in tokens.same_name(known.name):
            kind = DuplicateKind.SAME_NAME_AND_BIRTH_DATE
            yield Asked(one.person.id, token, kind, household.compound, household.building)


def _may_be_one(one: Looked, other: Alike, key: DataKey | None) -> bool:
    if key is None or (one.person.identity_index is not None and other.has_identity_number):
        return False
    born = None if other.birth_on is None else open_birth_date(key, other.other_id, other.birth_on)
    if other.kind is DuplicateKind.SAME_PHONE:
        return _is_not_another_day(one.known.birth_on, born)
    return born == one.known.birth_on


def _is_not_another_day(one: date | None, other: date | None) -> bool:
    return one is None or other is None or one == other
