from typing import Any
from uuid import UUID

from fastapi import status

from services.requests.service_requests import closing, presentation, repository
from services.requests.service_requests.auth import RequestsClose, RequestsRate, RequestsRead
from services.requests.service_requests.schemas import Callback, RatingCreate, RatingRead, ServiceRequestRead
from shared.pagination import Page
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/service-requests", tags=["service requests"])


@router.post("/{request_id}/confirm", response_model=ServiceRequestRead)
async def confirm(
    principal: RequestsClose, session: Session, vault: VaultDep, request_id: UUID, data: Callback
) -> dict[str, Any]:
    """It is solved: said by the requester or their household, or to the office when it called back."""
    row = await closing.confirm(session, vault, principal, request_id, data)
    return await presentation.detailed(vault, principal, row)


@router.post("/{request_id}/reopen", response_model=ServiceRequestRead)
async def reopen(
    principal: RequestsClose, session: Session, vault: VaultDep, request_id: UUID, data: Callback
) -> dict[str, Any]:
    """It is not solved: the request starts again under a shorter clock."""
    row = await closing.reopen(session, vault, principal, request_id, data)
    return await presentation.detailed(vault, principal, row)


@router.post("/{request_id}/rating", response_model=RatingRead, status_code=status.HTTP_201_CREATED)
async def rate(
    principal: RequestsRate, session: Session, vault: VaultDep, request_id: UUID, data: RatingCreate
) -> dict[str, Any]:
    """Judge the outcome, once a person; a pennant may be left with it."""
    _request, rating = await closing.rate(session, vault, principal, request_id, data)
    return (await presentation.ratings(vault, principal, [rating]))[0]


@router.get("/{request_id}/rating", response_model=Page[RatingRead])
async def list_ratings(principal: RequestsRead, session: Session, vault: VaultDep, request_id: UUID) -> dict[str, Any]:
    """What the people concerned think of the outcome; a handful at most."""
    row = await repository.get_request(session, principal, request_id)
    found = await repository.list_ratings(session, row)
    return {"items": await presentation.ratings(vault, principal, found), "next_cursor": None}
