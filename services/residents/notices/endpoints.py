from uuid import UUID

from fastapi import Request, Response
from sqlmodel import col

from services.residents.notices import repository, service
from services.residents.notices.auth import NoticesRead
from services.residents.notices.models import Notice
from services.residents.notices.schemas import NoticeRead
from shared.concurrency import tag_response
from shared.errors import language_of
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/notices", tags=["notices"])


@router.get("", response_model=Page[NoticeRead])
async def list_notices(
    principal: NoticesRead,
    session: Session,
    page: PageRequest,
    request: Request,
    response: Response,
    unread: bool = False,
) -> Page[NoticeRead]:
    """The caller's inbox, newest first, in the language that Accept-Language prefers."""
    statement = repository.readable(principal)
    if unread:
        statement = statement.where(col(Notice.read_at).is_(None))
    language = _language(request, response)
    order = (col(Notice.community_code).desc(), col(Notice.id).desc())
    return await paginate(
        session, statement, order_by=order, page=page, to_item=lambda notice: NoticeRead.of(notice, language)
    )


@router.get("/{notice_id}", response_model=NoticeRead)
async def get_notice(
    principal: NoticesRead, session: Session, notice_id: UUID, request: Request, response: Response
) -> NoticeRead:
    notice = await repository.get_notice(session, principal, notice_id)
    tag_response(request, response, notice.version)
    return NoticeRead.of(notice, _language(request, response))


@router.post("/{notice_id}/read", response_model=NoticeRead)
async def mark_read(
    principal: NoticesRead, session: Session, notice_id: UUID, request: Request, response: Response
) -> NoticeRead:
    notice = await service.mark_read(session, principal, notice_id)
    return NoticeRead.of(notice, _language(request, response))


def _language(request: Request, response: Response) -> str:
    language = language_of(request.headers.get("accept-language"))
    response.headers["Content-Language"] = "zh-CN" if language == "zh" else "en"
    response.headers["Vary"] = "Accept-Language"
    return language
