"""Use cases of articles: written by one, reviewed by another, published for everybody. They flush and never commit."""

from typing import Any
from uuid import UUID

from services.requests.knowledge import repository
from services.requests.knowledge.errors import NoSource, NotAnswered, NotForEverybody, NotOnesOwn
from services.requests.knowledge.events import ArticlePublished, ArticleRetired
from services.requests.knowledge.models import CONTENT, Article, ArticleVersion, ArticleVote
from services.requests.knowledge.schemas import ArticleCreate, ArticleUpdate
from services.requests.knowledge.states import Action, after
from services.requests.knowledge.words import tsvector
from services.requests.service_requests import repository as requests
from services.requests.service_requests.models import ServiceRequest, Step
from services.requests.service_requests.texts import keys_of, text_of
from services.requests.service_requests.timeline import Actor, entry_of
from services.requests.service_requests.timeline import record as record_step
from shared import outbox
from shared.auth import Principal
from shared.clock import utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession
from shared.envelope import Event
from shared.errors import NotFound, invalid
from shared.vault import Vault


async def create_article(
    session: AsyncSession, principal: Principal, data: ArticleCreate, *, from_request_id: UUID | None = None
) -> Article:
    """Begin an article. Nobody but the office sees it until somebody else has published it."""
    data.check()
    article = Article(
        community_code=principal.community_code,
        edited_by=[principal.subject],
        from_request_id=from_request_id,
        **_content(data),
    )
    await _check_category(session, article)
    session.add(article)
    await session.flush()
    return article


async def update_article(
    session: AsyncSession, principal: Principal, article_id: UUID, data: ArticleUpdate, expected: int
) -> Article:
    """Write in it. What is published stays as it is until the next version is."""
    article = await repository.get_article(session, principal, article_id, lock=True)
    check_version(article.version, expected)
    article.state = after(article.state, Action.EDIT)
    article.sqlmodel_update({name: value for name, value in _content(data).items() if _column(name, data)})
    if article.valid_to is not None and article.valid_to < article.valid_from:
        raise invalid("/valid_to", "range", "不能早于生效日期", "Not before valid_from")
    await _check_category(session, article)
    if principal.subject not in article.edited_by:
        article.edited_by = [*article.edited_by, principal.subject]
    return await _touch(session, article)


async def submit_article(session: AsyncSession, principal: Principal, article_id: UUID) -> Article:
    """Ask for its review. It has to say what it rests on."""
    article = await repository.get_article(session, principal, article_id, lock=True)
    article.state = after(article.state, Action.SUBMIT)
    if not article.sources:
        raise NoSource
    article.review_note = None
    return await _touch(session, article)


async def return_article(session: AsyncSession, principal: Principal, article_id: UUID, note: str) -> Article:
    """Give it back to whoever wrote it, and say why."""
    article = await repository.get_article(session, principal, article_id, lock=True)
    article.state = after(article.state, Action.RETURN)
    article.review_note = note
    return await _touch(session, article)


async def publish_article(session: AsyncSession, principal: Principal, article_id: UUID) -> Article:
    """Let everybody read it. Raises NotOnesOwn for whoever has written in this version."""
    article = await repository.get_article(session, principal, article_id, lock=True)
    article.state = after(article.state, Action.PUBLISH)
    if principal.subject in article.edited_by:
        raise NotOnesOwn
    await repository.end_current(session, article)
    article.published_number += 1
    content = {name: getattr(article, name) for name in CONTENT}
    session.add(
        ArticleVersion(
            community_code=article.community_code,
            article_id=article.id,
            number=article.published_number,
            search=_filed(article),
            edited_by=article.edited_by,
            published_by=principal.subject,
            **content,
        )
    )
    article.edited_by = []
    await _touch(session, article)
    event = ArticlePublished(
        article_id=article.id,
        number=article.published_number,
        category=article.category_code,
        valid_to=article.valid_to,
    )
    await _tell(session, article, event)
    if article.from_request_id is not None and article.published_number == 1:
        await _tell_requester(session, principal, article, article.from_request_id)
    return article


async def retire_article(session: AsyncSession, principal: Principal, article_id: UUID) -> Article:
    """Nobody reads it any more; its versions are kept."""
    article = await repository.get_article(session, principal, article_id, lock=True)
    article.state = after(article.state, Action.RETIRE)
    await repository.end_current(session, article)
    await _touch(session, article)
    await _tell(session, article, ArticleRetired(article_id=article.id, number=article.published_number))
    return article


async def vote(session: AsyncSession, principal: Principal, version: ArticleVersion, *, helpful: bool) -> Article:
    """Say whether it helped; said again, the last word counts."""
    if principal.person_id is None:
        raise NotFound
    article = await repository.article_of(session, version, lock=True)
    known = await repository.find_vote(session, article, principal.person_id)
    if known is None:
        session.add(
            ArticleVote(
                community_code=article.community_code,
                article_id=article.id,
                person_id=principal.person_id,
                helpful=helpful,
            )
        )
    elif known.helpful == helpful:
        return article
    else:
        known.helpful = helpful
        article.helpful_count -= not helpful
        article.unhelpful_count -= helpful
    article.helpful_count += helpful
    article.unhelpful_count += not helpful
    await session.flush()
    return article


# From an answered enquiry


async def propose_from_request(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID
) -> dict[str, Any]:
    """The answer to an enquiry, for somebody to make an article of. Nothing is stored, and nothing of the question."""
    request = await _answered(session, principal, request_id)
    answer = await repository.find_answer(session, request)
    text = text_of(answer, await keys_of(vault, [answer])) if answer else None
    if text is None:
        raise NotAnswered
    category = await repository.get_category(session, request)
    return {
        "request_id": request.id,
        "category": category.code,
        "title_zh": category.name_zh,
        "title_en": category.name_en,
        "body_zh": text,
    }


async def create_from_request(
    session: AsyncSession, principal: Principal, request_id: UUID, data: ArticleCreate
) -> Article:
    """A draft of what somebody has made of the answer; its requester hears when it is published."""
    request = await _answered(session, principal, request_id)
    if await repository.find_answer(session, request) is None:
        raise NotAnswered
    return await create_article(session, principal, data, from_request_id=request.id)


async def _answered(session: AsyncSession, principal: Principal, request_id: UUID) -> ServiceRequest:
    request = await requests.get_request(session, principal, request_id)
    if request.is_closed_to_others:
        raise NotForEverybody
    return request


async def _tell_requester(session: AsyncSession, principal: Principal, article: Article, request_id: UUID) -> None:
    request = await requests.find_by_id(session, article.community_code, request_id)
    if request is None or request.is_closed_to_others:
        return
    detail = {"type": "article", "id": str(article.id)}
    await record_step(session, request, entry_of(request, Step.LINKED, Actor.of(principal), detail=detail))


# Within


def _content(data: ArticleCreate | ArticleUpdate) -> dict[str, Any]:
    values = {name: getattr(data, name) for name in ArticleUpdate.model_fields}
    values["category_code"] = values.pop("category")
    values["sources"] = [source.model_dump(mode="json") for source in data.sources]
    return values


def _column(name: str, data: ArticleUpdate) -> bool:
    return ("category" if name == "category_code" else name) in data.model_fields_set


def _filed(article: Article) -> str:
    heavy, middle, light = "A", "B", "D"
    texts = [
        (heavy, article.title_zh),
        (heavy, article.title_en),
        (middle, article.summary_zh),
        (middle, article.summary_en),
        *((middle, tag) for tag in article.tags),
        (light, article.body_zh),
        (light, article.body_en),
    ]
    return tsvector((weight, text) for weight, text in texts if text)


async def _check_category(session: AsyncSession, article: Article) -> None:
    code = article.category_code
    if code is not None and not await repository.has_category(session, article.community_code, code):
        raise invalid("/category", "unknown", "没有这个类别", "No such category; see /v1/categories")


async def _touch(session: AsyncSession, article: Article) -> Article:
    article.version += 1
    article.updated_at = utc_now()
    await session.flush()
    return article


async def _tell(session: AsyncSession, article: Article, event: Event) -> None:
    await outbox.add(
        session,
        event,
        community_code=article.community_code,
        subject=f"articles/{article.id}",
        version=article.version,
    )
