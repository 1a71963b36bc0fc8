"""Personal data in the clear: revealed for a purpose, and erased. Each leaves its trace."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from uuid import UUID

from services.residents.consents.service import require_consent
from services.residents.contact_cards.bearers import RevokedBecause, revoke_cards_of
from services.residents.events import PersonErased
from services.residents.exports.service import forget_ready
from services.residents.guardians.repository import all_guardians
from services.residents.guardians.sealing import open_guardian
from services.residents.household_cards.derive import derive_households
from services.residents.households.models import Household
from services.residents.households.service import forget_household, open_rooms
from services.residents.imports.service import forget_ended
from services.residents.merges.repository import merged_into
from services.residents.notices.repository import forget_notices
from services.residents.people import repository
from services.residents.people.models import SEALED, Person
from services.residents.people.records import open_contact, open_evidence, open_person
from services.residents.people.schemas import (
    Address,
    ContactRead,
    Evidence,
    GuardianClear,
    PersonField,
    Reveal,
    RevealedPerson,
)
from services.residents.photos.service import forget_photos
from services.residents.reviews.service import Access, note_access
from services.residents.rights.reach import By, get_subject
from services.residents.sync.repository import forget_edits_of
from shared import audit, outbox
from shared.audit import Purpose
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.crypto import DataKey, Signer
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.vault import Vault

RESTORING = Principal(subject="restore", role=Role.GATEWAY, area=EVERYWHERE)
"""Stands on the record for the command that restores a backup: no person's account acts then."""
CLOCK = Principal(subject="clock", role=Role.GATEWAY, area=EVERYWHERE)
"""The same for what is erased because its time has come."""


async def reveal_person(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, person_id: UUID, data: Reveal
) -> RevealedPerson:
    """The named fields in the clear. Residents read themselves or their ward, whatever purpose they name."""
    person, household, by, _ = await get_subject(session, vault, principal, person_id)
    purpose = data.purpose if by is By.COMMUNITY else Purpose.SUBJECT_ACCESS
    await require_consent(session, person, purpose)
    read = [(person.id, household.grid_code)]
    access = Access(
        person.community_code, "people.reveal", purpose, read, data.fields, data.reason, data.found_person_id
    )
    noted = await note_access(session, vault, principal, access)
    detail = {"by": by, **noted.detail(person.id)}
    await _write_down(session, signer, principal, person, access.action, purpose, data.fields, detail)
    return await disclose(session, vault, person, household, data.fields)


async def disclose(
    session: AsyncSession,
    vault: Vault,
    person: Person,
    household: Household,
    fields: Collection[PersonField],
) -> RevealedPerson:
    """The named fields in the clear, for a caller who has checked the right to them and written it down."""
    key = await vault.find_key(person.community_code, person.id)
    if key is None:
        raise NotFound
    known = open_person(key, person, [field for field in fields if field.value in SEALED])
    return RevealedPerson(
        person_id=person.id,
        **{name: getattr(known, name) for name in SEALED},
        address=await _address(vault, household) if PersonField.ADDRESS in fields else None,
        family_contacts=await _contacts(session, key, person) if PersonField.FAMILY_CONTACTS in fields else None,
        tag_evidence=await _evidence(session, key, person) if PersonField.TAG_EVIDENCE in fields else None,
        guardians=await _guardians(session, key, person) if PersonField.GUARDIANS in fields else None,
    )


async def erase_person(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, person_id: UUID
) -> None:
    """Destroy the person's data key and everything they are found by. An anonymous row remains.

    From the commit on nobody can read them, here or in a backup; other services follow by event.
    """
    person, _ = await repository.get_person(session, principal, person_id, lock=True)
    await _erase(session, vault, signer, principal, person)


async def erase_by_clock(
    session: AsyncSession, vault: Vault, signer: Signer, community_code: str, person_id: UUID
) -> bool:
    """Erase whose time has come; False if they were erased meanwhile."""
    person = await repository.lock_on_record(session, community_code, person_id)
    if person is None:
        return False
    await _erase(session, vault, signer, CLOCK, person)
    return True


async def repeat_erasures(
    session: AsyncSession, vault: Vault, signer: Signer, community_code: str, person_ids: Iterable[UUID]
) -> int:
    """Erase again whom a restored backup brought back; returns how many it had.

    Whoever is not there gets the mark alone, so that no key is made for them later. The others are told by event, as
    they were the first time: they were restored as well.
    """
    repeated = 0
    for person_id in sorted(set(person_ids)):
        found = await repository.find_person(session, community_code, person_id)
        if found is None:
            await vault.destroy(community_code, person_id)
        else:
            await _erase(session, vault, signer, RESTORING, found[0])
            repeated += 1
    return repeated


async def _erase(session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, person: Person) -> None:
    """With the records that became this one's: they are of the same person."""
    for each in (person, *await merged_into(session, person.community_code, person.id)):
        await _erase_record(session, vault, signer, principal, each)


async def _erase_record(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, person: Person
) -> None:
    await _write_down(session, signer, principal, person, "people.erase", Purpose.ERASURE, list(PersonField))
    await vault.destroy(person.community_code, person.id)
    await repository.forget_tokens(session, person)
    await repository.unlist_phone(session, person)
    await repository.forget_ties(session, person)
    await revoke_cards_of(session, person, RevokedBecause.ERASED)
    await forget_notices(session, person.community_code, person.id)
    await forget_photos(session, person.community_code, person.id)
    await forget_edits_of(session, person.community_code, person.id)
    await forget_ended(session, vault, person.community_code)
    await forget_ready(session, vault, person.community_code)
    for column in (*SEALED, "identity_index", "passport_index"):
        setattr(person, column, None)
    person.erased_at = person.updated_at = utc_now()
    person.version += 1
    await session.flush()
    await derive_households(session, vault, person.community_code, [person.household_id])
    if not await repository.is_anybody_filed(session, person.community_code, person.household_id):
        await forget_household(session, vault, person.community_code, person.household_id)
    await outbox.add(
        session,
        PersonErased(person_id=person.id),
        community_code=person.community_code,
        subject=f"people/{person.id}",
        version=person.version,
    )


async def _write_down(
    session: AsyncSession,
    signer: Signer,
    principal: Principal,
    person: Person,
    action: str,
    purpose: Purpose,
    fields: Collection[PersonField],
    detail: Mapping[str, str] | None = None,
) -> None:
    await audit.record(
        session,
        signer,
        principal,
        community_code=person.community_code,
        action=action,
        purpose=purpose,
        subject_type="person",
        subject_id=person.id,
        fields=[field.value for field in fields],
        detail=detail,
    )


async def _address(vault: Vault, household: Household) -> Address:
    rooms = await open_rooms(vault, [household])
    return Address(
        compound=household.compound, building=household.building, unit=household.unit, room=rooms[household.id]
    )


async def _contacts(session: AsyncSession, key: DataKey, person: Person) -> list[ContactRead]:
    contacts = await repository.contacts_of(session, person)
    return [ContactRead(**asdict(open_contact(key, contact))) for contact in contacts]


async def _guardians(session: AsyncSession, key: DataKey, person: Person) -> list[GuardianClear]:
    found = [(each.id, open_guardian(key, each)) for each in await all_guardians(session, person)]
    return [GuardianClear(guardianship_id=row, name=name, phone=phone) for row, (name, phone) in found if name]


async def _evidence(session: AsyncSession, key: DataKey, person: Person) -> list[Evidence]:
    tags = await repository.all_tags(session, person)
    opened = [(tag, open_evidence(key, tag)) for tag in tags]
    return [Evidence(tag_id=tag.id, kind=tag.kind, evidence=text) for tag, text in opened if text is not None]
