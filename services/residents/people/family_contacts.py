"""Use cases of family contacts. The person's row is locked meanwhile, so positions stay 1, 2, 3 …"""

from collections.abc import Sequence
from uuid import UUID

from services.residents.people import repository
from services.residents.people.errors import OrderIncomplete, TooManyContacts
from services.residents.people.models import FamilyContact, Person
from services.residents.people.records import open_contact, seal_contact
from services.residents.people.schemas import ContactAdd, ContactMasked
from services.residents.rights.reach import get_subject
from shared.auth import Principal
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.identity import mask_name, mask_phone
from shared.ids import new_id
from shared.vault import Vault

MOST_CONTACTS = 8


async def list_contacts(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID
) -> list[ContactMasked]:
    person = (await get_subject(session, vault, principal, person_id)).person
    return await _masked(vault, person, await repository.contacts_of(session, person))


async def add_contact(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, data: ContactAdd
) -> list[ContactMasked]:
    """Add someone to call after those already listed."""
    person = (await get_subject(session, vault, principal, person_id, lock=True)).person
    contacts = list(await repository.contacts_of(session, person))
    if len(contacts) >= MOST_CONTACTS:
        raise TooManyContacts
    key = await vault.key_for(person.community_code, person.id)
    contact_id = new_id()
    sealed = seal_contact(key, contact_id, name=data.name, phone=data.phone)
    contact = FamilyContact(
        id=contact_id,
        community_code=person.community_code,
        person_id=person.id,
        position=len(contacts) + 1,
        relation=data.relation,
        name=sealed["name"],
        phone=sealed["phone"],
    )
    session.add(contact)
    await session.flush()
    return await _masked(vault, person, [*contacts, contact])


async def remove_contact(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, contact_id: UUID
) -> list[ContactMasked]:
    """Remove one; those after it move up."""
    person = (await get_subject(session, vault, principal, person_id, lock=True)).person
    contacts = await repository.contacts_of(session, person)
    gone = next((contact for contact in contacts if contact.id == contact_id), None)
    if gone is None:
        raise NotFound
    await session.delete(gone)
    return await _renumber(session, vault, person, [contact for contact in contacts if contact is not gone])


async def reorder_contacts(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, order: Sequence[UUID]
) -> list[ContactMasked]:
    person = (await get_subject(session, vault, principal, person_id, lock=True)).person
    by_id = {contact.id: contact for contact in await repository.contacts_of(session, person)}
    if len(order) != len(by_id) or set(order) != set(by_id):
        raise OrderIncomplete
    return await _renumber(session, vault, person, [by_id[contact_id] for contact_id in order])


async def _renumber(
    session: AsyncSession, vault: Vault, person: Person, contacts: Sequence[FamilyContact]
) -> list[ContactMasked]:
    for position, contact in enumerate(contacts, start=1):
        contact.position = position
    await session.flush()
    return await _masked(vault, person, contacts)


async def _masked(vault: Vault, person: Person, contacts: Sequence[FamilyContact]) -> list[ContactMasked]:
    key = await vault.key_for(person.community_code, person.id)
    opened = [open_contact(key, contact) for contact in contacts]
    return [
        ContactMasked(
            id=contact.id,
            position=contact.position,
            relation=contact.relation,
            name=mask_name(contact.name),
            phone=mask_phone(contact.phone),
        )
        for contact in opened
    ]
