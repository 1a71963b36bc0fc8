"""What the registry holds of the doors and people that some rows name: a handful of queries however many rows."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, any_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col

from services.residents.household_cards.repository import valid_on
from services.residents.households.service import index_room
from services.residents.imports.matching import Door, Known, Registry, by_household
from services.residents.imports.rows import Record
from services.residents.memberships.models import Membership
from services.residents.people.models import FamilyContact, Person, PersonTag, TagKind
from services.residents.people.records import open_contact, open_person
from services.residents.people.tokens import index_identity_number, index_passport
from shared.clock import china_today
from shared.conditions import among
from shared.crypto import DataKey, Keyring
from shared.db import AsyncSession
from shared.vault import Vault

_HOUSEHOLDS = text("""
    SELECT household.id, given.compound, given.building, given.unit, given.position
    FROM unnest(CAST(:compounds AS text[]), CAST(:buildings AS text[]), CAST(:units AS text[]),
                CAST(:rooms AS bytea[])) WITH ORDINALITY AS given (compound, building, unit, room_index, position)
    JOIN household ON household.community_code = :community_code AND household.compound = given.compound
         AND household.building = given.building AND household.unit = given.unit
         AND household.room_index = given.room_index AND household.ended_on IS NULL
""")


async def read_registry(
    session: AsyncSession, vault: Vault, community_code: str, records: Sequence[Record]
) -> Registry:
    """Everybody with one of the identity numbers, and everybody behind one of the doors, in the clear."""
    households = await _households(session, vault.keyring, community_code, {record.door for record in records})
    numbers = {record.identity_number for record in records if record.identity_number is not None}
    passports = {record.passport for record in records if record.passport is not None}
    documents = {
        col(Person.identity_index): [index_identity_number(vault.keyring, number) for number in sorted(numbers)],
        col(Person.passport_index): [index_passport(vault.keyring, passport) for passport in sorted(passports)],
    }
    people = await _people(session, community_code, documents, households.values())
    ids = [person.id for person in people]
    keys = await vault.keys_for(community_code, ids)
    tags = await _tags(session, community_code, ids)
    contacts = await _contacts(session, community_code, ids)
    known = await asyncio.to_thread(_open, people, keys, tags, contacts)
    return Registry(
        households=households,
        headed=await _headed(session, community_code, households.values()),
        by_passport={each.data.passport: each for each in known if each.data.passport is not None},
        by_number={each.data.identity_number: each for each in known if each.data.identity_number is not None},
        members=by_household(known),
    )


async def _households(
    session: AsyncSession, keyring: Keyring, community_code: str, doors: Iterable[Door]
) -> dict[Door, UUID]:
    asked = sorted(doors)
    parameters: dict[str, Any] = {
        "community_code": community_code,
        "compounds": [door[0] for door in asked],
        "buildings": [door[1] for door in asked],
        "units": [door[2] for door in asked],
        "rooms": [index_room(keyring, *door) for door in asked],
    }
    return {asked[row.position - 1]: row.id for row in await session.execute(_HOUSEHOLDS, parameters)}


async def _people(
    session: AsyncSession, community_code: str, documents: dict[Any, list[bytes]], households: Iterable[UUID]
) -> Sequence[Person]:
    """Those who left or died too: a sheet may still name them. A look-up each rather than an OR: each has its index."""
    found: dict[UUID, Person] = {}
    wanted = [
        column == any_(bindparam("indexes", indexes, type_=ARRAY(LargeBinary)))
        for column, indexes in documents.items()
        if indexes
    ]
    for condition in (*wanted, among(col(Person.household_id), list(households))):
        statement = select(Person).where(
            col(Person.community_code) == community_code,
            col(Person.erased_at).is_(None),
            col(Person.merged_into).is_(None),
            condition,
        )
        found |= {person.id: person for person in (await session.execute(statement)).scalars()}
    return list(found.values())


async def _tags(session: AsyncSession, community_code: str, ids: Sequence[UUID]) -> dict[UUID, set[TagKind]]:
    """The groups that people belong to today."""
    statement = select(col(PersonTag.person_id), col(PersonTag.kind)).where(
        col(PersonTag.community_code) == community_code,
        among(col(PersonTag.person_id), ids),
        valid_on(china_today()),
    )
    tags: dict[UUID, set[TagKind]] = defaultdict(set)
    for person_id, kind in await session.execute(statement):
        tags[person_id].add(kind)
    return tags


async def _contacts(session: AsyncSession, community_code: str, ids: Sequence[UUID]) -> dict[UUID, list[FamilyContact]]:
    statement = select(FamilyContact).where(
        col(FamilyContact.community_code) == community_code, among(col(FamilyContact.person_id), ids)
    )
    contacts: dict[UUID, list[FamilyContact]] = defaultdict(list)
    for contact in (await session.execute(statement)).scalars():
        contacts[contact.person_id].append(contact)
    return contacts


async def _headed(session: AsyncSession, community_code: str, households: Iterable[UUID]) -> frozenset[UUID]:
    statement = select(col(Membership.household_id)).where(
        col(Membership.community_code) == community_code,
        among(col(Membership.household_id), list(households)),
        col(Membership.ended_on).is_(None),
        col(Membership.is_head),
    )
    return frozenset((await session.execute(statement)).scalars())


def _open(
    people: Sequence[Person],
    keys: dict[UUID, DataKey],
    tags: dict[UUID, set[TagKind]],
    contacts: dict[UUID, list[FamilyContact]],
) -> list[Known]:
    return [
        Known(
            id=person.id,
            version=person.version,
            household_id=person.household_id,
            state=person.state,
            data=open_person(keys[person.id], person),
            tags=frozenset(tags.get(person.id, ())),
            phones=frozenset(open_contact(keys[person.id], each).phone for each in contacts.get(person.id, ())),
            contacts=len(contacts.get(person.id, ())),
        )
        for person in people
        if person.id in keys
    ]
