"""The duty desk hears of articles whose validity ends, so that nobody reads what no longer holds."""

from datetime import date
from uuid import UUID

from services.residents.notices import service
from services.residents.notices.models import NoticeKind
from shared.consumer import Handler, Handlers
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload


class ArticleEnds(Payload):
    article_id: UUID
    valid_to: date


def _tell_desk(kind: NoticeKind) -> Handler:
    async def tell_desk(session: AsyncSession, envelope: Envelope) -> None:
        article = ArticleEnds.model_validate(envelope.data)
        parameters = {"article_id": str(article.article_id), "due_on": article.valid_to.isoformat()}
        await service.notify_desk(session, envelope.community, kind, parameters)

    return tell_desk


ARTICLE_HANDLERS: Handlers = {
    f"requests.{kind.value}.v1": _tell_desk(kind) for kind in (NoticeKind.ARTICLE_ENDING, NoticeKind.ARTICLE_ENDED)
}
