import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.residents.paper import PDF
from services.residents.rights import access_log, export
from services.residents.rights.access_log import AccessLog
from services.residents.rights.auth import RightsExercise
from services.residents.rights.export import PersonExport
from services.residents.rights.export_pdf import render_export
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/people/{person_id}", tags=["rights"])


@router.get("/access-log", response_model=AccessLog)
async def get_access_log(
    principal: RightsExercise,
    session: Session,
    vault: VaultDep,
    person_id: UUID,
    response: Response,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> AccessLog:
    """Who read or changed this person's data, newest first; a guardian sees their ward's."""
    response.headers["Cache-Control"] = "no-store"
    return await access_log.access_log(session, vault, principal, person_id, before)


@router.get("/export", response_model=PersonExport)
async def export_person(
    principal: RightsExercise,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    person_id: UUID,
    response: Response,
) -> PersonExport:
    """Everything that is kept about a person, for that person; staff hand it out on request."""
    response.headers["Cache-Control"] = "no-store"
    return await export.export_person(session, vault, signer, principal, person_id)


@router.get("/export.pdf", response_class=Response, responses=PDF)
async def export_person_as_pdf(
    principal: RightsExercise, session: Session, vault: VaultDep, signer: SignerDep, person_id: UUID
) -> Response:
    """The same to read and to keep: Chinese, A4, with its typeface inside."""
    exported = await export.export_person(session, vault, signer, principal, person_id)
    document = await asyncio.to_thread(render_export, exported, principal)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="export-{person_id}.pdf"'}
    return Response(document, media_type="application/pdf", headers=headers)
