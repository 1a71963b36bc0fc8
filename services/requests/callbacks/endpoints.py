from typing import Any
from uuid import UUID

from services.requests.callbacks import service
from services.requests.callbacks.schemas import CallBack
from services.requests.service_requests import presentation
from services.requests.service_requests.auth import RequestsDecide
from services.requests.service_requests.schemas import ServiceRequestRead, TextOnly
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/service-requests/{request_id}", tags=["service requests"])


@router.post("/call-back", response_model=ServiceRequestRead)
async def call_back(
    principal: RequestsDecide, session: Session, vault: VaultDep, request_id: UUID, data: CallBack
) -> dict[str, Any]:
    """The office asked the requester, or tried to: solved closes the request, not solved opens it again."""
    row = await service.call_back(session, vault, principal, request_id, data)
    return await presentation.detailed(vault, principal, row)


@router.post("/close-unreached", response_model=ServiceRequestRead)
async def close_unreached(
    principal: RequestsDecide, session: Session, vault: VaultDep, request_id: UUID, data: TextOnly
) -> dict[str, Any]:
    """Close it after three calls in vain, with a reason that the requester reads; they may still reopen it."""
    row = await service.close_unreached(session, vault, principal, request_id, data.text)
    return await presentation.detailed(vault, principal, row)
