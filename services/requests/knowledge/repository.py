from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, cast, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, REAL, TSQUERY
from sqlmodel import col

from services.requests.categories.models import Category
from services.requests.knowledge.models import Article, ArticleVersion, ArticleVote
from services.requests.knowledge.states import State
from services.requests.service_requests.models import ServiceRequest, Step, TimelineEntry, Visibility
from shared.auth import Principal
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound

NEWEST = (col(ArticleVersion.published_at).desc(), col(ArticleVersion.article_id).desc())
LATEST = (col(ArticleVersion.number).desc(),)
LATEST_DRAFT = (col(Article.id).desc(),)
_WEIGHTS = literal([0.1, 0.2, 0.4, 1.0], ARRAY(REAL))
"""Of what stands in the body, nowhere, in summary and tags, in the title."""
REMINDED_AT_ONCE = 100


def published(principal: Principal) -> Select[ArticleVersion]:
    """What may be read: the current version of every article that has not been retired."""
    return select(ArticleVersion).where(
        in_area(col(ArticleVersion.community_code), principal.area), col(ArticleVersion.is_current)
    )


def valid_on(statement: Select[Any], day: date) -> Select[Any]:
    """Those in force on that day."""
    version = ArticleVersion
    return statement.where(
        col(version.valid_from) <= day, or_(col(version.valid_to).is_(None), col(version.valid_to) >= day)
    )


def begun(statement: Select[Any], day: date) -> Select[Any]:
    """Those in force on that day, or earlier."""
    return statement.where(col(ArticleVersion.valid_from) <= day)


def in_category(statement: Select[Any], category: str) -> Select[Any]:
    """A class stands for all below it."""
    column = col(ArticleVersion.category_code)
    return statement.where(or_(column == category, func.starts_with(column, f"{category}.")))


async def find_by_words(
    session: AsyncSession, statement: Select[ArticleVersion], query: str, limit: int, category: str | None = None
) -> Sequence[ArticleVersion]:
    """The best matches first; those of `category` before others that match as well."""
    wanted = cast(literal(query), TSQUERY)
    rank = func.ts_rank(_WEIGHTS, col(ArticleVersion.search), wanted)
    order = [rank.desc(), col(ArticleVersion.article_id).desc()]
    if category is not None:
        order.insert(0, func.coalesce(col(ArticleVersion.category_code) == category, False).desc())
    statement = statement.where(col(ArticleVersion.search).op("@@")(wanted)).order_by(*order).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def get_published(session: AsyncSession, principal: Principal, article_id: UUID, day: date) -> ArticleVersion:
    statement = begun(published(principal), day).where(col(ArticleVersion.article_id) == article_id)
    version = (await session.execute(statement)).scalar_one_or_none()
    if version is None:
        raise NotFound
    return version


def versions(article: Article) -> Select[ArticleVersion]:
    return select(ArticleVersion).where(
        col(ArticleVersion.community_code) == article.community_code, col(ArticleVersion.article_id) == article.id
    )


def drafts(principal: Principal, state: State | None) -> Select[Article]:
    statement = select(Article).where(in_area(col(Article.community_code), principal.area))
    return statement.where(col(Article.state) == state) if state is not None else statement


def ending(principal: Principal, until: date) -> Select[ArticleVersion]:
    """Current versions whose validity has ended or ends soon."""
    return published(principal).where(col(ArticleVersion.valid_to) <= until)


async def get_article(session: AsyncSession, principal: Principal, article_id: UUID, *, lock: bool = False) -> Article:
    statement = drafts(principal, None).where(col(Article.id) == article_id)
    if lock:
        statement = statement.with_for_update()
    article = (await session.execute(statement)).scalar_one_or_none()
    if article is None:
        raise NotFound
    return article


async def article_of(session: AsyncSession, version: ArticleVersion, *, lock: bool = False) -> Article:
    key = (version.community_code, version.article_id)
    return await session.get_one(Article, key, with_for_update=lock)


async def end_current(session: AsyncSession, article: Article) -> None:
    await session.execute(
        update(ArticleVersion)
        .where(
            col(ArticleVersion.community_code) == article.community_code,
            col(ArticleVersion.article_id) == article.id,
            col(ArticleVersion.is_current),
        )
        .values(is_current=False)
    )


async def has_category(session: AsyncSession, community_code: str, code: str) -> bool:
    return await session.get(Category, (community_code, code)) is not None


async def find_vote(session: AsyncSession, article: Article, person_id: UUID) -> ArticleVote | None:
    statement = select(ArticleVote).where(
        col(ArticleVote.community_code) == article.community_code,
        col(ArticleVote.article_id) == article.id,
        col(ArticleVote.person_id) == person_id,
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def forget_votes(session: AsyncSession, community_code: str, person_id: UUID) -> None:
    """How many it helped stays, who they were does not."""
    await session.execute(
        delete(ArticleVote).where(
            col(ArticleVote.community_code) == community_code, col(ArticleVote.person_id) == person_id
        )
    )


async def find_answer(session: AsyncSession, request: ServiceRequest) -> TimelineEntry | None:
    """The last answer that the requester was given."""
    statement = (
        select(TimelineEntry)
        .where(
            col(TimelineEntry.community_code) == request.community_code,
            col(TimelineEntry.request_id) == request.id,
            col(TimelineEntry.step) == Step.RESOLVED,
            col(TimelineEntry.visibility) == Visibility.PUBLIC,
        )
        .order_by(col(TimelineEntry.id).desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def get_category(session: AsyncSession, request: ServiceRequest) -> Category:
    return await session.get_one(Category, (request.community_code, request.category_code))


async def lock_ending(session: AsyncSession, day: date, within: timedelta) -> Sequence[ArticleVersion]:
    """Current versions that end soon or have ended, of all communities, and of which nobody has been told that."""
    statement = (
        select(ArticleVersion)
        .where(
            col(ArticleVersion.is_current),
            col(ArticleVersion.valid_to) <= day + within,
            col(ArticleVersion.ended_at).is_(None),
            or_(col(ArticleVersion.reminded_at).is_(None), col(ArticleVersion.valid_to) < day),
        )
        .order_by(col(ArticleVersion.valid_to))
        .limit(REMINDED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()
