from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from services.requests.moderation import repository, service
from services.requests.moderation.auth import Moderate, ReadOriginals, Redact
from services.requests.moderation.schemas import (
    OriginalRead,
    RedactionCreate,
    Redactions,
    Release,
    ReleasedRead,
    RevealOriginal,
)
from services.requests.service_requests import presentation
from services.requests.service_requests import repository as requests
from services.requests.service_requests.schemas import ServiceRequestRead
from shared.audit import Purpose
from shared.files import FilesDep
from shared.photos import PHOTO_ANSWER, as_jpeg
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/service-requests/{request_id}", tags=["service requests"])


@router.post("/redact", response_model=ServiceRequestRead)
async def redact(
    principal: Redact, session: Session, vault: VaultDep, request_id: UUID, data: RedactionCreate
) -> dict[str, Any]:
    """Take a text or photo out of sight. Requesters redact what they wrote themselves, the office anything."""
    request = await service.redact(session, vault, principal, request_id, data)
    return await presentation.detailed(vault, principal, request)


@router.get("/redactions", response_model=Redactions)
async def list_redactions(principal: Moderate, session: Session, request_id: UUID) -> dict[str, Any]:
    """What was redacted, by whom in what role, and why; not what it said."""
    request = await requests.get_request(session, principal, request_id)
    found = await repository.list_redactions(session, request)
    return {"items": [each.model_dump() | {"by": each.redacted_by_role} for each in found]}


@router.post("/redactions/{redaction_id}/reveal", response_model=OriginalRead)
async def reveal_original(
    *,
    principal: ReadOriginals,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    request_id: UUID,
    redaction_id: UUID,
    data: RevealOriginal,
    response: Response,
) -> dict[str, str]:
    """The original text, for a purpose that is put on record."""
    response.headers["Cache-Control"] = "no-store"
    text = await service.reveal_original(session, vault, signer, principal, request_id, redaction_id, data.purpose)
    return {"text": text}


@router.get("/redactions/{redaction_id}/picture", response_class=Response, responses=PHOTO_ANSWER)
async def reveal_picture(
    *,
    principal: ReadOriginals,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    files: FilesDep,
    request_id: UUID,
    redaction_id: UUID,
    purpose: Annotated[Purpose, Query(description="Why you look; written down.")],
) -> Response:
    """The photo that was redacted, as JPEG."""
    return as_jpeg(
        await service.reveal_picture(session, vault, signer, files, principal, request_id, redaction_id, purpose)
    )


@router.post("/release-text", response_model=ReleasedRead)
async def release_text(
    principal: Moderate, session: Session, vault: VaultDep, signer: SignerDep, request_id: UUID, data: Release
) -> dict[str, Any]:
    """Let everybody read what this is about. Only of categories about public space."""
    request, words = await service.release_text(session, vault, signer, principal, request_id, data)
    return words.model_dump() | {"released_at": request.released_at}


@router.post("/take-text-back", response_model=ServiceRequestRead)
async def take_text_back(
    principal: Moderate, session: Session, vault: VaultDep, signer: SignerDep, request_id: UUID
) -> dict[str, Any]:
    """Nothing that was written about the request is public any more."""
    request = await service.take_text_back(session, vault, signer, principal, request_id)
    return await presentation.detailed(vault, principal, request)
