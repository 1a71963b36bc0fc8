"""What a case may know of the registry: who somebody is, and whom to call for them."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from services.residents.found_persons.schemas import MaskedContact, MaskedPerson, RevealedContact
from services.residents.households.models import Household
from services.residents.households.service import open_rooms
from services.residents.people.models import FamilyContact, Person, PersonState
from services.residents.people.records import open_contact, open_person
from shared.db import AsyncSession
from shared.identity import mask_name, mask_phone
from shared.vault import Vault


async def find_person(session: AsyncSession, community_code: str, person_id: UUID) -> Person | None:
    """The person, or whom they turned out to be; None if they were erased."""
    person = await session.get(Person, (community_code, person_id))
    while person is not None and person.merged_into is not None:
        person = await session.get(Person, (community_code, person.merged_into))
    return person if person is not None and person.erased_at is None else None


async def find_household(session: AsyncSession, community_code: str, household_id: UUID) -> Household | None:
    return await session.get(Household, (community_code, household_id))


async def members(session: AsyncSession, community_code: str, household_id: UUID) -> Sequence[Person]:
    """Whoever lives there, or did before they left: people walk back to where they used to live."""
    statement = select(Person).where(
        col(Person.community_code) == community_code,
        col(Person.household_id) == household_id,
        col(Person.erased_at).is_(None),
        col(Person.merged_into).is_(None),
        col(Person.state) != PersonState.DIED,
    )
    return (await session.execute(statement.order_by(col(Person.id)))).scalars().all()


async def contacts_of(session: AsyncSession, community_code: str, person_id: UUID) -> Sequence[FamilyContact]:
    """Family contacts in order of call."""
    statement = select(FamilyContact).where(
        col(FamilyContact.community_code) == community_code, col(FamilyContact.person_id) == person_id
    )
    return (await session.execute(statement.order_by(col(FamilyContact.position)))).scalars().all()


async def mask_people(vault: Vault, people: Sequence[Person]) -> list[MaskedPerson]:
    """All of one community."""
    return [
        MaskedPerson(id=person.id, name=mask_name(await read_field(vault, person, "name") or "")) for person in people
    ]


async def mask_contacts(vault: Vault, contacts: Sequence[FamilyContact], tried: set[UUID]) -> list[MaskedContact]:
    return [
        MaskedContact(
            id=contact.id,
            relation=contact.relation,
            name=mask_name(contact.name),
            phone=mask_phone(contact.phone),
            is_tried=contact.id in tried,
        )
        for contact in await open_contacts(vault, contacts)
    ]


async def open_contacts(vault: Vault, contacts: Sequence[FamilyContact]) -> list[RevealedContact]:
    """Contacts of one person, with their names and phones."""
    key = await vault.find_key(contacts[0].community_code, contacts[0].person_id) if contacts else None
    if key is None:
        return []
    return [RevealedContact.model_validate(open_contact(key, contact), from_attributes=True) for contact in contacts]


async def read_field(vault: Vault, person: Person, field: Literal["name", "cautions"]) -> str | None:
    """One sealed field of a person; None where nothing is stored or the person was erased."""
    key = await vault.find_key(person.community_code, person.id)
    return getattr(open_person(key, person, (field,)), field) if key else None


async def read_address(session: AsyncSession, vault: Vault, person: Person) -> str | None:
    """`compound building unit room` of the person's household."""
    household = await find_household(session, person.community_code, person.household_id)
    if household is None:
        return None
    rooms = await open_rooms(vault, [household])
    parts = (household.compound, household.building, household.unit, rooms.get(household.id))
    return " ".join(part for part in parts if part)
