"""Filing everybody anew: after the index key was changed, or the words that names are filed under.

Everything that is found by a blind index is computed from what is sealed and written where it differs from what is
there. So it can be stopped at any time and run again, beside the service at work: what is done is only compared.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import col

from services.residents.households.models import Household
from services.residents.households.service import index_room, open_rooms
from services.residents.people import repository as people
from services.residents.people.models import Person, PersonState, PersonToken, PhoneLookup
from services.residents.people.records import PersonalData, open_person
from services.residents.people.tokens import Tokens, index_identity_number, index_passport, index_phone
from shared.codes import EVERYWHERE
from shared.conditions import among
from shared.crypto import Keyring
from shared.db import AsyncSession, Database
from shared.vault import Vault

BATCH = 200
_FILED = ("name", "phone", "identity_number", "passport", "birth_on")
Progress = Callable[[int], None]
"""Told how many have been compared so far."""


async def reindex(database: Database, keyring: Keyring, *, progress: Progress | None = None) -> int:
    """File every household and person of every community anew; returns how many were filed otherwise before."""
    async with database.transaction(EVERYWHERE) as session:
        communities = (await session.execute(select(col(Household.community_code)).distinct())).scalars().all()
    seen = changed = 0
    for community_code in sorted(communities):
        tokens = Tokens(keyring, community_code)
        for table, file in ((Household, _file_households), (Person, _file_people)):
            after = UUID(int=0)
            while True:
                async with database.transaction(community_code) as session:
                    rows = await _batch(session, table, community_code, after)
                    changed += await file(session, Vault(session, keyring), tokens, rows)
                if not rows:
                    break
                after, seen = rows[-1].id, seen + len(rows)
                if progress is not None:
                    progress(seen)
    return changed


async def _batch(session: AsyncSession, table: Any, community_code: str, after: UUID) -> Sequence[Any]:
    """The next rows, locked: nobody corrects them between the comparison and the commit."""
    statement: Select[Any] = select(table).where(col(table.community_code) == community_code, col(table.id) > after)
    return (await session.execute(statement.order_by(col(table.id)).limit(BATCH).with_for_update())).scalars().all()


async def _file_households(
    session: AsyncSession, vault: Vault, _tokens: Tokens, households: Sequence[Household]
) -> int:
    rooms = await open_rooms(vault, households)
    changed = 0
    for each in households:
        if each.id in rooms:
            index = index_room(vault.keyring, each.compound, each.building, each.unit, rooms[each.id])
            changed += each.room_index != index
            each.room_index = index
    await session.flush()
    return changed


async def _file_people(session: AsyncSession, vault: Vault, tokens: Tokens, batch: Sequence[Person]) -> int:
    if not batch:
        return 0
    community_code = batch[0].community_code
    living = [person for person in batch if person.erased_at is None]
    keys = await vault.keys_for(community_code, [person.id for person in living])
    filed, listed = await _filed(session, community_code, living)
    changed = 0
    for person in living:
        if person.id not in keys:
            continue
        known = open_person(keys[person.id], person, _FILED)
        is_found = person.merged_into is None or person.id in filed  # whoever was merged is found as somebody else
        wanted = tokens.of_person(known) if is_found else {}
        otherwise = filed.get(person.id, {}) != wanted
        if otherwise:
            await people.forget_tokens(session, person)
            rows = [(person.id, token, fit) for token, fit in wanted.items()]
            await people.file_tokens(session, community_code, rows)
        otherwise |= await _list_phone(session, vault, person, known, listed)
        otherwise |= _index(vault, person, known)
        changed += otherwise
    await session.flush()
    return changed


async def _filed(
    session: AsyncSession, community_code: str, batch: Sequence[Person]
) -> tuple[dict[UUID, dict[bytes, int]], dict[UUID, set[bytes]]]:
    """The tokens and the phones under which these people are found now."""
    ids = [person.id for person in batch]
    filed: dict[UUID, dict[bytes, int]] = {}
    listed: dict[UUID, set[bytes]] = {}
    rows = select(col(PersonToken.person_id), col(PersonToken.token), col(PersonToken.fit)).where(
        col(PersonToken.community_code) == community_code, among(col(PersonToken.person_id), ids)
    )
    for person_id, token, fit in await session.execute(rows):
        filed.setdefault(person_id, {})[token] = fit
    phones = select(col(PhoneLookup.person_id), col(PhoneLookup.phone_index)).where(
        col(PhoneLookup.community_code) == community_code, among(col(PhoneLookup.person_id), ids)
    )
    for person_id, index in await session.execute(phones):
        listed.setdefault(person_id, set()).add(index)
    return filed, listed


async def _list_phone(
    session: AsyncSession, vault: Vault, person: Person, known: PersonalData, listed: dict[UUID, set[bytes]]
) -> bool:
    """Only who lives here signs in; whether that was otherwise before."""
    signs_in = known.phone is not None and person.state is PersonState.RESIDING and person.merged_into is None
    wanted = {index_phone(vault.keyring, known.phone)} if signs_in and known.phone else set[bytes]()
    if listed.get(person.id, set()) == wanted:
        return False
    await people.unlist_phone(session, person)
    await people.list_phone(session, person.community_code, [(person.id, index) for index in wanted])
    return True


def _index(vault: Vault, person: Person, known: PersonalData) -> bool:
    """The documents' own columns; whether they were otherwise before."""
    before = person.identity_index, person.passport_index
    number, passport = known.identity_number, known.passport
    person.identity_index = index_identity_number(vault.keyring, number) if number else None
    person.passport_index = index_passport(vault.keyring, passport) if passport else None
    return before != (person.identity_index, person.passport_index)
