from typing import Any
from uuid import UUID

from services.requests.closing import service
from services.requests.closing.auth import RequestsClose
from services.requests.closing.schemas import Callback
from services.requests.service_requests import presentation
from services.requests.service_requests.schemas import ServiceRequestRead
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/service-requests", tags=["service requests"])


@router.post("/{request_id}/confirm", response_model=ServiceRequestRead)
async def confirm(
    principal: RequestsClose, session: Session, vault: VaultDep, request_id: UUID, data: Callback
) -> dict[str, Any]:
    """It is solved: said by the requester or their household, or to the office when it called back."""
    row = await service.confirm(session, vault, principal, request_id, data)
    return await presentation.detailed(vault, principal, row)


@router.post("/{request_id}/reopen", response_model=ServiceRequestRead)
async def reopen(
    principal: RequestsClose, session: Session, vault: VaultDep, request_id: UUID, data: Callback
) -> dict[str, Any]:
    """It is not solved: the request starts again under a shorter clock."""
    row = await service.reopen(session, vault, principal, request_id, data)
    return await presentation.detailed(vault, principal, row)
