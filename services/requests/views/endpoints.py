from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response, status

from services.requests.service_requests import presentation
from services.requests.service_requests.auth import RequestsRead
from services.requests.service_requests.schemas import ServiceRequestSummary
from services.requests.views import repository, service
from services.requests.views.auth import RequestsCount, ViewsUse
from services.requests.views.filters import RequestFilter, Sort, in_order
from services.requests.views.schemas import Counts, Facet, ViewCreate, ViewRead, ViewUpdate
from shared.concurrency import IfMatch, etag, tag_response
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep

lists = Router(prefix="/v1/service-requests", tags=["service requests"])
views = Router(prefix="/v1/request-views", tags=["request views"])


async def _given(given: Annotated[RequestFilter, Query()]) -> RequestFilter:
    return given


Given = Annotated[RequestFilter, Depends(_given)]
ViewId = Annotated[UUID | None, Query(description="A saved view, whose conditions hold where no others are given.")]
SortBy = Annotated[Sort | None, Query(description="Default: the view's, else newest first.")]


@lists.get("", response_model=Page[ServiceRequestSummary])
async def list_service_requests(
    *,
    principal: RequestsRead,
    session: Session,
    vault: VaultDep,
    page: PageRequest,
    given: Given,
    sort: SortBy = None,
    view: ViewId = None,
) -> dict[str, Any]:
    """Requests in the caller's reach that fit all conditions."""
    wanted, order = await service.resolved(session, principal, view, given, sort)
    statement, order_by = in_order(wanted.statement(principal), order)
    found = await paginate(session, statement, order_by=order_by, page=page)
    items = await presentation.summaries(vault, principal, found.items)
    return {"items": items, "next_cursor": found.next_cursor}


@lists.get("/counts", response_model=Counts)
async def count_service_requests(
    principal: RequestsCount,
    session: Session,
    given: Given,
    by: Annotated[list[Facet] | None, Query(max_length=len(Facet))] = None,
    view: ViewId = None,
) -> Counts:
    """How many requests fit, in all and by each of `by`."""
    wanted, _ = await service.resolved(session, principal, view, given, None)
    return await service.count_requests(session, principal, wanted, by or [])


@views.get("", response_model=list[ViewRead])
async def list_views(principal: ViewsUse, session: Session) -> list[dict[str, Any]]:
    """One's own views and the community's, pinned ones first, with their numbers."""
    return await service.list_views(session, principal)


@views.post("", response_model=ViewRead, status_code=status.HTTP_201_CREATED)
async def save_view(principal: ViewsUse, session: Session, data: ViewCreate, response: Response) -> dict[str, Any]:
    view = await service.save_view(session, principal, data)
    response.headers["Location"] = f"/v1/request-views/{view.id}"
    response.headers["ETag"] = etag(view.version)
    return service.shown(principal, view)


@views.get("/{view_id}", response_model=ViewRead)
async def get_view(
    principal: ViewsUse, session: Session, view_id: UUID, request: Request, response: Response
) -> dict[str, Any]:
    view = await repository.get_view(session, principal, view_id)
    tag_response(request, response, view.version)
    return service.shown(principal, view)


@views.patch("/{view_id}", response_model=ViewRead)
async def change_view(
    principal: ViewsUse, session: Session, view_id: UUID, data: ViewUpdate, expected: IfMatch, response: Response
) -> dict[str, Any]:
    """Change one's own view; the head any that is shared."""
    view = await service.change_view(session, principal, view_id, data, expected)
    response.headers["ETag"] = etag(view.version)
    return service.shown(principal, view)


@views.delete("/{view_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_view(principal: ViewsUse, session: Session, view_id: UUID, expected: IfMatch) -> None:
    await service.delete_view(session, principal, view_id, expected)
