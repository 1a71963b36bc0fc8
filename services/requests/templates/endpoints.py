from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response, status

from services.requests.categories.schemas import CategoryCode
from services.requests.templates import repository, service
from services.requests.templates.auth import TemplatesRead, TemplatesWrite
from services.requests.templates.models import AnswerTemplate, TemplatePurpose
from services.requests.templates.schemas import (
    Render,
    Rendered,
    TemplateCreate,
    TemplateRead,
    TemplateUpdate,
    UsualAdded,
)
from shared.concurrency import IfMatch, etag, tag_response
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/answer-templates", tags=["answer templates"])


@router.get("", response_model=Page[TemplateRead])
async def list_templates(
    *,
    principal: TemplatesRead,
    session: Session,
    page: PageRequest,
    purpose: TemplatePurpose | None = None,
    category: Annotated[CategoryCode | None, Query(description="What fits a request of this category.")] = None,
    active: bool | None = None,
) -> dict[str, Any]:
    """The community's canned answers, by code."""
    statement = repository.listing(principal, purpose, category, active)
    found = await paginate(session, statement, order_by=(AnswerTemplate.code, AnswerTemplate.id), page=page)
    return {"items": found.items, "next_cursor": found.next_cursor}


@router.post("", response_model=TemplateRead, status_code=status.HTTP_201_CREATED)
async def create_template(
    principal: TemplatesWrite, session: Session, data: TemplateCreate, response: Response
) -> AnswerTemplate:
    template = await service.create_template(session, principal, data)
    response.headers["Location"] = f"/v1/answer-templates/{template.id}"
    response.headers["ETag"] = etag(template.version)
    return template


@router.post("/add-usual", response_model=UsualAdded)
async def add_usual(principal: TemplatesWrite, session: Session) -> dict[str, list[str]]:
    """Add the usual templates that the community does not have."""
    return {"added": await service.add_usual(session, principal)}


@router.get("/{template_id}", response_model=TemplateRead)
async def get_template(
    principal: TemplatesRead, session: Session, template_id: UUID, request: Request, response: Response
) -> AnswerTemplate:
    template = await repository.get_template(session, principal, template_id)
    tag_response(request, response, template.version)
    return template


@router.patch("/{template_id}", response_model=TemplateRead)
async def update_template(
    *,
    principal: TemplatesWrite,
    session: Session,
    template_id: UUID,
    data: TemplateUpdate,
    expected: IfMatch,
    response: Response,
) -> AnswerTemplate:
    """Change or retire a template; what was sent stays as it was sent."""
    template = await service.update_template(session, principal, template_id, data, expected)
    response.headers["ETag"] = etag(template.version)
    return template


@router.post("/{template_id}/render", response_model=Rendered)
async def render_template(principal: TemplatesRead, session: Session, template_id: UUID, data: Render) -> Rendered:
    """The words for one request, as a draft to read, change and send."""
    return await service.render(session, principal, template_id, data.request_id)
