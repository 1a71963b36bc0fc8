from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response, status

from services.requests.knowledge import finding, repository, service
from services.requests.knowledge.auth import ArticlesWrite
from services.requests.knowledge.models import Article, ArticleVersion
from services.requests.knowledge.schemas import (
    ArticleCreate,
    ArticleFromRequest,
    ArticleSummary,
    ArticleUpdate,
    DraftRead,
    Proposal,
    ReviewNote,
    VersionRead,
)
from services.requests.knowledge.states import State
from services.requests.knowledge.timers import REVIEW_BEFORE
from shared.clock import china_today
from shared.concurrency import IfMatch, etag, tag_response
from shared.db import columns_of
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/articles", tags=["articles"])


@router.post("", response_model=DraftRead, status_code=status.HTTP_201_CREATED)
async def create_article(
    principal: ArticlesWrite, session: Session, data: ArticleCreate, response: Response
) -> dict[str, Any]:
    """Begin an article."""
    return _made(await service.create_article(session, principal, data), response)


@router.get("/drafts", response_model=Page[DraftRead])
async def list_drafts(
    principal: ArticlesWrite, session: Session, page: PageRequest, state: Annotated[State | None, Query()] = None
) -> Page[Any]:
    """Articles as they are being written."""
    statement = repository.drafts(principal, state)
    return await paginate(session, statement, order_by=repository.LATEST_DRAFT, page=page, to_item=_draft)


@router.get("/due-for-review", response_model=Page[ArticleSummary])
async def list_due_for_review(principal: ArticlesWrite, session: Session, page: PageRequest) -> Page[Any]:
    """Published articles whose validity has ended or ends within thirty days, the first to end first."""
    statement = repository.ending(principal, china_today() + REVIEW_BEFORE)
    order = (ArticleVersion.valid_to, ArticleVersion.article_id)
    return await paginate(session, statement, order_by=order, page=page, to_item=finding.summary)


@router.get("/from-request/{request_id}", response_model=Proposal)
async def propose_from_request(
    *, principal: ArticlesWrite, session: Session, vault: VaultDep, request_id: UUID, response: Response
) -> dict[str, Any]:
    """The answer that an enquiry was given, to be rewritten for everybody. Nothing is stored yet."""
    response.headers["Cache-Control"] = "no-store"
    return await service.propose_from_request(session, vault, principal, request_id)


@router.post("/from-request/{request_id}", response_model=DraftRead, status_code=status.HTTP_201_CREATED)
async def create_from_request(
    principal: ArticlesWrite, session: Session, request_id: UUID, data: ArticleFromRequest, response: Response
) -> dict[str, Any]:
    """A draft of what somebody has made of the answer. Its requester hears when it is published."""
    return _made(await service.create_from_request(session, principal, request_id, data), response)


@router.get("/{article_id}/draft", response_model=DraftRead)
async def get_draft(
    *, principal: ArticlesWrite, session: Session, article_id: UUID, request: Request, response: Response
) -> dict[str, Any]:
    article = await repository.get_article(session, principal, article_id)
    tag_response(request, response, article.version)
    return _draft(article)


@router.patch("/{article_id}", response_model=DraftRead)
async def update_article(
    *,
    principal: ArticlesWrite,
    session: Session,
    article_id: UUID,
    data: ArticleUpdate,
    expected: IfMatch,
    response: Response,
) -> dict[str, Any]:
    """Write in it; what is published stays as it is."""
    article = await service.update_article(session, principal, article_id, data, expected)
    response.headers["ETag"] = etag(article.version)
    return _draft(article)


@router.get("/{article_id}/versions", response_model=Page[VersionRead])
async def list_versions(principal: ArticlesWrite, session: Session, page: PageRequest, article_id: UUID) -> Page[Any]:
    """Everything that was ever published of it, the latest first."""
    article = await repository.get_article(session, principal, article_id)
    statement = repository.versions(article)
    return await paginate(session, statement, order_by=repository.LATEST, page=page, to_item=finding.summary)


@router.post("/{article_id}/submit-for-review", response_model=DraftRead)
async def submit_article(principal: ArticlesWrite, session: Session, article_id: UUID) -> dict[str, Any]:
    """Ask somebody else to review it."""
    return _draft(await service.submit_article(session, principal, article_id))


@router.post("/{article_id}/return", response_model=DraftRead)
async def return_article(
    principal: ArticlesWrite, session: Session, article_id: UUID, data: ReviewNote
) -> dict[str, Any]:
    """Give it back, and say why."""
    return _draft(await service.return_article(session, principal, article_id, data.note))


@router.post("/{article_id}/publish", response_model=DraftRead)
async def publish_article(principal: ArticlesWrite, session: Session, article_id: UUID) -> dict[str, Any]:
    """Let everybody read it; by somebody who has not written in it."""
    return _draft(await service.publish_article(session, principal, article_id))


@router.post("/{article_id}/retire", response_model=DraftRead)
async def retire_article(principal: ArticlesWrite, session: Session, article_id: UUID) -> dict[str, Any]:
    """Nobody reads it any more."""
    return _draft(await service.retire_article(session, principal, article_id))


def _draft(article: Article) -> dict[str, Any]:
    return columns_of(article) | {"category": article.category_code}


def _made(article: Article, response: Response) -> dict[str, Any]:
    response.headers["Location"] = f"/v1/articles/{article.id}/draft"
    response.headers["ETag"] = etag(article.version)
    return _draft(article)
