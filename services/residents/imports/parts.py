"""Checking and writing a part of a sheet, within the transaction that also moves the import on."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from services.residents.households.models import Tenure
from services.residents.households.repository import addresses
from services.residents.households.schemas import HouseholdImport
from services.residents.importing import write_registry
from services.residents.imports import repository
from services.residents.imports.headings import Column
from services.residents.imports.matching import Change, Door, Plan, Registry, plan_rows
from services.residents.imports.models import ImportJob
from services.residents.imports.places import AddressBook
from services.residents.imports.problems import ProblemCode, RowProblem, Severity
from services.residents.imports.registry import read_registry
from services.residents.imports.rows import Record
from services.residents.imports.service import mapping_of
from services.residents.imports.sheets import ReadPart, read_part, seal_part
from services.residents.imports.workers import Workers
from services.residents.memberships.models import HouseholdRelation
from services.residents.people import family_contacts, tags
from services.residents.people.schemas import ContactAdd, PersonImport, PersonUpdate, TagGrant, TagImport
from services.residents.people.service import correct_person
from shared.auth import Principal
from shared.crypto import Keyring
from shared.db import AsyncSession
from shared.ids import new_id
from shared.vault import Vault

_SEALED_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a part."""

    rows: int
    skipped: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    households: int = 0
    changes: tuple[Change, ...] = ()
    """To be written down, who was changed."""


async def check_part(session: AsyncSession, vault: Vault, workers: Workers, job: ImportJob, packed: bytes) -> Outcome:
    """Note everything that is wrong with the rows, and count what writing them would come to. Writes nothing else."""
    part = await workers.run(read_part, packed, mapping_of(job), job.compound)
    columns = mapping_of(job)
    unknown = await _settle_places(session, job, part.records)
    twice = await _said_twice(session, vault.keyring, job, part.records, columns)
    wrong = {problem.row for problem in twice}
    records = [record for record in part.records if record.row not in wrong]
    plan = plan_rows(records, await read_registry(session, vault, job.community_code, records), unknown)
    problems = [*part.problems, *twice, *_problems(plan, columns)]
    await repository.add_problems(session, job, problems)
    errors = {problem.row for problem in problems if problem.code.severity is Severity.ERROR}
    return Outcome(
        rows=part.count,
        skipped=len(errors),
        added=len(plan.added),
        changed=len(plan.changed),
        unchanged=plan.unchanged,
        households=await _new_doors(session, vault.keyring, job, plan, part),
    )


async def write_part(session: AsyncSession, vault: Vault, workers: Workers, job: ImportJob, packed: bytes) -> Outcome:
    """Write the rows without errors. What contradicts the registry by now, though it did not when checked, is noted."""
    part = await workers.run(read_part, packed, mapping_of(job), job.compound)
    wrong = await repository.rows_with_errors(session, job, part.first, part.last)
    records = [record for record in part.records if record.row not in wrong]
    unknown = await _settle_places(session, job, records)
    registry = await read_registry(session, vault, job.community_code, records)
    plan = plan_rows(records, registry, unknown)
    await _add(session, vault, workers, job, plan, registry)
    for change in plan.changed:
        await _apply(session, vault, principal_of(job), change)
    conflicts = [problem for problem in _problems(plan, mapping_of(job)) if problem.code.severity is Severity.ERROR]
    await repository.add_problems(session, job, conflicts)
    return Outcome(
        rows=part.count,
        skipped=part.count - len(records) + len(conflicts),
        added=len(plan.added),
        changed=len(plan.changed),
        unchanged=plan.unchanged,
        households=len(plan.new_doors),
        changes=tuple(plan.changed),
    )


def principal_of(job: ImportJob) -> Principal:
    """Whoever asked for the import: it is they who change the registry."""
    return Principal(subject=job.requested_by, role=job.requested_role, area=job.community_code)


# Checking


async def _settle_places(session: AsyncSession, job: ImportJob, records: Iterable[Record]) -> set[int]:
    """Spell places as the address table does; the rows whose place it does not have, if it has any at all."""
    table = await addresses(session, job.community_code)
    book = AddressBook(table)
    unknown = {record.row for record in records if not book.settle(record)}
    return unknown if table else set()


async def _said_twice(
    session: AsyncSession, keyring: Keyring, job: ImportJob, records: Iterable[Record], columns: dict[Column, int]
) -> list[RowProblem]:
    """Rows that name a person, or a household's head, whom an earlier row of the sheet names."""
    claims = [(record, claim) for record in records for claim in _claims(record)]
    keys = [keyring.blind_index("import-key", claim[0]) for _, claim in claims]
    held = await repository.claim_keys(
        session, job, [(key, record.row) for key, (record, _) in zip(keys, claims, strict=True)]
    )
    found: dict[tuple[int, ProblemCode], RowProblem] = {}
    for key, (record, (_, code, column)) in zip(keys, claims, strict=True):
        if held[key] != record.row:
            problem = RowProblem(record.row, code, columns.get(column), held[key])
            found.setdefault((record.row, code), problem)
    return list(found.values())


def _claims(record: Record) -> Iterable[tuple[str, ProblemCode, Column]]:
    twice, door = ProblemCode.SAME_PERSON_TWICE, "\0".join(record.door)
    if record.identity_number is not None:
        yield f"number\0{record.identity_number}", twice, Column.IDENTITY_NUMBER
    if record.passport is not None:
        yield f"passport\0{record.passport}", twice, Column.PASSPORT
    yield f"person\0{record.name}\0{record.birth_on}\0{door}", twice, Column.NAME
    if record.relation is HouseholdRelation.HEAD:
        yield f"head\0{door}", ProblemCode.TWO_HEADS, Column.RELATION


async def _new_doors(session: AsyncSession, keyring: Keyring, job: ImportJob, plan: Plan, part: ReadPart) -> int:
    """Doors that no earlier part of the sheet has named: each is one household more."""
    claims = [(keyring.blind_index("import-key", "door\0" + "\0".join(door)), part.first) for door in plan.new_doors]
    held = await repository.claim_keys(session, job, claims)
    return sum(row == part.first for row in held.values())


def _problems(plan: Plan, columns: dict[Column, int]) -> list[RowProblem]:
    return [
        RowProblem(record.row, code, None if column is None else columns.get(column))
        for record, code, column in plan.problems
    ]


# Writing


async def _add(
    session: AsyncSession, vault: Vault, workers: Workers, job: ImportJob, plan: Plan, registry: Registry
) -> None:
    """Some people are sealed over there while those before them are written here."""
    tenures = {record.door: record.tenure for record in reversed(plan.added) if record.tenure is not None}
    homes = {door: _home(door, tenures.get(door)) for door in sorted(plan.new_doors)}
    doors = dict(registry.households) | {door: home.id for door, home in homes.items()}
    people = [_person(record, doors[record.door]) for record in plan.added]
    if not people:
        return
    pieces = [people[start : start + _SEALED_AT_ONCE] for start in range(0, len(people), _SEALED_AT_ONCE)]
    with_homes = [(piece, [] if position else list(homes.values())) for position, piece in enumerate(pieces)]
    async with asyncio.TaskGroup() as group:
        sealing = [
            group.create_task(workers.run(seal_part, job.community_code, new, piece, job.requested_by))
            for piece, new in with_homes
        ]
        for task in sealing:
            await write_registry(session, vault.keyring, job.community_code, await task)


def _home(door: Door, tenure: Tenure | None) -> HouseholdImport:
    compound, building, unit, room = door
    return HouseholdImport.model_construct(
        id=new_id(), compound=compound, building=building, unit=unit, room=room, tenure=tenure
    )


def _person(record: Record, household_id: UUID) -> PersonImport:
    return PersonImport.model_construct(
        id=new_id(),
        household_id=household_id,
        relation=record.relation or HouseholdRelation.OTHER,
        lives_here_since=record.lives_here_since,
        consents=set(),
        name=record.name,
        phone=record.phone,
        identity_number=record.identity_number,
        passport=record.passport,
        birth_on=record.birth_on,
        sex=record.sex,
        cautions=record.cautions,
        tags=[TagImport.model_construct(kind=tag) for tag in record.tags],
        family_contacts=[] if record.contact is None else [_contact(record.contact)],
    )


def _contact(contact: tuple[str, str, object]) -> ContactAdd:
    name, phone, relation = contact
    return ContactAdd.model_validate({"name": name, "phone": phone, "relation": relation})


async def _apply(session: AsyncSession, vault: Vault, principal: Principal, change: Change) -> None:
    """The same use cases as at the counter, so that nothing that follows from a change is forgotten."""
    person = change.person
    if change.fields:
        data = PersonUpdate.model_validate(change.fields)
        await correct_person(session, vault, principal, person.id, data, person.version)
    for tag in change.tags:
        await tags.grant_tag(session, vault, principal, person.id, TagGrant(kind=tag))
    if change.contact is not None:
        await family_contacts.add_contact(session, vault, principal, person.id, _contact(change.contact))
