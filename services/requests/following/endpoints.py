from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.requests.following import service
from services.requests.following.auth import Follow
from services.requests.service_requests.models import FollowReason, RequestFollower
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/service-requests/{request_id}", tags=["service requests"])


class FollowRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    request_id: UUID
    reason: FollowReason
    muted_at: datetime | None
    """Since when nothing is told; null: every public step is."""
    created_at: datetime


@router.post("/follow", response_model=FollowRead)
async def follow(principal: Follow, session: Session, request_id: UUID) -> RequestFollower:
    """Hear of every public step of a request of one's household."""
    return await service.follow(session, principal, request_id)


@router.get("/follow", response_model=FollowRead)
async def get_follow(principal: Follow, session: Session, request_id: UUID) -> RequestFollower:
    """Whether and why the caller hears of the request; nobody else is named."""
    return await service.get_follower(session, principal, request_id)


@router.post("/mute", response_model=FollowRead)
async def mute(principal: Follow, session: Session, request_id: UUID) -> RequestFollower:
    """Hear no more of a request that one follows or supports."""
    return await service.mute(session, principal, request_id, muted=True)


@router.post("/unmute", response_model=FollowRead)
async def unmute(principal: Follow, session: Session, request_id: UUID) -> RequestFollower:
    """Hear of it again."""
    return await service.mute(session, principal, request_id, muted=False)
