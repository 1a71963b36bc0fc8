from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response, status
from sqlmodel import col

from services.merchants.nearness import Near
from services.merchants.offers import listing, repository, service
from services.merchants.offers.auth import OffersRead, OffersWrite
from services.merchants.offers.models import Offer, OfferState
from services.merchants.offers.schemas import OfferCreate, OfferListed, OfferRead, OfferUpdate
from shared.clock import utc_now
from shared.concurrency import IfMatch, tag_response
from shared.dates import Day
from shared.db import AsyncSession
from shared.pagination import Page, PageRequest
from shared.routing import Router
from shared.sessions import Session
from shared.themes import Theme

router = Router(prefix="/v1/offers", tags=["offers"])


@router.get("", response_model=Page[OfferListed])
async def list_offers(
    *,
    principal: OffersRead,
    session: Session,
    page: PageRequest,
    near: Near,
    on: Annotated[Day | None, Query(description="Only what holds on this date in Asia/Shanghai.")] = None,
    merchant_id: Annotated[UUID | None, Query()] = None,
    theme: Annotated[Theme | None, Query()] = None,
    state: Annotated[OfferState | None, Query(description="Others than published: staff and the shop itself.")] = None,
) -> Page[Any]:
    """Offers, each with when it holds next; the nearest first when a position is given."""
    statement = repository.readable(principal)
    if merchant_id is not None:
        statement = statement.where(col(Offer.merchant_id) == merchant_id)
    if theme is not None:
        statement = statement.where(col(Offer.theme) == theme)
    if state is not None:
        statement = statement.where(col(Offer.state) == state)
    return await listing.list_offers(session, statement, page=page, near=near, on=on)


@router.post("", response_model=OfferRead, status_code=status.HTTP_201_CREATED)
async def draft_offer(
    principal: OffersWrite, session: Session, data: OfferCreate, response: Response
) -> dict[str, Any]:
    offer = await service.draft_offer(session, principal, data)
    response.headers["Location"] = f"/v1/offers/{offer.id}"
    return await _shown(session, offer)


@router.get("/{id}", response_model=OfferRead)
async def get_offer(
    principal: OffersRead, session: Session, id: UUID, request: Request, response: Response
) -> dict[str, Any]:
    """`limits.remaining` and `next_valid_at` move on while the ETag, which is the offer's own, stays."""
    offer = await repository.get_offer(session, principal, id)
    tag_response(request, response, offer.version)
    return await _shown(session, offer)


@router.patch("/{id}", response_model=OfferRead)
async def update_offer(
    principal: OffersWrite, session: Session, id: UUID, data: OfferUpdate, expected: IfMatch
) -> dict[str, Any]:
    """Change a draft."""
    return await _shown(session, await service.update_offer(session, principal, id, data, expected))


@router.post("/{id}/publish", response_model=OfferRead)
async def publish_offer(principal: OffersWrite, session: Session, id: UUID) -> dict[str, Any]:
    return await _shown(session, await service.publish_offer(session, principal, id))


@router.post("/{id}/withdraw", response_model=OfferRead)
async def withdraw_offer(principal: OffersWrite, session: Session, id: UUID) -> dict[str, Any]:
    """End a draft or published offer; codes that are out already stay good."""
    return await _shown(session, await service.withdraw_offer(session, principal, id))


async def _shown(session: AsyncSession, offer: Offer) -> dict[str, Any]:
    taken = await repository.counters(session, offer.community_code, [offer.id])
    return listing.shown(offer, taken.get(offer.id), utc_now())
