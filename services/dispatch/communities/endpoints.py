from fastapi import Request, Response, status

from services.dispatch.communities import repository, service
from services.dispatch.communities.auth import CommunitiesRead, CommunitiesWrite
from services.dispatch.communities.models import Community
from services.dispatch.communities.schemas import CommunityCreate, CommunityRead, CommunityUpdate
from shared.codes import CommunityCode
from shared.concurrency import IfMatch, tag_response
from shared.errors import Forbidden
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/communities", tags=["communities"])


@router.get("", response_model=Page[CommunityRead])
async def list_communities(principal: CommunitiesRead, session: Session, page: PageRequest) -> Page[Community]:
    """The communities in the caller's area, by code."""
    return await paginate(session, repository.readable(principal), order_by=(Community.community_code,), page=page)


@router.post("", response_model=CommunityRead, status_code=status.HTTP_201_CREATED)
async def register_community(
    principal: CommunitiesWrite, session: Session, data: CommunityCreate, response: Response
) -> Community:
    if not principal.may_see(data.community_code):
        raise Forbidden
    response.headers["Location"] = f"/v1/communities/{data.community_code}"
    return await service.register_community(session, data)


@router.get("/{code}", response_model=CommunityRead)
async def get_community(
    principal: CommunitiesRead, session: Session, code: CommunityCode, request: Request, response: Response
) -> Community:
    community = await repository.get_community(session, code)
    tag_response(request, response, community.version)
    return community


@router.patch("/{code}", response_model=CommunityRead)
async def update_community(
    principal: CommunitiesWrite, session: Session, code: CommunityCode, data: CommunityUpdate, expected: IfMatch
) -> Community:
    """Change the name, the hotline, or who sits at the duty desk."""
    return await service.update_community(session, code, data, expected)
