"""Use cases of imports. They flush and never commit: the edge does."""

import json
from datetime import timedelta
from uuid import UUID

from services.residents.imports import repository
from services.residents.imports.errors import ColumnsMissing, RowsInvalid, SheetForgotten
from services.residents.imports.headings import Column, letter, missing, position_of, propose_mapping
from services.residents.imports.models import ImportJob, ImportProblem, ImportState, SheetKind
from services.residents.imports.schemas import (
    ImportCounts,
    ImportRead,
    ImportUpdate,
    ProblemRead,
    Progress,
    SheetColumn,
)
from services.residents.imports.sheets import PackedSheet
from services.residents.imports.states import move
from services.residents.imports.store import keep_parts, paths_of
from shared.auth import Principal
from shared.clock import utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession
from shared.errors import invalid
from shared.files import FileStore
from shared.vault import Vault


async def keep_sheet(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    principal: Principal,
    sheet: PackedSheet,
    retention: timedelta,
) -> ImportJob:
    """Keep an uploaded sheet, sealed, and propose what its columns are."""
    now = utc_now()
    job = ImportJob(
        community_code=principal.community_code,
        requested_by=principal.subject,
        requested_role=principal.role,
        kind=SheetKind(sheet.kind),
        encoding=sheet.encoding,
        heading_row=sheet.heading_row,
        headings=b"",
        mapping={column.value: position for column, position in propose_mapping(sheet.headings).items()},
        parts=len(sheet.parts),
        rows_total=sheet.rows,
        expires_at=now + retention,
        created_at=now,
        updated_at=now,
    )
    key = await vault.key_for(job.community_code, job.id)
    job.headings = key.seal(json.dumps(sheet.headings), table="import_job", column="headings", row_id=job.id)
    await keep_parts(files, key, job, sheet.parts)
    session.add(job)
    await session.flush()
    return job


async def change_mapping(
    session: AsyncSession, vault: Vault, principal: Principal, import_id: UUID, data: ImportUpdate, expected: int
) -> ImportJob:
    """Say which column is what; whatever was found by the mapping before is forgotten."""
    job = await repository.get_import(session, principal, import_id, lock=True)
    check_version(job.version, expected)
    headings = await headings_of(vault, job)
    move(job, ImportState.UPLOADED, utc_now())
    if data.mapping is not None:
        job.mapping = {column.value: position_of(letters) for column, letters in data.mapping.items()}
        if any(position >= len(headings) for position in job.mapping.values()):
            raise invalid("/mapping", "column", "表中没有这一列", "The sheet has no such column")
    if "compound" in data.model_fields_set:
        job.compound = data.compound
    job.counts = {}
    await repository.forget_findings(session, job)
    await session.flush()
    return job


async def check_import(session: AsyncSession, vault: Vault, principal: Principal, import_id: UUID) -> ImportJob:
    """Begin the dry run: every row is looked at, nothing is written."""
    job = await repository.get_import(session, principal, import_id, lock=True)
    await headings_of(vault, job)
    if absent := columns_missing(job):
        raise ColumnsMissing(missing=[column.value for column in absent])
    move(job, ImportState.CHECKING, utc_now())
    job.counts = {}
    await repository.forget_findings(session, job)
    await session.flush()
    return job


async def run_import(
    session: AsyncSession, vault: Vault, principal: Principal, import_id: UUID, *, skip_invalid: bool
) -> ImportJob:
    """Begin to write what was checked. RowsInvalid if a row has errors and they are not to be skipped."""
    job = await repository.get_import(session, principal, import_id, lock=True)
    await headings_of(vault, job)
    move(job, ImportState.RUNNING, utc_now())
    found = ImportCounts(**job.counts)
    if found.rows_with_errors and not skip_invalid:
        raise RowsInvalid(rows_with_errors=found.rows_with_errors)
    job.skip_invalid = skip_invalid
    job.requested_by, job.requested_role = principal.subject, principal.role
    job.counts = found.model_dump(include={"rows_with_errors", "rows_with_warnings"})
    await session.flush()
    return job


async def cancel_import(session: AsyncSession, principal: Principal, import_id: UUID) -> ImportJob:
    """Stop before the next part. What was written stays written."""
    job = await repository.get_import(session, principal, import_id, lock=True)
    move(job, ImportState.CANCELLED, utc_now())
    await session.flush()
    return job


async def forget_sheet(session: AsyncSession, vault: Vault, files: FileStore, job: ImportJob) -> None:
    """Destroy the sheet: its key first, so that whatever is left of its files is noise."""
    await vault.destroy(job.community_code, job.id)
    await files.delete(paths_of(job))
    await repository.forget_keys(session, job)
    job.forgotten_at = job.updated_at = utc_now()
    job.version += 1
    await session.flush()


async def forget_ended(session: AsyncSession, vault: Vault, community_code: str) -> None:
    """Nobody reads a community's imported sheets any more, since a person was erased; the sweep deletes the files.

    A sheet that still waits to be run stays: whoever runs it registers whom it names.
    """
    for job in await repository.lock_ended(session, community_code):
        await vault.destroy(job.community_code, job.id)
        job.expires_at = utc_now()


async def headings_of(vault: Vault, job: ImportJob) -> list[str]:
    """What stands above the columns; SheetForgotten once the sheet was destroyed."""
    key = await vault.find_key(job.community_code, job.id)
    if key is None:
        raise SheetForgotten
    return json.loads(key.open(job.headings, table="import_job", column="headings", row_id=job.id))


def mapping_of(job: ImportJob) -> dict[Column, int]:
    return {Column(column): position for column, position in job.mapping.items()}


def columns_missing(job: ImportJob) -> list[Column]:
    """A compound that is given for the whole sheet needs no column."""
    return [column for column in missing(mapping_of(job)) if column is not Column.COMPOUND or job.compound is None]


# Showing


async def show(vault: Vault, job: ImportJob) -> ImportRead:
    """An import as its community's staff may read it."""
    try:
        headings = await headings_of(vault, job)
    except SheetForgotten:
        headings = []
    taken = {position: column for column, position in mapping_of(job).items()}
    return ImportRead(
        **job.model_dump(include=_SHOWN),
        columns=[
            SheetColumn(letter=letter(position), heading=heading, column=taken.get(position))
            for position, heading in enumerate(headings)
            if heading or position in taken
        ],
        missing=columns_missing(job),
        progress=_progress(job),
        counts=ImportCounts(**job.counts),
    )


_SHOWN = {
    "id",
    "state",
    "kind",
    "encoding",
    "heading_row",
    "compound",
    "skip_invalid",
    "created_at",
    "expires_at",
    "version",
}


def _progress(job: ImportJob) -> Progress:
    rate = None
    if job.phase_began_at is not None:
        seconds = ((job.phase_ended_at or utc_now()) - job.phase_began_at).total_seconds()
        rate = round(job.rows_done / seconds, 1) if seconds > 0 else None
    return Progress(
        rows_done=job.rows_done,
        rows_total=job.rows_total,
        rows_per_second=rate,
        began_at=job.phase_began_at,
        ended_at=job.phase_ended_at,
    )


def show_problem(problem: ImportProblem, headings: list[str], language: str) -> ProblemRead:
    """A problem in the sheet's own terms: its letter, its heading."""
    position = problem.column_position
    return ProblemRead(
        row=problem.row_number,
        column=None if position is None else letter(position),
        heading=headings[position] if position is not None and position < len(headings) else None,
        code=problem.code,
        severity=problem.severity,
        message=getattr(problem.code.message, language),
        other_row=problem.other_row,
    )
