"""Imports go on part by part, and are forgotten when their time is up."""

from datetime import timedelta

import structlog

from services.residents.importing import refresh_statistics
from services.residents.imports import repository
from services.residents.imports.models import ImportJob, ImportState
from services.residents.imports.parts import Outcome, check_part, principal_of, write_part
from services.residents.imports.problems import Severity
from services.residents.imports.service import forget_sheet
from services.residents.imports.states import move
from services.residents.imports.store import FOLDER, open_part
from services.residents.imports.workers import Workers
from shared import audit
from shared.audit import Purpose
from shared.clock import utc_now
from shared.crypto import Keyring, Signer
from shared.db import AsyncSession, set_scope
from shared.errors import NotFound
from shared.failures import describe, is_outage
from shared.files import FileStore
from shared.timers import Timer
from shared.vault import Vault

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 3
"""How often a part is tried; somebody may have changed the same person meanwhile, so once is too few."""
_FORGET_AT_ONCE = 10
_UNNAMED_FOR = timedelta(days=1)


def import_timers(
    keyring: Keyring, signer: Signer, files: FileStore, workers: Workers, retention: timedelta
) -> list[Timer]:
    async def advance(session: AsyncSession) -> int:
        return await advance_imports(session, Vault(session, keyring), signer, files, workers)

    async def forget(session: AsyncSession) -> int:
        return await forget_expired(session, Vault(session, keyring), files)

    async def tidy(session: AsyncSession) -> int:
        await files.delete(await files.older_than(utc_now() - retention - _UNNAMED_FOR, FOLDER))
        return 0  # one look at the folder a day, however much it found

    return [
        Timer("imports", timedelta(seconds=1), advance),
        Timer("imports_expired", timedelta(minutes=1), forget),
        Timer("imports_unnamed", timedelta(days=1), tidy),
    ]


async def advance_imports(
    session: AsyncSession, vault: Vault, signer: Signer, files: FileStore, workers: Workers
) -> int:
    """Deal with one part of the import that has waited longest. Returns how many rows it had; 0 when none waits.

    The rows and the place where the import is are written together: whoever dies in between leaves the part undone.
    """
    job = await repository.lock_next(session)
    if job is None:
        return 0
    await set_scope(session, job.community_code)
    try:
        async with session.begin_nested():
            outcome = await _deal_with_part(session, vault, files, workers, job)
    except Exception as error:
        if is_outage(error):
            raise
        await session.refresh(job)
        log.warning("import_part_failed", import_id=str(job.id), part=job.next_part, error=describe(error))
        await _note_failure(session, job)
        return 1
    await _move_on(session, signer, job, outcome)
    return max(outcome.rows, 1)


async def _deal_with_part(
    session: AsyncSession, vault: Vault, files: FileStore, workers: Workers, job: ImportJob
) -> Outcome:
    key = await vault.find_key(job.community_code, job.id)
    if key is None:
        raise NotFound
    packed = await open_part(files, key, job, job.next_part)
    deal = check_part if job.state is ImportState.CHECKING else write_part
    return await deal(session, vault, workers, job, packed)


async def _move_on(session: AsyncSession, signer: Signer, job: ImportJob, outcome: Outcome) -> None:
    gained = {
        "rows_skipped": outcome.skipped,
        "people_added": outcome.added,
        "people_changed": outcome.changed,
        "people_unchanged": outcome.unchanged,
        "households_added": outcome.households,
    }
    job.counts = job.counts | {name: job.counts.get(name, 0) + count for name, count in gained.items()}
    job.next_part += 1
    job.rows_done += outcome.rows
    job.attempts = 0
    job.version += 1
    job.updated_at = utc_now()
    for change in outcome.changes:
        await audit.record(
            session,
            signer,
            principal_of(job),
            community_code=job.community_code,
            action="imports.change",
            purpose=Purpose.REGISTRATION,
            subject_type="person",
            subject_id=change.person.id,
            fields=[*change.fields, *(["family_contacts"] if change.contact else [])],
        )
    if job.next_part == job.parts:
        await _finish(session, signer, job)
    await session.flush()


async def _finish(session: AsyncSession, signer: Signer, job: ImportJob) -> None:
    rows = await repository.count_rows(session, job)
    job.counts = job.counts | {
        "rows_with_errors": rows.get(Severity.ERROR, 0),
        "rows_with_warnings": rows.get(Severity.WARNING, 0),
    }
    if job.state is ImportState.CHECKING:
        move(job, ImportState.CHECKED, utc_now())
        await repository.forget_keys(session, job)
        return
    move(job, ImportState.DONE, utc_now())
    await refresh_statistics(session)
    await audit.record(
        session,
        signer,
        principal_of(job),
        community_code=job.community_code,
        action="imports.run",
        purpose=Purpose.REGISTRATION,
        subject_type="import",
        subject_id=job.id,
        detail={name: count for name, count in job.counts.items() if isinstance(count, int)},
    )


async def _note_failure(session: AsyncSession, job: ImportJob) -> None:
    job.attempts += 1
    job.version += 1
    job.updated_at = utc_now()
    if job.attempts >= MOST_ATTEMPTS:
        move(job, ImportState.FAILED, job.updated_at)
    await session.flush()


async def forget_expired(session: AsyncSession, vault: Vault, files: FileStore) -> int:
    """Destroy the sheets of imports whose time is up; those that were never run end with it. Returns how many."""
    jobs = await repository.lock_expired(session, utc_now(), _FORGET_AT_ONCE)
    for job in jobs:
        if job.state in (ImportState.UPLOADED, ImportState.CHECKED):
            move(job, ImportState.CANCELLED, utc_now())
        await forget_sheet(session, vault, files, job)
    return len(jobs)
