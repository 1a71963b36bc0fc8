"""What a finder may do: report a person who carries a card, and ask whether they are safe."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Request, status

from services.residents.found_persons import service
from services.residents.found_persons.schemas import FinderView, FoundReportCreate, FoundReportCreated
from shared.auth import PUBLIC
from shared.db import set_scope
from shared.errors import NotFound
from shared.routing import Router
from shared.sessions import PublicSession
from shared.vault import Vault

router = Router(prefix="/v1/public", tags=["public"])

FollowToken = Annotated[str, Query(max_length=200, description="`follow_token` of the report.")]


@router.post(
    "/contact-cards/{code}/found-reports",
    response_model=FoundReportCreated,
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(PUBLIC)],
)
async def report_by_card(
    session: PublicSession, code: str, data: FoundReportCreate, request: Request
) -> FoundReportCreated:
    """Somebody who carries this card seems lost or needs help. The grid's worker is alerted at once."""
    state = request.app.state
    return await service.report_by_card(session, Vault(session, state.keyring), state.settings, code, data)


@router.get("/found-reports/{report_id}", response_model=FinderView, dependencies=[Depends(PUBLIC)])
async def follow_report(
    session: PublicSession,
    report_id: UUID,
    token: FollowToken | None = None,
    follow_token: Annotated[str | None, Header(max_length=200)] = None,
) -> FinderView:
    """Received, on the way, safe, or ended. The token goes into `token` or the header `Follow-Token`."""
    community_code, _, secret = (follow_token or token or "").partition(".")
    if len(community_code) != 12 or not community_code.isdecimal() or not community_code.isascii():
        raise NotFound
    await set_scope(session, community_code)
    return FinderView(
        report_id=report_id, state=await service.follow_report(session, community_code, report_id, secret)
    )
