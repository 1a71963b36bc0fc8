from datetime import datetime
from uuid import UUID

from fastapi import status
from pydantic import BaseModel, ConfigDict
from sqlmodel import col

from services.requests.following import repository, service
from services.requests.following.auth import Follows
from services.requests.service_requests.models import FollowReason, RequestFollower
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
async def list_followed(principal: Follows, session: Session, page: PageRequest) -> Page[RequestFollower]:
    """What the caller follows or supports besides their own requests, newest first; each is read at `shared`."""
    order = (col(RequestFollower.community_code).desc(), col(RequestFollower.request_id).desc())
    return await paginate(session, repository.followed(principal), order_by=order, page=page)


@router.post("/follow", response_model=FollowRead)
async def follow(principal: Follows, session: Session, request_id: UUID) -> service.Follow:
    """Hear of every public step of a request of one's household."""
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
