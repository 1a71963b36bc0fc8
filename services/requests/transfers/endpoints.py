from typing import Any
from uuid import UUID

from services.requests.service_requests import presentation
from services.requests.service_requests.auth import RequestsDecide
from services.requests.service_requests.schemas import ServiceRequestRead
from services.requests.transfers import service
from services.requests.transfers.schemas import Transfer
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/service-requests/{request_id}", tags=["service requests"])


@router.post("/transfer", response_model=ServiceRequestRead)
async def transfer(
    principal: RequestsDecide, session: Session, vault: VaultDep, request_id: UUID, data: Transfer
) -> dict[str, Any]:
    """Pass it on to another category, grid or responder. Its promised times stay as they are."""
    row = await service.transfer(session, vault, principal, request_id, data)
    return await presentation.detailed(vault, principal, row)
