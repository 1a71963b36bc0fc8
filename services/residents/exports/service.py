"""Use cases of exports. They flush and never commit: the edge does."""

from datetime import timedelta
from uuid import UUID

from services.residents.consents.catalogue import rests_on_consent
from services.residents.exports import repository
from services.residents.exports.auth import IN_THE_CLEAR
from services.residents.exports.bounds import MOST_PEOPLE
from services.residents.exports.errors import (
    ExportDestroyed,
    ExportNotReady,
    PurposeNeedsConsent,
    TooManyPeople,
)
from services.residents.exports.models import ExportField, ExportJob, ExportState
from services.residents.exports.schemas import ExportCreate, ExportFilter, ExportRead
from shared import audit
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.errors import Forbidden, NotFound
from shared.files import FileMissing, FileStore
from shared.vault import Vault

FOLDER = "exports"


def path_of(job: ExportJob) -> str:
    """`exports/150207007005/<id>`: ids only."""
    return f"{FOLDER}/{job.community_code}/{job.id}"


async def request_export(
    session: AsyncSession, vault: Vault, principal: Principal, data: ExportCreate, retention: timedelta
) -> ExportJob:
    """Ask for a list. Who may not read unmasked may not take out unmasked."""
    if data.in_the_clear and principal.role not in IN_THE_CLEAR:
        raise Forbidden
    if data.filter.grid_code is not None and not principal.may_see(data.filter.grid_code):
        raise NotFound
    if rests_on_consent(data.purpose):
        raise PurposeNeedsConsent
    if await repository.count_chosen(session, principal, data.filter, MOST_PEOPLE) > MOST_PEOPLE:
        raise TooManyPeople
    job = ExportJob(
        community_code=principal.community_code,
        requested_by=principal.subject,
        requested_role=principal.role,
        grids=list(principal.grids),
        purpose=data.purpose,
        reason=b"",
        format=data.format,
        fields=[field.value for field in data.fields],
        in_the_clear=[field.value for field in data.in_the_clear],
        filter=data.filter.model_dump(mode="json"),
        expires_at=utc_now() + retention,
    )
    key = await vault.key_for(job.community_code, job.id)
    job.reason = key.seal(data.reason, table="export_job", column="reason", row_id=job.id)
    session.add(job)
    await session.flush()
    return job


async def download(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    files: FileStore,
    principal: Principal,
    export_id: UUID,
    most: int,
) -> tuple[ExportJob, bytes]:
    """The file, for whoever asked for it and nobody else; each time is counted and written down."""
    job = await repository.get_export(session, principal, export_id)
    if (job.requested_by, job.requested_role) != (principal.subject, principal.role):
        raise NotFound
    if job.state is ExportState.REQUESTED:
        raise ExportNotReady
    key = await vault.find_key(job.community_code, job.id)
    if key is None or not await repository.count_download(session, job, most):
        raise ExportDestroyed
    try:
        sealed = await files.get(path_of(job))
    except FileMissing:
        raise ExportDestroyed from None
    await audit.record(
        session,
        signer,
        principal,
        community_code=job.community_code,
        action="exports.download",
        purpose=job.purpose,
        subject_type="export",
        subject_id=job.id,
        fields=job.in_the_clear,
    )
    return job, key.open_bytes(sealed, table="export_job", column="file", row_id=job.id)


async def forget_export(session: AsyncSession, vault: Vault, files: FileStore, job: ExportJob) -> None:
    """Destroy the file: its key first, so that whatever is left of it is noise."""
    await vault.destroy(job.community_code, job.id)
    await files.delete([path_of(job)])
    job.state = ExportState.DESTROYED
    job.forgotten_at = job.updated_at = utc_now()
    job.version += 1
    await session.flush()


async def forget_ready(session: AsyncSession, vault: Vault, community_code: str) -> None:
    """Nobody reads a community's exports any more, since a person was erased; the sweep deletes the files."""
    for job in await repository.lock_ready(session, community_code):
        await vault.destroy(job.community_code, job.id)
        job.expires_at = utc_now()


def principal_of(job: ExportJob) -> Principal:
    """Whoever asked, with the reach that they had then."""
    return Principal(
        subject=job.requested_by, role=Role(job.requested_role), area=job.community_code, grids=tuple(job.grids)
    )


def filter_of(job: ExportJob) -> ExportFilter:
    return ExportFilter.model_validate(job.filter)


def show(job: ExportJob) -> ExportRead:
    return ExportRead(
        **job.model_dump(include=_SHOWN),
        fields=[ExportField(field) for field in job.fields],
        in_the_clear=[ExportField(field) for field in job.in_the_clear],
        filter=filter_of(job),
    )


_SHOWN = {
    "id",
    "state",
    "requested_by",
    "purpose",
    "format",
    "people",
    "downloads",
    "expires_at",
    "created_at",
    "version",
}
