"""Endpoints of requests about one's own data."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response, status
from sqlmodel import col

from services.residents.rights import repository, service
from services.residents.rights.auth import RightsAsk, RightsDecide, RightsFollow
from services.residents.rights.models import RightsRequest
from services.residents.rights.schemas import (
    CorrectionCreate,
    ErasureCreate,
    RequestAccept,
    RequestDecline,
    RightsRequestRead,
    RightsRequestRevealed,
)
from services.residents.rights.states import RequestKind, RequestState
from shared.clock import utc_now
from shared.concurrency import etag, tag_response
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

asking = Router(prefix="/v1/people/{person_id}", tags=["rights"])
router = Router(prefix="/v1/rights-requests", tags=["rights"])


@asking.post("/corrections", response_model=RightsRequestRead, status_code=status.HTTP_201_CREATED)
async def ask_correction(
    principal: RightsAsk, session: Session, vault: VaultDep, person_id: UUID, data: CorrectionCreate, response: Response
) -> RightsRequestRead:
    """Ask that what is kept about oneself or one's ward be corrected; decided within 15 days."""
    return _made(response, await service.ask_correction(session, vault, principal, person_id, data))


@asking.post("/erasure-requests", response_model=RightsRequestRead, status_code=status.HTTP_201_CREATED)
async def ask_erasure(
    principal: RightsAsk, session: Session, vault: VaultDep, person_id: UUID, data: ErasureCreate, response: Response
) -> RightsRequestRead:
    """Ask that everything kept about oneself or one's ward be erased; decided within 15 days."""
    return _made(response, await service.ask_erasure(session, vault, principal, person_id, data))


@router.get("", response_model=Page[RightsRequestRead])
async def list_requests(
    principal: RightsFollow,
    session: Session,
    page: PageRequest,
    person_id: Annotated[UUID | None, Query()] = None,
    kind: Annotated[RequestKind | None, Query()] = None,
    state: Annotated[RequestState | None, Query()] = None,
    overdue: Annotated[bool, Query(description="Only those that should have been decided.")] = False,
) -> Page[RightsRequestRead]:
    """Requests by the day on which they are due; residents see their own and those they made for a ward."""
    statement = repository.narrow(
        repository.readable(principal),
        person_id=person_id,
        kind=kind,
        state=state,
        overdue_at=utc_now() if overdue else None,
    )
    order_by = (col(RightsRequest.due_at), col(RightsRequest.id))
    return await paginate(session, statement, order_by=order_by, page=page, to_item=RightsRequestRead.of)


@router.get("/{request_id}", response_model=RightsRequestRead)
async def get_request(
    principal: RightsFollow, session: Session, request_id: UUID, request: Request, response: Response
) -> RightsRequestRead:
    found = await repository.get_request(session, principal, request_id)
    tag_response(request, response, found.version)
    return RightsRequestRead.of(found)


@router.post("/{request_id}/reveal", response_model=RightsRequestRevealed)
async def reveal_request(
    principal: RightsFollow, session: Session, vault: VaultDep, signer: SignerDep, request_id: UUID, response: Response
) -> RightsRequestRevealed:
    """The proposed values, the reason and the answer; written down when staff read it."""
    response.headers["Cache-Control"] = "no-store"
    return await service.reveal_request(session, vault, signer, principal, request_id)


@router.post("/{request_id}/accept", response_model=RightsRequestRead)
async def accept_request(
    principal: RightsDecide, session: Session, vault: VaultDep, signer: SignerDep, request_id: UUID, data: RequestAccept
) -> RightsRequestRead:
    """A correction is made at once; an erasure seven days later, and can be withdrawn until then."""
    return RightsRequestRead.of(await service.accept_request(session, vault, signer, principal, request_id, data))


@router.post("/{request_id}/decline", response_model=RightsRequestRead)
async def decline_request(
    principal: RightsDecide, session: Session, vault: VaultDep, request_id: UUID, data: RequestDecline
) -> RightsRequestRead:
    """Refuse with a reason; the person is told."""
    return RightsRequestRead.of(await service.decline_request(session, vault, principal, request_id, data))


@router.post("/{request_id}/withdraw", response_model=RightsRequestRead)
async def withdraw_request(
    principal: RightsAsk, session: Session, vault: VaultDep, request_id: UUID
) -> RightsRequestRead:
    return RightsRequestRead.of(await service.withdraw_request(session, vault, principal, request_id))


def _made(response: Response, request: RightsRequest) -> RightsRequestRead:
    response.headers["Location"] = f"/v1/rights-requests/{request.id}"
    response.headers["ETag"] = etag(request.version)
    return RightsRequestRead.of(request)
