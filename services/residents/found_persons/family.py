"""Calling the family: contacts in their order, each attempt written down, until somebody is reached."""

from collections.abc import Sequence
from uuid import UUID

from services.residents.found_persons import links, registry, repository, service
from services.residents.found_persons.errors import AllContactsCalled, NoFamilyContact
from services.residents.found_persons.models import EntryKind, FoundPerson, FoundPersonEntry
from services.residents.found_persons.schemas import (
    TOLD,
    AttemptRead,
    AttemptResult,
    CallWay,
    FamilyNotified,
    FoundPersonRead,
    NotifyFamily,
)
from services.residents.found_persons.states import Verb
from services.residents.notices.models import DeliveryState, NoticeKind
from services.residents.people.models import FamilyContact
from shared.auth import Principal
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.vault import Vault

_ATTEMPTS = (EntryKind.FAMILY_MESSAGED, EntryKind.FAMILY_REACHED, EntryKind.FAMILY_NOT_REACHED)
_DELIVERED = {
    DeliveryState.PENDING: AttemptResult.MESSAGE_PENDING,
    DeliveryState.SENT: AttemptResult.MESSAGE_SENT,
    DeliveryState.FAILED: AttemptResult.MESSAGE_FAILED,
    DeliveryState.UNDELIVERABLE: AttemptResult.MESSAGE_FAILED,
}


async def notify_family(
    session: AsyncSession, vault: Vault, principal: Principal, case_id: UUID, data: NotifyFamily
) -> FamilyNotified:
    """Send a text to the next family contact, or write down that they were called and what came of it."""
    is_told = data.result is None or data.result in TOLD
    case = await service.advance(session, principal, case_id, Verb.NOTIFY_FAMILY if is_told else Verb.CALL_FAMILY)
    assert case.person_id is not None
    contacts = await registry.contacts_of(session, case.community_code, case.person_id)
    tried = tried_contacts(case, await repository.entries_of(session, case))
    contact = _chosen(contacts, tried, data.contact_id)
    detail = {"contact_id": str(contact.id), "person_id": str(case.person_id)}
    delivery_id = None
    if data.way is CallWay.MESSAGE:
        kind = EntryKind.FAMILY_MESSAGED
        link = await links.give_link(session, vault, case, contact)
        delivery_id = await links.text_family(session, case, link, NoticeKind.FOUND_PERSON_FAMILY)
        detail["delivery_id"] = str(delivery_id)
    else:
        assert data.result is not None
        kind = EntryKind.FAMILY_REACHED if is_told else EntryKind.FAMILY_NOT_REACHED
        detail["result"] = data.result.value
        if data.eta_minutes is not None:
            detail["eta_minutes"] = str(data.eta_minutes)
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


async def list_attempts(
    session: AsyncSession, case: FoundPerson, entries: Sequence[FoundPersonEntry]
) -> list[AttemptRead]:
    """Every attempt to tell a family, in order; of a text, how far it has come."""
    made = [entry for entry in entries if entry.kind in _ATTEMPTS]
    texts = [UUID(entry.detail["delivery_id"]) for entry in made if "delivery_id" in entry.detail]
    deliveries = await repository.states_of_deliveries(session, case.community_code, texts) if texts else {}
    opened = await repository.contacts_who_looked(session, case) if texts else set()
    return [_attempt(entry, deliveries, opened) for entry in made]


def _attempt(entry: FoundPersonEntry, deliveries: dict[UUID, DeliveryState], opened: set[UUID]) -> AttemptRead:
    detail = entry.detail
    contact_id = UUID(detail["contact_id"])
    is_text = entry.kind is EntryKind.FAMILY_MESSAGED
    if is_text:
        # An attempt of before deliveries were named in it was handed on at once.
        state = deliveries.get(UUID(detail.get("delivery_id", str(entry.id))), DeliveryState.SENT)
        result = AttemptResult.MESSAGE_DELIVERED if contact_id in opened else _DELIVERED[state]
    else:
        default = AttemptResult.REACHED if entry.kind is EntryKind.FAMILY_REACHED else AttemptResult.NO_ANSWER
        result = AttemptResult(detail.get("result", default.value))
    return AttemptRead(
        id=entry.id,
        contact_id=contact_id,
        way=CallWay.MESSAGE if is_text else CallWay.CALL,
        result=result,
        eta_minutes=int(detail["eta_minutes"]) if "eta_minutes" in detail else None,
        actor=entry.actor,
        at=entry.at,
    )


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
