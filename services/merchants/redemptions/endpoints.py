from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response, status
from sqlmodel import col

from services.merchants.holders.service import holder_now, holder_of
from services.merchants.quotes.schemas import Attestations
from services.merchants.quotes.service import attested_conditions
from services.merchants.quotes.tokens import QuoteSigner
from services.merchants.redemptions import repository, service
from services.merchants.redemptions.auth import (
    RedemptionsRead,
    RedemptionsRedeem,
    RedemptionsReserve,
    RedemptionsReverse,
)
from services.merchants.redemptions.errors import NotAPerson
from services.merchants.redemptions.models import Redemption
from services.merchants.redemptions.schemas import Redeem, RedemptionCreate, RedemptionRead, Reverse
from services.merchants.redemptions.states import State
from shared.auth import Principal, Role
from shared.concurrency import etag, tag_response
from shared.db import AsyncSession, columns_of
from shared.errors import NotFound
from shared.limits import RateLimit, enforce
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/redemptions", tags=["redemptions"])

RESERVATIONS = RateLimit("reservations", "30/minute")
"""Per person: places cannot be kept from others by reserving and cancelling without end."""


@router.get("", response_model=Page[RedemptionRead])
async def list_redemptions(
    *,
    principal: RedemptionsRead,
    session: Session,
    page: PageRequest,
    request: Request,
    state: Annotated[State | None, Query()] = None,
) -> Page[Any]:
    """One's own, a shop's or a community's, newest first."""
    statement = repository.readable(principal, await _holder(session, principal, request))
    if state is not None:
        statement = statement.where(col(Redemption.state) == state)
    order = (col(Redemption.community_code), col(Redemption.id).desc())
    found = await paginate(session, statement, order_by=order, page=page)
    found.items = await _shown(session, principal, found.items)
    return found


@router.post("", response_model=RedemptionRead, status_code=status.HTTP_201_CREATED)
async def reserve(
    *,
    principal: RedemptionsReserve,
    session: Session,
    data: RedemptionCreate,
    request: Request,
    response: Response,
    attestations: Attestations = None,
) -> dict[str, Any]:
    """Reserve what was quoted; the code is good for ten minutes."""
    holder = await _holder(session, principal, request, hold=True)
    if holder is None:
        raise NotAPerson
    response.headers.update(enforce((RESERVATIONS, str(principal.person_id))))
    signer: QuoteSigner = request.app.state.quotes
    promise = signer.read(data.quote, community_code=principal.community_code, holder=holder)
    attested = attested_conditions(request.app.state.attestations, principal, attestations)
    redemption, used = await service.reserve(session, promise, attested)
    response.headers["Location"] = f"/v1/redemptions/{redemption.id}"
    return columns_of(redemption) | {"offers": _offers(used)}


@router.post("/redeem", response_model=RedemptionRead)
async def redeem_by_code(
    principal: RedemptionsRedeem, session: Session, data: Redeem, response: Response
) -> dict[str, Any]:
    """The customer shows the code, the shop enters it."""
    return await _changed(session, principal, await service.redeem(session, principal, data.code), response)


@router.get("/{id}", response_model=RedemptionRead)
async def get_redemption(
    principal: RedemptionsRead, session: Session, id: UUID, request: Request, response: Response
) -> dict[str, Any]:
    statement = repository.readable(principal, await _holder(session, principal, request)).where(
        col(Redemption.id) == id
    )
    redemption = (await session.scalars(statement)).one_or_none()
    if redemption is None:
        raise NotFound
    tag_response(request, response, redemption.version)
    return (await _shown(session, principal, [redemption]))[0]


@router.post("/{id}/redeem", response_model=RedemptionRead)
async def redeem(
    principal: RedemptionsRedeem, session: Session, id: UUID, data: Redeem, response: Response
) -> dict[str, Any]:
    """The same for a known redemption, e.g. one whose QR code was scanned; its code is needed here too."""
    return await _changed(session, principal, await service.redeem(session, principal, data.code, id), response)


@router.post("/{id}/reverse", response_model=RedemptionRead)
async def reverse(
    principal: RedemptionsReverse, session: Session, id: UUID, data: Reverse, response: Response
) -> dict[str, Any]:
    """Undo a use: the shop within 24 hours, staff at any time."""
    return await _changed(session, principal, await service.reverse(session, principal, id, data.reason), response)


@router.post("/{id}/cancel", response_model=RedemptionRead)
async def cancel(
    principal: RedemptionsReserve, session: Session, id: UUID, request: Request, response: Response
) -> dict[str, Any]:
    """Give a reservation back."""
    holder = await _holder(session, principal, request)
    if holder is None:
        raise NotAPerson
    return await _changed(session, principal, await service.cancel(session, principal, holder, id), response)


async def _holder(session: AsyncSession, principal: Principal, request: Request, *, hold: bool = False) -> bytes | None:
    if principal.role is not Role.RESIDENT or principal.person_id is None:
        return None
    holder = holder_of(request.app.state.keyring, principal.person_id)
    return await holder_now(session, principal.community_code, holder, hold=hold)


async def _changed(
    session: AsyncSession, principal: Principal, redemption: Redemption, response: Response
) -> dict[str, Any]:
    response.headers["ETag"] = etag(redemption.version)
    return (await _shown(session, principal, [redemption]))[0]


async def _shown(session: AsyncSession, principal: Principal, redemptions: list[Redemption]) -> list[dict[str, Any]]:
    """What this caller may see: only the holder reads the code."""
    used = await repository.offers_of(session, redemptions)
    hidden = {} if principal.role is Role.RESIDENT else {"code": None}
    return [columns_of(redemption) | hidden | {"offers": _offers(used[redemption.id])} for redemption in redemptions]


def _offers(used: list[Any]) -> list[dict[str, Any]]:
    return [{"offer_id": each.offer_id, "saving_fen": each.saving_fen} for each in used]
