"""Endpoints of exports."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response, status
from sqlmodel import col

from services.residents.exports import repository, service
from services.residents.exports.auth import ExportsWrite
from services.residents.exports.models import ExportFormat, ExportJob
from services.residents.exports.schemas import ExportCreate, ExportRead
from shared.concurrency import etag, tag_response
from shared.files import FilesDep
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep
from shared.spreadsheets import CSV, XLSX

router = Router(prefix="/v1/exports", tags=["exports"])

_MEDIA_TYPES = {ExportFormat.XLSX: XLSX, ExportFormat.CSV: CSV}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILE_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {XLSX: _BINARY, "text/csv": _BINARY}}}


@router.post("", response_model=ExportRead, status_code=status.HTTP_202_ACCEPTED)
async def request_export(
    principal: ExportsWrite,
    session: Session,
    vault: VaultDep,
    data: ExportCreate,
    request: Request,
    response: Response,
) -> ExportRead:
    """Ask for a list of residents, masked unless asked in the clear. Everybody in it can see that they were."""
    retention = request.app.state.settings.export_retention
    job = await service.request_export(session, vault, principal, data, retention)
    response.headers["Location"] = f"/v1/exports/{job.id}"
    response.headers["ETag"] = etag(job.version)
    return service.show(job)


@router.get("", response_model=Page[ExportRead])
async def list_exports(principal: ExportsWrite, session: Session, page: PageRequest) -> Page[ExportRead]:
    """One's own exports, the newest first; a head sees everybody's."""
    order_by = (col(ExportJob.id).desc(),)
    return await paginate(session, repository.readable(principal), order_by=order_by, page=page, to_item=service.show)


@router.get("/{export_id}", response_model=ExportRead)
async def get_export(
    principal: ExportsWrite, session: Session, export_id: UUID, request: Request, response: Response
) -> ExportRead:
    job = await repository.get_export(session, principal, export_id)
    tag_response(request, response, job.version)
    return service.show(job)


@router.get("/{export_id}/file", response_class=Response, responses=_FILE_ANSWER)
async def download(
    principal: ExportsWrite,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    files: FilesDep,
    export_id: UUID,
    request: Request,
) -> Response:
    """The file, for whoever asked for it. Counted and written down; destroyed after a few times."""
    most = request.app.state.settings.export_downloads
    job, data = await service.download(session, vault, signer, files, principal, export_id, most)
    name = f'attachment; filename="residents-{job.id}.{job.format}"'
    return Response(data, media_type=_MEDIA_TYPES[job.format], headers={"Content-Disposition": name})
