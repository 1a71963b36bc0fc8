from typing import Any
from uuid import UUID

from services.requests.service_requests import presentation
from services.requests.service_requests.auth import RequestsDecide
from services.requests.splits import service
from services.requests.splits.schemas import Split, SplitRead
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/service-requests/{request_id}", tags=["service requests"])


@router.post("/split", response_model=SplitRead)
async def split(
    principal: RequestsDecide, session: Session, vault: VaultDep, request_id: UUID, data: Split
) -> dict[str, Any]:
    """Take apart what asks several things: each part becomes a request of its own, under the whole's clock."""
    row, part_ids = await service.split(session, vault, principal, request_id, data)
    return {"request": await presentation.detailed(vault, principal, row), "part_ids": part_ids}
