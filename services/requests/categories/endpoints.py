from typing import Annotated, Any

from fastapi import Query, Request, Response, status

from services.requests.categories import service
from services.requests.categories.auth import CategoriesRead, CategoriesWrite
from services.requests.categories.schemas import (
    CategoryCode,
    CategoryCreate,
    CategoryList,
    CategoryRead,
    CategoryUpdate,
)
from shared.auth import Principal
from shared.codes import CommunityCode
from shared.concurrency import IfMatch, tag_response
from shared.errors import NotFound
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/categories", tags=["categories"])

Community = Annotated[CommunityCode | None, Query(description="Needed by callers whose area holds several.")]


@router.get("", response_model=CategoryList)
async def list_categories(
    principal: CategoriesRead, session: Session, community_code: Community = None
) -> dict[str, Any]:
    """The five classes of requests with their subcategories, questions and promised times."""
    return {"items": await service.list_tree(session, _community(principal, community_code)), "next_cursor": None}


@router.post("", response_model=CategoryRead, status_code=status.HTTP_201_CREATED)
async def create_category(
    principal: CategoriesWrite, session: Session, data: CategoryCreate, response: Response
) -> dict[str, Any]:
    """Add a subcategory to one of the classes."""
    category = await service.create_category(session, principal.community_code, data)
    response.headers["Location"] = f"/v1/categories/{category['code']}"
    return category


@router.get("/{code}", response_model=CategoryRead)
async def get_category(
    *,
    principal: CategoriesRead,
    session: Session,
    code: CategoryCode,
    request: Request,
    response: Response,
    community_code: Community = None,
) -> dict[str, Any]:
    category = await service.get_category(session, _community(principal, community_code), code)
    tag_response(request, response, category["version"])
    return category


@router.patch("/{code}", response_model=CategoryRead)
async def update_category(
    principal: CategoriesWrite, session: Session, code: CategoryCode, data: CategoryUpdate, expected: IfMatch
) -> dict[str, Any]:
    """Change what is asked or promised from now on; running requests keep their deadlines."""
    return await service.update_category(session, principal.community_code, code, data, expected)


def _community(principal: Principal, named: str | None) -> str:
    if named is None:
        return principal.community_code
    if not principal.may_see(named):
        raise NotFound
    return named
