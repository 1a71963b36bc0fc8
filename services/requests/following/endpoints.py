from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import status
from pydantic import BaseModel, ConfigDict
from sqlmodel import col

from services.requests.following import repository, service, watching
from services.requests.following.auth import Follows
from services.requests.following.models import RequestWatcher
from services.requests.service_requests.models import FollowReason, RequestFollower
from shared.auth import Role
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session

followed = Router(prefix="/v1/service-requests/followed", tags=["service requests"])
router = Router(prefix="/v1/service-requests/{request_id}", tags=["service requests"])


class FollowRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    request_id: UUID
    reason: FollowReason | None
    """Null: they asked it themselves."""
    muted_at: datetime | None
    """Since when nothing is told; null: every public step is."""
    created_at: datetime


@followed.get("", response_model=Page[FollowRead])
async def list_followed(principal: Follows, session: Session, page: PageRequest) -> Page[Any]:
    """What the caller follows, newest first. A resident's own requests are not among it; what they support is, and
    is read at `shared`. Of the office and its workers only what they may read."""
    is_resident = principal.role is Role.RESIDENT
    statement: Any = repository.followed(principal) if is_resident else watching.watched(principal)
    table = RequestFollower if is_resident else RequestWatcher
    order = (col(table.community_code).desc(), col(table.request_id).desc())
    return await paginate(session, statement, order_by=order, page=page, to_item=service.Follow.of)


@router.post("/follow", response_model=FollowRead)
async def follow(principal: Follows, session: Session, request_id: UUID) -> service.Follow:
    """Hear of every public step of a request of one's household; of every step of any that one may read, for the
    office and its workers."""
    return await service.follow(session, principal, request_id)


@router.get("/follow", response_model=FollowRead)
async def get_follow(principal: Follows, session: Session, request_id: UUID) -> service.Follow:
    """Whether and why the caller hears of the request; nobody else is named."""
    return await service.get_follow(session, principal, request_id)


@router.post("/unfollow", status_code=status.HTTP_204_NO_CONTENT)
async def unfollow(principal: Follows, session: Session, request_id: UUID) -> None:
    """Follow it no longer."""
    await service.unfollow(session, principal, request_id)


@router.post("/mute", response_model=FollowRead)
async def mute(principal: Follows, session: Session, request_id: UUID) -> service.Follow:
    """Hear no more of a request that one asked, follows or supports."""
    return await service.mute(session, principal, request_id, muted=True)


@router.post("/unmute", response_model=FollowRead)
async def unmute(principal: Follows, session: Session, request_id: UUID) -> service.Follow:
    """Hear of it again."""
    return await service.mute(session, principal, request_id, muted=False)
