from typing import Any
from uuid import UUID

from fastapi import status

from services.requests.ratings import presentation, repository, service
from services.requests.ratings.auth import RequestsRate
from services.requests.ratings.schemas import RatingCreate, RatingRead
from services.requests.service_requests.auth import RequestsRead
from services.requests.service_requests.repository import get_request
from shared.pagination import Page
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/service-requests", tags=["service requests"])


@router.post("/{request_id}/rating", response_model=RatingRead, status_code=status.HTTP_201_CREATED)
async def rate(
    principal: RequestsRate, session: Session, vault: VaultDep, request_id: UUID, data: RatingCreate
) -> dict[str, Any]:
    """Judge the outcome, once a person; a pennant may be left with it."""
    rating = await service.rate(session, vault, principal, request_id, data)
    return (await presentation.ratings(vault, principal, [rating]))[0]


@router.get("/{request_id}/rating", response_model=Page[RatingRead])
async def list_ratings(principal: RequestsRead, session: Session, vault: VaultDep, request_id: UUID) -> dict[str, Any]:
    """What the people concerned think of the outcome; a handful at most."""
    row = await get_request(session, principal, request_id)
    found = await repository.list_ratings(session, row)
    return {"items": await presentation.ratings(vault, principal, found), "next_cursor": None}
