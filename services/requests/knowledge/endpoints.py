from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from services.requests.categories.schemas import CategoryCode
from services.requests.knowledge import finding, repository, service
from services.requests.knowledge.auth import ArticlesRead, ArticlesVote
from services.requests.knowledge.schemas import (
    ArticleRead,
    ArticleSummary,
    FoundArticles,
    Suggest,
    Vote,
    Votes,
)
from services.requests.knowledge.schemas import Query as QueryText
from shared.clock import china_today
from shared.db import columns_of
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/articles", tags=["articles"])

IncludeExpired = Annotated[bool, Query(description="Also what is out of force, which then says so.")]


@router.get("", response_model=Page[ArticleSummary])
async def list_articles(
    *,
    principal: ArticlesRead,
    session: Session,
    page: PageRequest,
    category: Annotated[CategoryCode | None, Query(description="A class stands for all below it.")] = None,
    include_expired: IncludeExpired = False,
) -> Page[Any]:
    """Published articles, the newest first."""
    statement, today = repository.published(principal), china_today()
    statement = repository.begun(statement, today) if include_expired else repository.valid_on(statement, today)
    if category is not None:
        statement = repository.in_category(statement, category)
    return await paginate(session, statement, order_by=repository.NEWEST, page=page, to_item=finding.summary)


@router.get("/search", response_model=FoundArticles)
async def search_articles(
    *,
    principal: ArticlesRead,
    session: Session,
    q: Annotated[QueryText, Query(description="Words, a question, pinyin or initials; the beginning is enough.")],
    category: Annotated[CategoryCode | None, Query(description="A class stands for all below it.")] = None,
    include_expired: IncludeExpired = False,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> dict[str, Any]:
    """The best matches: the title counts more than the summary and the tags, and these more than the body."""
    items = await finding.search_articles(
        session, principal, q, category=category, include_expired=include_expired, limit=limit
    )
    return {"items": items}


@router.post("/suggest", response_model=FoundArticles)
async def suggest_articles(
    principal: ArticlesRead, session: Session, data: Suggest, response: Response
) -> dict[str, Any]:
    """Up to three articles that may answer what is being typed. The text is not kept."""
    response.headers["Cache-Control"] = "no-store"
    return {"items": await finding.suggest_articles(session, principal, data.text, data.category)}


@router.get("/{article_id}", response_model=ArticleRead)
async def get_article(principal: ArticlesRead, session: Session, article_id: UUID) -> dict[str, Any]:
    """One, also when it is out of force; `expired` says so."""
    version = await repository.get_published(session, principal, article_id, china_today())
    article = await repository.article_of(session, version)
    counts = {name: getattr(article, name) for name in ("helpful_count", "unhelpful_count")}
    return finding.summary(version) | counts


@router.post("/{article_id}/vote", response_model=Votes)
async def vote(principal: ArticlesVote, session: Session, article_id: UUID, data: Vote) -> dict[str, Any]:
    """Whether it helped: one voice a person, and the last word counts."""
    version = await repository.get_published(session, principal, article_id, china_today())
    return columns_of(await service.vote(session, principal, version, helpful=data.helpful))
