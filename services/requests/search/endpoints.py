from typing import Any

from services.requests.search.auth import RequestsSearch
from services.requests.search.schemas import RequestSearch
from services.requests.search.service import containing
from services.requests.service_requests import presentation, service
from services.requests.service_requests.auth import OFFICE
from services.requests.service_requests.schemas import ServiceRequestSummary
from shared.errors import Forbidden
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/service-requests", tags=["service requests"])


@router.post("/search", response_model=Page[ServiceRequestSummary])
async def search_requests(
    *,
    principal: RequestsSearch,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    page: PageRequest,
    data: RequestSearch,
) -> dict[str, Any]:
    """Requests in the caller's reach by words of their texts, or by the phone of a caller who rings again."""
    if data.phone is not None and data.purpose is not None:
        if principal.role not in OFFICE:
            raise Forbidden
        rows = await service.find_by_phone(session, vault, signer, principal, data.phone, purpose=data.purpose)
        return {"items": await presentation.summaries(vault, principal, rows), "next_cursor": None}
    statement, order_by = containing(vault.keyring, principal, data.q or "", data)
    found = await paginate(session, statement, order_by=order_by, page=page)
    items = await presentation.summaries(vault, principal, found.items)
    return {"items": items, "next_cursor": found.next_cursor}
