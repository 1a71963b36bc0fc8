"""A deliberation from its proposal to its publication; who sits there and votes is in `meeting_endpoints`."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response, status

from services.requests.deliberations import decision, listing, presentation, repository, service
from services.requests.deliberations.auth import DeliberationsManage, DeliberationsRead, DeliberationsTakePart
from services.requests.deliberations.models import Deliberation
from services.requests.deliberations.schemas import (
    Contributing,
    DeliberationChange,
    DeliberationCreate,
    DeliberationRead,
    DeliberationSummary,
    MinutesApproval,
    MinutesRead,
    MinutesWrite,
    Reason,
    Resolution,
    Schedule,
)
from services.requests.deliberations.states import DeliberationState
from shared.auth import Principal
from shared.codes import CommunityCode
from shared.concurrency import IfMatch, etag, tag_response
from shared.db import AsyncSession
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/deliberations", tags=["deliberations"])


@router.get("", response_model=Page[DeliberationSummary])
async def list_deliberations(
    principal: DeliberationsRead,
    session: Session,
    page: PageRequest,
    state: Annotated[list[DeliberationState] | None, Query(max_length=len(DeliberationState))] = None,
    mine: Annotated[bool, Query(description="Those at which the caller has a seat.")] = False,
    community_code: Annotated[CommunityCode | None, Query()] = None,
) -> Page[Any]:
    """Newest first: the community's for the office, published ones and one's own for everybody else."""
    statement = listing.chosen(principal, state or [], community_code, mine=mine)
    return await paginate(session, statement, order_by=listing.NEWEST, page=page, to_item=presentation.summary)


@router.get("/published", response_model=Page[DeliberationSummary])
async def list_published(principal: DeliberationsRead, session: Session, page: PageRequest) -> Page[Any]:
    """The community's board: what was decided together, the latest first."""
    statement = listing.chosen(principal, [DeliberationState.PUBLISHED], None)
    return await paginate(session, statement, order_by=listing.NEWEST, page=page, to_item=presentation.summary)


@router.post("", response_model=DeliberationRead, status_code=status.HTTP_201_CREATED)
async def propose(
    principal: DeliberationsManage, session: Session, vault: VaultDep, data: DeliberationCreate, response: Response
) -> dict[str, Any]:
    """Raise a deliberation from requests, e.g. those of a cluster. Each requester is told."""
    row = await service.propose(session, vault, principal, data)
    response.headers["Location"] = f"/v1/deliberations/{row.id}"
    response.headers["ETag"] = etag(row.version)
    return await _answer(session, principal, row)


@router.get("/{deliberation_id}", response_model=DeliberationRead)
async def get_deliberation(
    principal: DeliberationsRead, session: Session, deliberation_id: UUID, request: Request, response: Response
) -> dict[str, Any]:
    row = await repository.get_deliberation(session, principal, deliberation_id)
    tag_response(request, response, row.version)
    return await _answer(session, principal, row)


@router.patch("/{deliberation_id}", response_model=DeliberationRead)
async def change_deliberation(
    principal: DeliberationsManage,
    session: Session,
    deliberation_id: UUID,
    data: DeliberationChange,
    version: IfMatch,
    response: Response,
) -> dict[str, Any]:
    """Its words and agenda, until the meeting is opened."""
    row = await service.change(session, principal, deliberation_id, data, version)
    response.headers["ETag"] = etag(row.version)
    return await _answer(session, principal, row)


@router.post("/{deliberation_id}/requests", response_model=DeliberationRead)
async def add_requests(
    principal: DeliberationsManage, session: Session, vault: VaultDep, deliberation_id: UUID, data: Contributing
) -> dict[str, Any]:
    """Take up more requests, until the meeting is opened. Each requester is told."""
    row = await service.add_requests(session, vault, principal, deliberation_id, data.request_ids)
    return await _answer(session, principal, row)


@router.post("/{deliberation_id}/schedule", response_model=DeliberationRead)
async def schedule(
    principal: DeliberationsManage, session: Session, deliberation_id: UUID, data: Schedule
) -> dict[str, Any]:
    """Call the meeting with its quorum, or move it. Everybody is invited anew, and reminded the day before."""
    return await _answer(session, principal, await service.schedule(session, principal, deliberation_id, data))


@router.post("/{deliberation_id}/hold", response_model=DeliberationRead)
async def hold(principal: DeliberationsManage, session: Session, deliberation_id: UUID) -> dict[str, Any]:
    """Open the meeting, once enough of those who vote have been checked in."""
    return await _answer(session, principal, await service.hold(session, principal, deliberation_id))


@router.post("/{deliberation_id}/cancel", response_model=DeliberationRead)
async def cancel(
    principal: DeliberationsManage, session: Session, vault: VaultDep, deliberation_id: UUID, data: Reason
) -> dict[str, Any]:
    """Call it off. Whoever was invited and whoever asked is told."""
    row = await service.cancel(session, vault, principal, deliberation_id, data.text)
    return await _answer(session, principal, row)


@router.post("/{deliberation_id}/minutes", response_model=MinutesRead)
async def write_minutes(
    principal: DeliberationsTakePart, session: Session, vault: VaultDep, deliberation_id: UUID, data: MinutesWrite
) -> dict[str, Any]:
    """Write the minutes, or write them anew until the chair has approved them: office, chair and recorder."""
    row = await decision.write_minutes(session, vault, principal, deliberation_id, data.text)
    return {"text": data.text, "approved_at": row.minutes_approved_at}


@router.get("/{deliberation_id}/minutes", response_model=MinutesRead)
async def read_minutes(
    principal: DeliberationsTakePart, session: Session, vault: VaultDep, deliberation_id: UUID, response: Response
) -> dict[str, Any]:
    """For the office and whoever had a seat."""
    response.headers["Cache-Control"] = "no-store"
    row, text = await decision.read_minutes(session, vault, principal, deliberation_id)
    return {"text": text, "approved_at": row.minutes_approved_at}


@router.post("/{deliberation_id}/approve-minutes", response_model=DeliberationRead)
async def approve_minutes(
    principal: DeliberationsTakePart, session: Session, deliberation_id: UUID, data: MinutesApproval
) -> dict[str, Any]:
    """The chair signs them; on paper, the office says so. Nothing changes them afterwards."""
    row = await decision.approve_minutes(session, principal, deliberation_id, data)
    return await _answer(session, principal, row)


@router.post("/{deliberation_id}/resolve", response_model=DeliberationRead)
async def resolve(
    principal: DeliberationsManage, session: Session, deliberation_id: UUID, data: Resolution
) -> dict[str, Any]:
    """The resolution and its term, after a motion was carried and the minutes were approved."""
    return await _answer(session, principal, await decision.resolve(session, principal, deliberation_id, data))


@router.post("/{deliberation_id}/reject", response_model=DeliberationRead)
async def reject(
    principal: DeliberationsManage, session: Session, deliberation_id: UUID, data: Reason
) -> dict[str, Any]:
    """Nothing was carried: why, for everybody to read."""
    return await _answer(session, principal, await decision.reject(session, principal, deliberation_id, data.text))


@router.post("/{deliberation_id}/publish", response_model=DeliberationRead)
async def publish(
    principal: DeliberationsManage, session: Session, vault: VaultDep, deliberation_id: UUID
) -> dict[str, Any]:
    """Put the result on the community's board, and tell everybody who asked."""
    return await _answer(session, principal, await decision.publish(session, vault, principal, deliberation_id))


@router.post("/{deliberation_id}/carry-out", response_model=DeliberationRead)
async def carry_out(principal: DeliberationsManage, session: Session, deliberation_id: UUID) -> dict[str, Any]:
    """Report that what was resolved has been done. Its last project's acceptance does so by itself."""
    return await _answer(session, principal, await decision.carry_out(session, principal, deliberation_id))


async def _answer(session: AsyncSession, principal: Principal, row: Deliberation) -> dict[str, Any]:
    return await presentation.detailed(session, principal, row)
