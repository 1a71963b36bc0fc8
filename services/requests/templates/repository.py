from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.requests.templates.models import AnswerTemplate, TemplatePurpose
from shared.auth import Principal
from shared.conditions import in_area
from shared.db import AsyncSession, columns_of
from shared.errors import NotFound


def readable(principal: Principal) -> Select[AnswerTemplate]:
    return select(AnswerTemplate).where(in_area(col(AnswerTemplate.community_code), principal.area))


def listing(
    principal: Principal, purpose: TemplatePurpose | None, category: str | None, active: bool | None
) -> Select[AnswerTemplate]:
    """With `category`: what is meant for it, for its class, or for every request."""
    statement = readable(principal)
    if purpose is not None:
        statement = statement.where(col(AnswerTemplate.purpose) == purpose)
    if category is not None:
        meant_for = col(AnswerTemplate.category_code)
        statement = statement.where(or_(meant_for.is_(None), meant_for.in_([category, category.partition(".")[0]])))
    if active is not None:
        statement = statement.where(col(AnswerTemplate.active).is_(active))
    return statement


async def get_template(
    session: AsyncSession, principal: Principal, template_id: UUID, *, lock: bool = False
) -> AnswerTemplate:
    statement = readable(principal).where(col(AnswerTemplate.id) == template_id)
    found = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def add_missing(session: AsyncSession, templates: list[AnswerTemplate]) -> list[str]:
    """Add those whose code the community does not have; returns their codes."""
    statement = (
        insert(AnswerTemplate)
        .values([columns_of(template) for template in templates])
        .on_conflict_do_nothing(index_elements=["community_code", "code"])
        .returning(col(AnswerTemplate.code))
    )
    return sorted((await session.execute(statement)).scalars())
