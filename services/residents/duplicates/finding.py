"""Who may be the same person as somebody: by phone, or by name and birth date within the building.

Names count as the same when they sound the same. Edit distance would call any two Chinese names equal. Two people who
both have an identity number are two people: no number stands in the registry twice.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.residents.duplicates import repository
from services.residents.duplicates.models import DuplicateKind
from services.residents.households.models import Household
from services.residents.people import repository as people
from services.residents.people.models import Person, PersonState
from services.residents.people.records import PersonalData, open_person
from services.residents.people.tokens import Tokens
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.ids import new_id
from shared.vault import Vault

BATCH = 50
"""Changes that a sweep deals with in one transaction."""
_COMPARED = ("phone", "name", "birth_on")


async def find_resembling(
    session: AsyncSession, vault: Vault, person: Person, household: Household, known: PersonalData
) -> dict[UUID, DuplicateKind]:
    """People who may be the same as this one, with the strongest reason to think so."""
    found: dict[UUID, DuplicateKind] = {}
    tokens = Tokens(vault.keyring, person.community_code)
    if known.name is not None and known.birth_on is not None:
        spelled = tokens.same_name(known.name)
        others = await repository.find_by_tokens(session, person, spelled, household)
        born = await _birth_dates(vault, others)
        alike = [each for each in others if born.get(each.id) == known.birth_on]
        found |= {each.id: DuplicateKind.SAME_NAME_AND_BIRTH_DATE for each in alike if _may_be_one(person, each)}
    if known.phone is not None:
        others = await repository.find_by_tokens(session, person, tokens.phone(known.phone))
        born = await _birth_dates(vault, others)
        alike = [each for each in others if known.birth_on is None or born.get(each.id) in (None, known.birth_on)]
        found |= {each.id: DuplicateKind.SAME_PHONE for each in alike if _may_be_one(person, each)}
    return found


async def compare_due(session: AsyncSession, vault: Vault) -> int:
    """Compare up to `BATCH` people whose records changed and bring the queue up to date. Returns how many."""
    due = await repository.take_due(session, BATCH)
    if due is None:
        return 0
    community_code, ids = due
    at_home = await people.people_at_home(session, community_code, ids)
    here = {person.id: (person, household) for person, household in at_home if _is_compared(person)}
    keys = await vault.keys_for(community_code, here)
    for person_id in ids:
        if person_id not in keys:
            await repository.forget_person(session, community_code, person_id)
            continue
        person, household = here[person_id]
        known = open_person(keys[person_id], person, _COMPARED)
        resembling = await find_resembling(session, vault, person, household, known)
        await repository.forget_except(session, community_code, person_id, resembling)
        await repository.remember(session, candidate_rows(community_code, person_id, resembling))
    return len(ids)


def candidate_rows(
    community_code: str, person_id: UUID, resembling: Mapping[UUID, DuplicateKind]
) -> list[dict[str, object]]:
    """What `repository.remember` takes, in one order for all, so that two of them cannot block each other."""
    rows = []
    for other, kind in resembling.items():
        first, second = repository.pair_of(person_id, other)
        rows.append(
            {
                "community_code": community_code,
                "id": new_id(),
                "person_id": first,
                "other_id": second,
                "kind": kind.value,
                "strength": kind.strength,
                "at": utc_now(),
            }
        )
    return sorted(rows, key=lambda row: (row["person_id"], row["other_id"]))


def _is_compared(person: Person) -> bool:
    """Who left is compared as well: they come back, and are entered again as if they were new."""
    return person.erased_at is None and person.merged_into is None and person.state is not PersonState.DIED


def _may_be_one(person: Person, other: Person) -> bool:
    if not _is_compared(other):
        return False
    return person.identity_index is None or other.identity_index is None


async def _birth_dates(vault: Vault, others: Sequence[Person]) -> dict[UUID, object]:
    if not others:
        return {}
    keys = await vault.keys_for(others[0].community_code, [each.id for each in others])
    return {each.id: open_person(keys[each.id], each, ["birth_on"]).birth_on for each in others if each.id in keys}
