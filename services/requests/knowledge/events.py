"""What requests publishes of articles."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from shared.envelope import Event


class ArticlePublished(Event):
    type: ClassVar[str] = "requests.article_published.v1"

    article_id: UUID
    number: int
    category: str | None
    valid_to: date | None


class ArticleRetired(Event):
    type: ClassVar[str] = "requests.article_retired.v1"

    article_id: UUID
    number: int


class ArticleEnding(Event):
    """An article's validity ends within two weeks: somebody should look at it again. Once a version."""

    type: ClassVar[str] = "requests.article_ending.v1"

    article_id: UUID
    number: int
    valid_to: date


class ArticleEnded(Event):
    """It is out of force, and says so to whoever opens it. Once a version."""

    type: ClassVar[str] = "requests.article_ended.v1"

    article_id: UUID
    number: int
    valid_to: date
