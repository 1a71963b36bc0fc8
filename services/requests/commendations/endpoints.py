from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from sqlmodel import col

from services.requests.commendations import presentation, repository
from services.requests.commendations.auth import CommendationsRead
from services.requests.commendations.schemas import CommendationRead
from services.requests.ratings.models import Rating
from services.requests.service_requests.vocabulary import Commendation
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/commendations", tags=["commendations"])


@router.get("", response_model=Page[CommendationRead])
async def list_commendations(
    principal: CommendationsRead,
    session: Session,
    vault: VaultDep,
    page: PageRequest,
    responder_id: Annotated[UUID | None, Query(description="For whom.")] = None,
    commendation: Annotated[Commendation | None, Query()] = None,
) -> dict[str, Any]:
    """Thanks and pennants (锦旗), newest first; residents see those whose givers agreed that they are shown."""
    statement = repository.commendations(principal)
    for column, value in ((Rating.responder_id, responder_id), (Rating.commendation, commendation)):
        if value is not None:
            statement = statement.where(col(column) == value)
    found = await paginate(session, statement, order_by=(col(Rating.id).desc(),), page=page)
    requests = await repository.classes_of(session, found.items)
    items = await presentation.commendations(vault, principal, found.items, requests)
    return {"items": items, "next_cursor": found.next_cursor}
