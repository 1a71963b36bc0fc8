"""Calling the family: contacts in their order, each attempt written down, until somebody is reached."""

from collections.abc import Sequence
from uuid import UUID

from services.residents.found_persons import registry, repository, service
from services.residents.found_persons.errors import AllContactsCalled, NoFamilyContact
from services.residents.found_persons.models import EntryKind, FoundPerson, FoundPersonEntry
from services.residents.found_persons.schemas import CallWay, FamilyNotified, FoundPersonRead, NotifyFamily
from services.residents.found_persons.states import Verb
from services.residents.notices import service as notices
from services.residents.notices.models import NoticeKind
from services.residents.people.models import FamilyContact
from shared.auth import Principal
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.vault import Vault

_ATTEMPTS = (EntryKind.FAMILY_MESSAGED, EntryKind.FAMILY_REACHED, EntryKind.FAMILY_NOT_REACHED)


async def notify_family(
    session: AsyncSession, vault: Vault, principal: Principal, case_id: UUID, data: NotifyFamily
) -> FamilyNotified:
    """Send a text to the next family contact, or write down that they were called and whether they answered."""
    verb = Verb.CALL_FAMILY if data.is_reached is False else Verb.NOTIFY_FAMILY
    case = await service.advance(session, principal, case_id, verb)
    assert case.person_id is not None
    contacts = await registry.contacts_of(session, case.community_code, case.person_id)
    tried = tried_contacts(case, await repository.entries_of(session, case))
    contact = _chosen(contacts, tried, data.contact_id)
    delivery_id = None
    if data.way is CallWay.MESSAGE:
        kind, parameters = EntryKind.FAMILY_MESSAGED, {"found_person_id": str(case.id)}
        delivery_id = (
            await notices.message_contact(
                session, case.community_code, contact.id, NoticeKind.FOUND_PERSON_FAMILY, parameters
            )
        ).id
    else:
        kind = EntryKind.FAMILY_REACHED if data.is_reached else EntryKind.FAMILY_NOT_REACHED
    detail = {"contact_id": str(contact.id), "person_id": str(case.person_id)}
    await service.add_entry(session, vault, case, kind, principal.subject, detail, data.note)
    tried.add(contact.id)
    return FamilyNotified(
        found_person=FoundPersonRead.model_validate(case),
        contact=(await registry.mask_contacts(vault, [contact], tried))[0],
        delivery_id=delivery_id,
        next_contact_id=next_contact(contacts, tried),
    )


def tried_contacts(case: FoundPerson, entries: Sequence[FoundPersonEntry]) -> set[UUID]:
    """Contacts of the person identified now who were called or written to."""
    return {
        UUID(entry.detail["contact_id"])
        for entry in entries
        if entry.kind in _ATTEMPTS and entry.detail["person_id"] == str(case.person_id)
    }


def next_contact(contacts: Sequence[FamilyContact], tried: set[UUID]) -> UUID | None:
    return next((contact.id for contact in contacts if contact.id not in tried), None)


def _chosen(contacts: Sequence[FamilyContact], tried: set[UUID], contact_id: UUID | None) -> FamilyContact:
    if not contacts:
        raise NoFamilyContact
    wanted = contact_id or next_contact(contacts, tried)
    if wanted is None:
        raise AllContactsCalled
    for contact in contacts:
        if contact.id == wanted:
            return contact
    raise NotFound
