from typing import Any
from uuid import UUID

from services.requests.merges import service
from services.requests.merges.schemas import Merge
from services.requests.service_requests import presentation
from services.requests.service_requests.auth import RequestsDecide
from services.requests.service_requests.schemas import OptionalText, ServiceRequestRead
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/service-requests/{request_id}", tags=["service requests"])


@router.post("/merge", response_model=ServiceRequestRead)
async def merge(
    principal: RequestsDecide, session: Session, vault: VaultDep, request_id: UUID, data: Merge
) -> dict[str, Any]:
    """It asks what another open request asks: its requester follows that one, and may rate its outcome."""
    row = await service.merge(session, vault, principal, request_id, data)
    return await presentation.detailed(vault, principal, row)


@router.post("/unmerge", response_model=ServiceRequestRead)
async def unmerge(
    principal: RequestsDecide, session: Session, vault: VaultDep, request_id: UUID, data: OptionalText
) -> dict[str, Any]:
    """The merge was a mistake: the request stands where it stood, while the other is still open."""
    row = await service.unmerge(session, vault, principal, request_id, data.text)
    return await presentation.detailed(vault, principal, row)
