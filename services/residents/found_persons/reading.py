"""Looking into a case: masked for whoever may open it, and in the clear only by a reveal that is written down."""

from collections.abc import Iterable
from uuid import UUID

from services.residents.found_persons import candidates_repository, registry, repository
from services.residents.found_persons.auth import OPENERS
from services.residents.found_persons.errors import NotIdentified
from services.residents.found_persons.family import list_attempts, next_contact, tried_contacts
from services.residents.found_persons.models import FoundPerson, FoundPersonEntry
from services.residents.found_persons.schemas import (
    EntryRead,
    FoundPersonDetail,
    FoundPersonRead,
    MaskedPerson,
    ReportRead,
    Revealed,
    RevealedReport,
    RevealField,
)
from services.residents.found_persons.sealing import key_of, open_description, open_note, open_report
from services.residents.found_persons.states import OPEN, CaseState
from services.residents.people.models import Person, PersonState
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal, Role
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.errors import WrongState
from shared.vault import Vault

_OF_PERSON = frozenset({RevealField.NAME, RevealField.ADDRESS, RevealField.CAUTIONS, RevealField.FAMILY_CONTACTS})
_REVEALING = OPEN | {CaseState.HANDED_OVER}


async def show_case(session: AsyncSession, vault: Vault, principal: Principal, case: FoundPerson) -> FoundPersonDetail:
    """The case with names and phones masked; a supervisor is shown no person at all."""
    entries = await repository.entries_of(session, case)
    person, candidates, contacts = None, list[Person](), []
    if principal.role is not Role.SUPERVISOR:
        person = await person_of(session, case)
        if person is None:
            candidates = await _candidates(session, case)
        contacts = await registry.contacts_of(session, case.community_code, person.id) if person else []
    tried = tried_contacts(case, entries)
    return FoundPersonDetail(
        **FoundPersonRead.model_validate(case).model_dump(),
        person=(await _masked(vault, [person]))[0] if person else None,
        candidates=await _masked(vault, candidates),
        has_description=case.description is not None,
        family_contacts=await registry.mask_contacts(vault, contacts, tried),
        next_contact_id=next_contact(contacts, tried),
        attempts=await list_attempts(session, case, entries),
        reports=[
            ReportRead.model_validate(report, from_attributes=True)
            for report in await repository.reports_of(session, case)
        ],
        timeline=[entry_read(entry) for entry in entries],
    )


def entry_read(entry: FoundPersonEntry) -> EntryRead:
    """A line of the timeline, without what was written."""
    return EntryRead(**entry.model_dump(include=_ENTRY_FIELDS), has_note=entry.note is not None)


_ENTRY_FIELDS = {"id", "kind", "actor", "detail", "at"}


async def reveal(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    principal: Principal,
    case_id: UUID,
    fields: list[RevealField],
) -> Revealed:
    """What helps to bring the person home, in the clear; who read what is in the audit log of person and case.

    Whom the card was issued to counts as known before anybody confirmed it: cautions are for the first who meets them.
    """
    case = await openable(session, principal, case_id)
    wanted = frozenset(fields)
    answer = Revealed()
    if of_person := wanted & _OF_PERSON:
        person = await person_of(session, case)
        if person is None:
            raise NotIdentified
        await write_down(session, signer, principal, case, "person", person.id, of_person)
        await _open_person(session, vault, person, of_person, answer)
    if of_case := wanted - _OF_PERSON:
        await write_down(session, signer, principal, case, "found_person", case.id, of_case)
        await _open_case(session, vault, case, of_case, answer)
    return answer


async def openable(session: AsyncSession, principal: Principal, case_id: UUID) -> FoundPerson:
    """The case, if its contents may be read in the clear: while it lasts; later by staff and head only."""
    case = await repository.get_case(session, principal, case_id)
    if case.state not in _REVEALING and principal.role not in OPENERS:
        raise WrongState(case.state, _REVEALING)
    return case


async def _open_person(
    session: AsyncSession, vault: Vault, person: Person, fields: frozenset[RevealField], answer: Revealed
) -> None:
    if RevealField.NAME in fields:
        answer.name = await registry.read_field(vault, person, "name")
    if RevealField.CAUTIONS in fields:
        answer.cautions = await registry.read_field(vault, person, "cautions")
    if RevealField.ADDRESS in fields:
        answer.address = await registry.read_address(session, vault, person)
    if RevealField.FAMILY_CONTACTS in fields:
        contacts = await registry.contacts_of(session, person.community_code, person.id)
        answer.family_contacts = await registry.open_contacts(vault, contacts)


async def _open_case(
    session: AsyncSession, vault: Vault, case: FoundPerson, fields: frozenset[RevealField], answer: Revealed
) -> None:
    key = await key_of(vault, case)
    if RevealField.FINDER in fields:
        reports = await repository.reports_of(session, case)
        answer.finder = [RevealedReport(id=report.id, **open_report(key, report)) for report in reports]
    if RevealField.DESCRIPTION in fields:
        answer.description = open_description(key, case)
    if RevealField.NOTES in fields:
        entries = await repository.entries_of(session, case)
        answer.notes = {entry.id: open_note(key, entry) for entry in entries if entry.note is not None}


async def write_down(
    session: AsyncSession,
    signer: Signer,
    principal: Principal,
    case: FoundPerson,
    subject_type: str,
    subject_id: UUID,
    fields: Iterable[str],
) -> None:
    """Who reads what of the person or the case in the clear."""
    await audit.record(
        session,
        signer,
        principal,
        community_code=case.community_code,
        action="found_persons.reveal",
        purpose=Purpose.LOST_PERSON,
        subject_type=subject_type,
        subject_id=subject_id,
        fields=[str(field) for field in fields],
        detail={"found_person_id": str(case.id)},
    )


async def person_of(session: AsyncSession, case: FoundPerson) -> Person | None:
    """Who it is, or before that whom the card was issued to, unless they died: then somebody else carries it."""
    person_id = case.person_id or case.presumed_person_id
    person = await registry.find_person(session, case.community_code, person_id) if person_id else None
    if case.person_id is None and person is not None and person.state is PersonState.DIED:
        return None
    return person


async def _candidates(session: AsyncSession, case: FoundPerson) -> list[Person]:
    household = case.household_id
    known = list(await registry.members(session, case.community_code, household)) if household else []
    suggested = await candidates_repository.suggested(session, case)
    return known + [person for person in suggested if person not in known]


async def _masked(vault: Vault, people: list[Person]) -> list[MaskedPerson]:
    if people:
        await vault.keys_for(people[0].community_code, [person.id for person in people])
    return await registry.mask_people(vault, people)
