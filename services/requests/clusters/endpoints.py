from datetime import timedelta
from typing import Annotated, Any

from fastapi import Query
from pydantic import AwareDatetime

from services.requests.categories.schemas import CategoryCode
from services.requests.clusters import auth, service
from services.requests.clusters.schemas import By, ClustersRead
from shared.clock import utc_now
from shared.codes import CommunityCode
from shared.errors import NotFound
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/request-clusters", tags=["request clusters"])

_USUAL_WINDOW = timedelta(days=90)


@router.get("", response_model=ClustersRead)
async def find_request_clusters(
    *,
    principal: auth.ClustersRead,
    session: Session,
    by: Annotated[By, Query(description="Near each other, or in the same building.")] = By.PLACE,
    category: Annotated[CategoryCode | None, Query(description="A class stands for all below it.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Default: 90 days ago. Open ones always count.")] = None,
    radius_m: Annotated[int, Query(ge=10, le=2_000, description="How near is near, in metres.")] = 200,
    at_least: Annotated[int, Query(ge=2, le=100, description="From how many requests on.")] = 3,
    community_code: Annotated[CommunityCode | None, Query(description="Needed above a community.")] = None,
) -> dict[str, Any]:
    """What is asked again and again in one place, where a joint deliberation may do more than many answers."""
    if community_code is not None and not principal.may_see(community_code):
        raise NotFound
    return await service.find_clusters(
        session,
        community_code or principal.community_code,
        category=category,
        since=since or utc_now() - _USUAL_WINDOW,
        by=by,
        radius_m=radius_m,
        at_least=at_least,
    )
