"""Somebody is asked to look at an article again before its validity ends, and told when it has."""

from datetime import timedelta

from services.requests.knowledge import repository
from services.requests.knowledge.events import ArticleEnded, ArticleEnding
from services.requests.knowledge.models import ArticleVersion
from shared import outbox
from shared.clock import china_today, utc_now
from shared.db import AsyncSession
from shared.timers import HOURLY, Timer

REVIEW_BEFORE = timedelta(days=30)
"""What ends within this time is in the list of what is to be looked at."""
REMIND_BEFORE = timedelta(days=14)


async def remind_of_ending(session: AsyncSession) -> int:
    """Each once a version: the next one has an end of its own. What has ended unnoticed is told as ended only."""
    today = china_today()
    found = await repository.lock_ending(session, today, REMIND_BEFORE)
    await outbox.add_many(session, [_told(version) for version in found])
    for version in found:
        version.reminded_at = version.reminded_at or utc_now()
        if version.valid_to is not None and version.valid_to < today:
            version.ended_at = utc_now()
    await session.flush()
    return len(found)


def _told(version: ArticleVersion) -> dict[str, object]:
    assert version.valid_to is not None
    kind = ArticleEnded if version.valid_to < china_today() else ArticleEnding
    return outbox.row(
        kind(article_id=version.article_id, number=version.number, valid_to=version.valid_to),
        community_code=version.community_code,
        subject=f"articles/{version.article_id}",
        version=version.number,
    )


TIMERS = [Timer("articles_ending", HOURLY, remind_of_ending)]
