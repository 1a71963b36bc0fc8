"""The marked sheet as a use case: what it needs is fetched here and put together in the other process."""

import asyncio

from services.residents.imports import repository
from services.residents.imports.errors import SheetForgotten
from services.residents.imports.models import ImportJob
from services.residents.imports.report import marked_sheet
from services.residents.imports.service import headings_of
from services.residents.imports.store import open_part
from services.residents.imports.workers import Workers
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.files import FileMissing, FileStore
from shared.vault import Vault


async def marked_report(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    files: FileStore,
    workers: Workers,
    principal: Principal,
    job: ImportJob,
    language: str,
) -> bytes:
    """The sheet with its problems, in the clear; SheetForgotten once it was destroyed."""
    headings = await headings_of(vault, job)
    key = await vault.key_for(job.community_code, job.id)
    try:
        packed = await asyncio.gather(*(open_part(files, key, job, part) for part in range(job.parts)))
    except FileMissing:
        raise SheetForgotten from None
    problems = await repository.list_problems(session, job)
    await audit.record(
        session,
        signer,
        principal,
        community_code=job.community_code,
        action="imports.report",
        purpose=Purpose.REGISTRATION,
        subject_type="import",
        subject_id=job.id,
    )
    found = [(each.row_number, each.column_position, each.code, each.other_row) for each in problems]
    return await workers.run(marked_sheet, headings, packed, found, language)
