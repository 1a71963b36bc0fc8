from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.residents.notices.models import Notice, NoticeKind
from services.residents.notices.templates import render


class NoticeRead(BaseModel):
    id: UUID
    kind: NoticeKind
    title: str
    text: str
    parameters: dict[str, str]
    """What it is about, by id and code, e.g. `request_id`."""
    read_at: datetime | None
    version: int
    created_at: datetime

    @classmethod
    def of(cls, notice: Notice, language: str) -> "NoticeRead":
        title, text = render(notice.kind, notice.parameters, language)
        return cls(
            id=notice.id,
            kind=notice.kind,
            title=title,
            text=text,
            parameters=notice.parameters,
            read_at=notice.read_at,
            version=notice.version,
            created_at=notice.created_at,
        )
