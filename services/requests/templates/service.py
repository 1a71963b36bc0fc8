"""Use cases of answer templates. They flush and never commit: the edge does."""

from uuid import UUID

from services.requests.categories.repository import get_category
from services.requests.service_requests import repository as requests
from services.requests.templates import repository
from services.requests.templates.errors import TemplateExists
from services.requests.templates.models import AnswerTemplate
from services.requests.templates.placeholders import fill, values_of
from services.requests.templates.schemas import Rendered, TemplateCreate, TemplateUpdate
from services.requests.templates.seeds import USUAL
from shared.auth import Principal
from shared.clock import utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession


async def create_template(session: AsyncSession, principal: Principal, data: TemplateCreate) -> AnswerTemplate:
    community_code = principal.community_code
    if data.category_code is not None:
        await get_category(session, community_code, data.category_code)
    template = AnswerTemplate(community_code=community_code, **data.model_dump())
    if not await repository.add_missing(session, [template]):
        raise TemplateExists
    return template


async def update_template(
    session: AsyncSession, principal: Principal, template_id: UUID, data: TemplateUpdate, expected: int
) -> AnswerTemplate:
    """Change the words of answers from now on; what was sent stays as it was sent."""
    template = await repository.get_template(session, principal, template_id, lock=True)
    check_version(template.version, expected)
    if data.category_code is not None:
        await get_category(session, template.community_code, data.category_code)
    template.sqlmodel_update(data.model_dump(exclude_unset=True))
    template.version += 1
    template.updated_at = utc_now()
    await session.flush()
    return template


async def add_usual(session: AsyncSession, principal: Principal) -> list[str]:
    """Give the community the usual templates; what it has under the same code stays as it is."""
    rows = [AnswerTemplate(community_code=principal.community_code, **each.model_dump()) for each in USUAL]
    return await repository.add_missing(session, rows)


async def render(session: AsyncSession, principal: Principal, template_id: UUID, request_id: UUID) -> Rendered:
    """The template's words for one request, as a draft."""
    template = await repository.get_template(session, principal, template_id)
    request = await requests.get_request(session, principal, request_id)
    category = await get_category(session, request.community_code, request.category_code)
    values = values_of(request, category)
    return Rendered(
        template=template.code,
        text_zh=fill(template.text_zh, {name: value.zh for name, value in values.items()}),
        text_en=fill(template.text_en, {name: value.en for name, value in values.items()}),
    )
