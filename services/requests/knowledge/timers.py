"""Somebody is asked to look at an article again before its validity ends."""

from datetime import timedelta

from services.requests.knowledge import repository
from services.requests.knowledge.events import ArticleEnding
from shared import outbox
from shared.clock import china_today, utc_now
from shared.db import AsyncSession
from shared.timers import HOURLY, Timer

REVIEW_BEFORE = timedelta(days=30)


async def remind_of_ending(session: AsyncSession) -> int:
    """Once a version: the next one has an end of its own."""
    found = await repository.lock_ending(session, china_today(), REVIEW_BEFORE)
    for version in found:
        version.reminded_at = utc_now()
        if version.valid_to is None:
            continue
        await outbox.add(
            session,
            ArticleEnding(article_id=version.article_id, number=version.number, valid_to=version.valid_to),
            community_code=version.community_code,
            subject=f"articles/{version.article_id}",
            version=version.number,
        )
    await session.flush()
    return len(found)


TIMERS = [Timer("articles_ending", HOURLY, remind_of_ending)]
