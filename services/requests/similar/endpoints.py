from typing import Any
from uuid import UUID

from services.requests.similar import service
from services.requests.similar.auth import SimilarRead, Support
from services.requests.similar.schemas import Shared, SimilarFound, SimilarQuery
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/service-requests", tags=["similar requests"])


@router.post("/similar", response_model=SimilarFound)
async def find_similar(principal: SimilarRead, session: Session, vault: VaultDep, data: SimilarQuery) -> dict[str, Any]:
    """What was asked already near by: open requests of the category within its radius and 30 days, or in the same
    building. Support one instead of repeating it; nobody has to."""
    return {"items": await service.find_similar(session, vault, principal, data)}


@router.get("/{request_id}/shared", response_model=Shared)
async def get_shared(principal: SimilarRead, session: Session, vault: VaultDep, request_id: UUID) -> dict[str, Any]:
    """A matter of public space as everybody in the community may see it: how it goes, and what was released."""
    return await service.get_shared(session, vault, principal, request_id)


@router.post("/{request_id}/support", response_model=Shared)
async def support(principal: Support, session: Session, vault: VaultDep, request_id: UUID) -> dict[str, Any]:
    """Have the same concern: every public step is told to you as well, until you mute it."""
    await service.support(session, vault, principal, request_id)
    return await service.get_shared(session, vault, principal, request_id)


@router.post("/{request_id}/withdraw-support", response_model=Shared)
async def withdraw_support(principal: Support, session: Session, vault: VaultDep, request_id: UUID) -> dict[str, Any]:
    """Support no longer."""
    await service.withdraw_support(session, principal, request_id)
    return await service.get_shared(session, vault, principal, request_id)
