"""Exports are made one by one, and destroyed when their time is up."""

from datetime import timedelta

import structlog

from services.residents.exports import repository
from services.residents.exports.models import ExportField, ExportJob, ExportState
from services.residents.exports.rows import HEADINGS, export_rows
from services.residents.exports.service import FOLDER, forget_export, path_of, principal_of
from services.residents.exports.writing import Mark, write_file
from services.residents.imports.workers import Workers
from shared import audit
from shared.clock import CHINA, utc_now
from shared.crypto import Keyring, Signer
from shared.db import AsyncSession, set_scope
from shared.failures import describe, is_outage
from shared.files import FileStore
from shared.timers import Timer
from shared.vault import Vault

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 3
_FORGET_AT_ONCE = 20
_UNNAMED_FOR = timedelta(days=1)


def export_timers(
    keyring: Keyring, signer: Signer, files: FileStore, workers: Workers, retention: timedelta, downloads: int
) -> list[Timer]:
    async def make(session: AsyncSession) -> int:
        return await make_next(session, Vault(session, keyring), signer, files, workers)

    async def forget(session: AsyncSession) -> int:
        return await forget_spent(session, Vault(session, keyring), files, downloads)

    async def tidy(session: AsyncSession) -> int:
        await files.delete(await files.older_than(utc_now() - retention - _UNNAMED_FOR, FOLDER))
        return 0  # one look at the folder a day, however much it found

    return [
        Timer("exports", timedelta(seconds=1), make),
        Timer("exports_spent", timedelta(seconds=20), forget),
        Timer("exports_unnamed", timedelta(days=1), tidy),
    ]


async def make_next(session: AsyncSession, vault: Vault, signer: Signer, files: FileStore, workers: Workers) -> int:
    """Make the export that has waited longest; 0 when none waits. A crash leaves it to be made again."""
    job = await repository.lock_next(session)
    if job is None:
        return 0
    await set_scope(session, job.community_code)
    try:
        async with session.begin_nested():
            await _make(session, vault, signer, files, workers, job)
    except Exception as error:
        if is_outage(error):
            raise
        await session.refresh(job)
        log.warning("export_failed", export_id=str(job.id), error=describe(error))
        job.attempts += 1
        if job.attempts >= MOST_ATTEMPTS:
            job.state, job.ended_at = ExportState.FAILED, utc_now()
    job.version += 1
    job.updated_at = utc_now()
    await session.flush()
    return 1


async def _make(
    session: AsyncSession, vault: Vault, signer: Signer, files: FileStore, workers: Workers, job: ExportJob
) -> None:
    ids, rows = await export_rows(session, vault, job)
    headings = [HEADINGS[ExportField(each)].zh for each in job.fields]
    mark = Mark(
        export_id=str(job.id),
        account=job.requested_by,
        at=f"{utc_now().astimezone(CHINA):%Y-%m-%d %H:%M}",
        purpose=job.purpose.label.zh,
    )
    data = await workers.run(write_file, job.format, mark, headings, rows)
    key = await vault.key_for(job.community_code, job.id)
    await files.put(path_of(job), key.seal_bytes(data, table="export_job", column="file", row_id=job.id))
    job.state, job.people, job.ended_at = ExportState.READY, len(ids), utc_now()
    await audit.record_many(
        session,
        signer,
        principal_of(job),
        community_code=job.community_code,
        action="exports.make",
        purpose=job.purpose,
        subject_type="person",
        subject_ids=ids,
        fields=job.in_the_clear,
        detail={"export_id": str(job.id)},
    )
    await audit.record(
        session,
        signer,
        principal_of(job),
        community_code=job.community_code,
        action="exports.make",
        purpose=job.purpose,
        subject_type="export",
        subject_id=job.id,
        fields=job.fields,
        detail={"people": len(ids), "in_the_clear": ", ".join(job.in_the_clear)},
    )


async def forget_spent(session: AsyncSession, vault: Vault, files: FileStore, downloads: int) -> int:
    """Destroy exports whose time is up or that were downloaded often enough. Returns how many."""
    jobs = await repository.lock_spent(session, utc_now(), downloads, _FORGET_AT_ONCE)
    for job in jobs:
        await forget_export(session, vault, files, job)
    return len(jobs)
