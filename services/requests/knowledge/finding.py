"""Reading and finding articles. What is out of force is not found unless it is asked for, and then says so."""

import asyncio
from collections.abc import Sequence
from typing import Any

from services.requests.knowledge import repository
from services.requests.knowledge.models import ArticleVersion
from services.requests.knowledge.words import Mark, Term, dictionary, marks, terms_of, tsquery
from shared.auth import Principal
from shared.clock import china_today
from shared.db import AsyncSession, columns_of

SUGGESTED = 3
_FIELDS = ("title_zh", "title_en", "summary_zh", "summary_en", "body_zh", "body_en")
_AROUND = 30
_SHOWN = 90
"""Characters of a body that are shown around its first hit."""
_FIELDS_SHOWN = 3


async def load_dictionary() -> None:
    """Half a second, which no caller should wait for."""
    await asyncio.to_thread(dictionary)


async def search_articles(
    session: AsyncSession,
    principal: Principal,
    text: str,
    *,
    category: str | None,
    include_expired: bool,
    limit: int,
) -> list[dict[str, Any]]:
    """Articles that hold everything that was asked for; if none does, those that hold any of it."""
    statement = repository.published(principal)
    today = china_today()
    statement = repository.begun(statement, today) if include_expired else repository.valid_on(statement, today)
    if category is not None:
        statement = repository.in_category(statement, category)
    terms = terms_of(text)
    found: Sequence[ArticleVersion] = []
    for every in (True, False):
        if terms and not found:
            found = await repository.find_by_words(session, statement, tsquery(terms, every=every), limit)
    return [summary(version) | {"highlights": highlights(version, terms)} for version in found]


async def suggest_articles(
    session: AsyncSession, principal: Principal, text: str, category: str | None
) -> list[dict[str, Any]]:
    """What may answer a request before it is sent, from what has been typed of it. Nothing is kept."""
    terms = terms_of(text)
    if not any(term.is_telling for term in terms):
        return []
    statement = repository.valid_on(repository.published(principal), china_today())
    query = tsquery(terms, every=False)
    found = await repository.find_by_words(session, statement, query, SUGGESTED, category)
    return [summary(version) | {"highlights": highlights(version, terms)} for version in found]


def summary(version: ArticleVersion) -> dict[str, Any]:
    expired = version.valid_to is not None and version.valid_to < china_today()
    shown = columns_of(version) | {"id": version.article_id, "category": version.category_code, "expired": expired}
    del shown["search"]
    return shown


def highlights(version: ArticleVersion, terms: list[Term]) -> list[dict[str, Any]]:
    """Where it was hit: titles and summaries whole, bodies around the first hit."""
    found = []
    for name in _FIELDS:
        text = getattr(version, name)
        hits = marks(text, terms) if text else []
        if hits:
            found.append({"field": name} | (_excerpt(text, hits) if name.startswith("body") else _whole(text, hits)))
    return found[:_FIELDS_SHOWN]


def _whole(text: str, hits: list[Mark]) -> dict[str, Any]:
    return {"text": text, "marks": hits}


def _excerpt(text: str, hits: list[Mark]) -> dict[str, Any]:
    start = max(0, hits[0].start - _AROUND)
    end = min(len(text), start + _SHOWN)
    within = [(mark.start - start, min(mark.end, end) - start) for mark in hits if mark.start < end]
    return {"text": text[start:end], "marks": within}
