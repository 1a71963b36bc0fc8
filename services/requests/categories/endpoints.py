from typing import Annotated, Any

from fastapi import Query, Request, Response, status
from sqlmodel import col

from services.requests.categories import catalogue, repository, service
from services.requests.categories.auth import CategoriesRead, CategoriesWrite
from services.requests.categories.models import CategoryVersion
from services.requests.categories.schemas import (
    CatalogueImport,
    CatalogueImported,
    CategoryCode,
    CategoryCreate,
    CategoryList,
    CategoryRead,
    CategoryUpdate,
    CategoryVersionRead,
)
from shared.auth import Principal
from shared.codes import CommunityCode
from shared.concurrency import IfMatch, tag_response
from shared.errors import NotFound
from shared.pagination import Page, PageRequest, paginate
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
    category = await service.create_category(session, principal, data)
    response.headers["Location"] = f"/v1/categories/{category['code']}"
    return category


@router.post("/import", response_model=CatalogueImported)
async def import_catalogue(principal: CategoriesWrite, session: Session, data: CatalogueImport) -> dict[str, list[str]]:
    """Take over the catalogue of another community: the answer of `GET /v1/categories` there is the body here."""
    return await catalogue.import_catalogue(session, principal, data)


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
    return await service.update_category(session, principal, code, data, expected)


@router.get("/{code}/versions", response_model=Page[CategoryVersionRead])
async def list_versions(
    *,
    principal: CategoriesRead,
    session: Session,
    page: PageRequest,
    code: CategoryCode,
    community_code: Community = None,
) -> dict[str, Any]:
    """Everything that the category has ever said, newest first. A request names the version it answered."""
    community_code = _community(principal, community_code)
    await repository.get_category(session, community_code, code)
    statement = repository.versions_of(community_code, code)
    found = await paginate(session, statement, order_by=(col(CategoryVersion.version).desc(),), page=page)
    return {"items": await service.present_versions(session, found.items), "next_cursor": found.next_cursor}


def _community(principal: Principal, named: str | None) -> str:
    if named is None:
        return principal.community_code
    if not principal.may_see(named):
        raise NotFound
    return named
