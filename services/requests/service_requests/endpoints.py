from typing import Any
from uuid import UUID

from fastapi import Request, Response, status

from services.requests.service_requests import intake, presentation, refusals, repository, service
from services.requests.service_requests.auth import (
    RequestsDecide,
    RequestsRead,
    RequestsReveal,
    RequestsSubmit,
    RequestsUpdate,
    RequestsWithdraw,
    RequestsWork,
)
from services.requests.service_requests.models import ServiceRequest, TimelineEntry
from services.requests.service_requests.schemas import (
    OptionalText,
    RefusalReasons,
    Rejection,
    RequesterRead,
    Reveal,
    ServiceRequestCreate,
    ServiceRequestRead,
    TextOnly,
    UpdateCreate,
    UpdateRead,
)
from services.requests.service_requests.texts import Contact
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.concurrency import etag, tag_response
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep
from shared.vault import Vault

router = Router(prefix="/v1/service-requests", tags=["service requests"])


@router.post("", response_model=ServiceRequestRead, status_code=status.HTTP_201_CREATED)
async def submit_service_request(
    *,
    principal: RequestsSubmit,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    data: ServiceRequestCreate,
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """Take a request in. A partner's `external_id` that was used before answers 200 with the request it made."""
    state = request.app.state
    taken = await intake.submit_request(session, vault, state.locator, principal, data, limits=state.intake_limits)
    response.headers["Location"] = f"/v1/service-requests/{taken.request.id}"
    response.headers["ETag"] = etag(taken.request.version)
    if not taken.is_new:
        response.status_code = status.HTTP_200_OK
        return await presentation.detailed(vault, principal, taken.request)
    if taken.contact is not None:
        await audit.record(
            session,
            signer,
            principal,
            community_code=taken.request.community_code,
            action="service_requests.register_requester",
            purpose=Purpose.REGISTRATION,
            subject_type="service_request",
            subject_id=taken.request.id,
            fields=[name for name, value in taken.contact if value],
        )
    shown = presentation.shown(principal, taken.request, taken.content, taken.contact)
    return shown | {"follow_up_code": taken.follow_up_code}


@router.get("/refusal-reasons", response_model=RefusalReasons)
async def list_refusal_reasons(_principal: RequestsRead) -> dict[str, Any]:
    """Why a request may be declined, and where its requester can turn then; in Chinese and English."""
    return {"items": refusals.table()}


@router.get("/{request_id}", response_model=ServiceRequestRead)
async def get_service_request(
    *,
    principal: RequestsRead,
    session: Session,
    vault: VaultDep,
    request_id: UUID,
    request: Request,
    response: Response,
) -> dict[str, Any]:
    row = await repository.get_request(session, principal, request_id)
    tag_response(request, response, row.version)
    return await presentation.detailed(vault, principal, row)


@router.get("/{request_id}/updates", response_model=Page[UpdateRead])
async def list_updates(
    principal: RequestsRead, session: Session, vault: VaultDep, page: PageRequest, request_id: UUID
) -> dict[str, Any]:
    """The timeline, oldest first. Residents and partners see its public lines.

    The requester of a merged request also reads how the one that it went into goes on.
    """
    row = await repository.get_request(session, principal, request_id)
    statement = repository.timeline(row, internal=presentation.sees_internal(principal))
    found = await paginate(session, statement, order_by=(TimelineEntry.id,), page=page)
    merged_into = await repository.find_merged_into(session, row)
    items = await presentation.updates(vault, principal, found.items, merged_into=merged_into)
    return {"items": items, "next_cursor": found.next_cursor}


@router.post("/{request_id}/updates", response_model=ServiceRequestRead)
async def add_update(
    principal: RequestsUpdate, session: Session, vault: VaultDep, request_id: UUID, data: UpdateCreate
) -> dict[str, Any]:
    """Write progress, a note, a comment or an answer. An answer lets the clock run on."""
    return await _answer(vault, principal, await service.add_update(session, vault, principal, request_id, data))


@router.post("/{request_id}/accept", response_model=ServiceRequestRead)
async def accept(principal: RequestsDecide, session: Session, vault: VaultDep, request_id: UUID) -> dict[str, Any]:
    return await _answer(vault, principal, await service.accept(session, vault, principal, request_id))


@router.post("/{request_id}/reject", response_model=ServiceRequestRead)
async def reject(
    principal: RequestsDecide, session: Session, vault: VaultDep, request_id: UUID, data: Rejection
) -> dict[str, Any]:
    """Decline, with a reason and a remedy that the requester reads. Possible until work has begun."""
    return await _answer(vault, principal, await service.reject(session, vault, principal, request_id, data))


@router.post("/{request_id}/resolve", response_model=ServiceRequestRead)
async def resolve(
    principal: RequestsWork, session: Session, vault: VaultDep, request_id: UUID, data: TextOnly
) -> dict[str, Any]:
    """Answer with the result, which the requester reads."""
    return await _answer(vault, principal, await service.resolve(session, vault, principal, request_id, data))


@router.post("/{request_id}/wait-for-requester", response_model=ServiceRequestRead)
async def wait_for_requester(
    principal: RequestsWork, session: Session, vault: VaultDep, request_id: UUID, data: TextOnly
) -> dict[str, Any]:
    """Ask the requester something; the clock stands until they answer."""
    row = await service.wait_for_requester(session, vault, principal, request_id, data)
    return await _answer(vault, principal, row)


@router.post("/{request_id}/withdraw", response_model=ServiceRequestRead)
async def withdraw(
    principal: RequestsWithdraw, session: Session, vault: VaultDep, request_id: UUID, data: OptionalText
) -> dict[str, Any]:
    """Take one's own request back."""
    return await _answer(vault, principal, await service.withdraw(session, vault, principal, request_id, data.text))


@router.post("/{request_id}/reveal", response_model=RequesterRead)
async def reveal_requester(
    *,
    principal: RequestsReveal,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    request_id: UUID,
    data: Reveal,
    response: Response,
) -> Contact:
    """Name and phone of who called or came in. The purpose is put on record."""
    response.headers["Cache-Control"] = "no-store"
    return await service.reveal_requester(session, vault, signer, principal, request_id, purpose=data.purpose)


async def _answer(vault: Vault, principal: Principal, row: ServiceRequest) -> dict[str, Any]:
    return await presentation.detailed(vault, principal, row)
