"""Endpoints of imports."""

from concurrent.futures.process import BrokenProcessPool
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response, status
from sqlmodel import col

from services.residents.imports import repository, service
from services.residents.imports.auth import ImportsWrite
from services.residents.imports.bounds import Refusal, Unreadable
from services.residents.imports.errors import SheetRefused
from services.residents.imports.models import ImportJob, ImportProblem
from services.residents.imports.reporting import marked_report
from services.residents.imports.schemas import ImportRead, ImportRun, ImportUpdate, ProblemRead
from services.residents.imports.sheets import PackedSheet, pack_sheet
from services.residents.imports.template import template
from services.residents.imports.workers import WorkersDep
from shared.concurrency import IfMatch, etag, tag_response
from shared.errors import language_of
from shared.files import FilesDep
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep
from shared.spreadsheets import XLSX

router = Router(prefix="/v1/imports", tags=["imports"])

SHEET_MIB = 32
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_SHEET_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"The sheet itself, at most {SHEET_MIB} MiB; recognised by its content.",
        "content": dict.fromkeys((XLSX, "text/csv"), _BINARY),
    }
}
_SHEET_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {XLSX: _BINARY}}}


async def _body_as_sheet(request: Request, workers: WorkersDep) -> PackedSheet:
    """Read before a transaction begins: a large sheet takes seconds."""
    try:
        return await workers.run(pack_sheet, await request.body())
    except Unreadable as error:
        raise SheetRefused(error.refusal) from None
    except BrokenProcessPool:
        raise SheetRefused(Refusal.DAMAGED) from None


SheetBody = Annotated[PackedSheet, Depends(_body_as_sheet)]


def _as_workbook(data: bytes, name: str) -> Response:
    return Response(data, media_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.post("", response_model=ImportRead, status_code=status.HTTP_202_ACCEPTED, openapi_extra=_SHEET_BODY)
async def upload_sheet(
    principal: ImportsWrite,
    sheet: SheetBody,
    session: Session,
    vault: VaultDep,
    files: FilesDep,
    request: Request,
    response: Response,
) -> ImportRead:
    """Upload a sheet of residents, XLSX or CSV. Nothing is registered until it is checked and run."""
    retention = request.app.state.settings.import_retention
    job = await service.keep_sheet(session, vault, files, principal, sheet, retention)
    response.headers["Location"] = f"/v1/imports/{job.id}"
    response.headers["ETag"] = etag(job.version)
    return await service.show(vault, job)


@router.get("", response_model=Page[ImportRead])
async def list_imports(
    principal: ImportsWrite, session: Session, vault: VaultDep, page: PageRequest
) -> Page[ImportRead]:
    """The community's imports, the newest first."""
    found = await paginate(session, repository.readable(principal), order_by=(col(ImportJob.id).desc(),), page=page)
    found.items = [await service.show(vault, job) for job in found.items]
    return found


@router.get("/template.xlsx", response_class=Response, responses=_SHEET_ANSWER)
async def get_template(_: ImportsWrite) -> Response:
    """A sheet to fill in: headings, an example, drop-downs, and a page of help."""
    return _as_workbook(template(), "residents-template.xlsx")


@router.get("/{import_id}", response_model=ImportRead)
async def get_import(
    principal: ImportsWrite, session: Session, vault: VaultDep, import_id: UUID, request: Request, response: Response
) -> ImportRead:
    """How far it is, what its columns are taken for, what came of its rows."""
    job = await repository.get_import(session, principal, import_id)
    tag_response(request, response, job.version)
    return await service.show(vault, job)


@router.patch("/{import_id}", response_model=ImportRead)
async def change_mapping(
    principal: ImportsWrite,
    session: Session,
    vault: VaultDep,
    import_id: UUID,
    data: ImportUpdate,
    expected: IfMatch,
    response: Response,
) -> ImportRead:
    """Say which column is what. A sheet that was checked has to be checked again."""
    job = await service.change_mapping(session, vault, principal, import_id, data, expected)
    response.headers["ETag"] = etag(job.version)
    return await service.show(vault, job)


@router.post("/{import_id}/check", response_model=ImportRead, status_code=status.HTTP_202_ACCEPTED)
async def check_import(principal: ImportsWrite, session: Session, vault: VaultDep, import_id: UUID) -> ImportRead:
    """The dry run: look at every row, write nothing. Its report says what is wrong."""
    return await service.show(vault, await service.check_import(session, vault, principal, import_id))


@router.post("/{import_id}/run", response_model=ImportRead, status_code=status.HTTP_202_ACCEPTED)
async def run_import(
    principal: ImportsWrite, session: Session, vault: VaultDep, import_id: UUID, data: ImportRun
) -> ImportRead:
    """Write what was checked."""
    job = await service.run_import(session, vault, principal, import_id, skip_invalid=data.skip_invalid)
    return await service.show(vault, job)


@router.post("/{import_id}/cancel", response_model=ImportRead)
async def cancel_import(principal: ImportsWrite, session: Session, vault: VaultDep, import_id: UUID) -> ImportRead:
    """Stop. What was written by then stays written."""
    return await service.show(vault, await service.cancel_import(session, principal, import_id))


@router.get("/{import_id}/report", response_model=Page[ProblemRead])
async def get_report(
    principal: ImportsWrite, session: Session, vault: VaultDep, import_id: UUID, request: Request, page: PageRequest
) -> Page[ProblemRead]:
    """What is wrong, row by row, in the sheet's own columns; never what the cells say."""
    job = await repository.get_import(session, principal, import_id)
    headings = await service.headings_of(vault, job)
    language = language_of(request.headers.get("accept-language"))
    order_by = (col(ImportProblem.row_number), col(ImportProblem.id))
    return await paginate(
        session,
        repository.problems_of(job),
        order_by=order_by,
        page=page,
        to_item=lambda problem: service.show_problem(problem, headings, language),
    )


@router.get("/{import_id}/report.xlsx", response_class=Response, responses=_SHEET_ANSWER)
async def get_marked_sheet(
    principal: ImportsWrite,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    files: FilesDep,
    workers: WorkersDep,
    import_id: UUID,
    request: Request,
) -> Response:
    """The sheet itself, with the problems written beside each row and marked in it. Written down like a reading."""
    job = await repository.get_import(session, principal, import_id)
    language = language_of(request.headers.get("accept-language"))
    data = await marked_report(session, vault, signer, files, workers, principal, job, language)
    return _as_workbook(data, "import-report.xlsx")
