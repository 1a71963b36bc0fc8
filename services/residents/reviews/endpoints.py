from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col

from services.residents.reviews import repository, service
from services.residents.reviews.auth import ReviewsCount, ReviewsDecide
from services.residents.reviews.models import AccessReview, ReviewState
from services.residents.reviews.schemas import ReviewCounts, ReviewRead, ReviewRevealed, Verdict
from shared.clock import CHINA, utc_now
from shared.concurrency import tag_response
from shared.dates import Instant
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/access-reviews", tags=["rights"])

_EVER = datetime(2000, 1, 1, tzinfo=CHINA)


@router.get("", response_model=Page[ReviewRead])
async def list_reviews(
    principal: ReviewsDecide,
    session: Session,
    page: PageRequest,
    state: Annotated[ReviewState, Query()] = ReviewState.OPEN,
) -> Page[ReviewRead]:
    """Emergency accesses to judge, the oldest first; `state` shows those that were judged."""
    statement = repository.readable(principal).where(col(AccessReview.state) == state)
    order_by = (col(AccessReview.id),)
    return await paginate(session, statement, order_by=order_by, page=page, to_item=ReviewRead.of)


@router.get("/statistics", response_model=list[ReviewCounts])
async def count_reviews(
    principal: ReviewsCount,
    session: Session,
    since: Annotated[Instant | None, Query()] = None,
    until: Annotated[Instant | None, Query()] = None,
) -> list[ReviewCounts]:
    """How many accesses were judged how, and how many are late, per community."""
    now = utc_now()
    rows = await repository.count_reviews(session, principal, since or _EVER, until or now, now)
    return [ReviewCounts.model_validate(row, from_attributes=True) for row in rows]


@router.get("/{review_id}", response_model=ReviewRead)
async def get_review(
    principal: ReviewsDecide, session: Session, review_id: UUID, request: Request, response: Response
) -> ReviewRead:
    review = await repository.get_review(session, principal, review_id)
    tag_response(request, response, review.version)
    return ReviewRead.of(review)


@router.post("/{review_id}/reveal", response_model=ReviewRevealed)
async def reveal_review(
    principal: ReviewsDecide, session: Session, vault: VaultDep, signer: SignerDep, review_id: UUID, response: Response
) -> ReviewRevealed:
    """Who was read about and the reason given; written down."""
    response.headers["Cache-Control"] = "no-store"
    return await service.reveal_review(session, vault, signer, principal, review_id)


@router.post("/{review_id}/mark-justified", response_model=ReviewRead)
async def mark_justified(
    principal: ReviewsDecide, session: Session, vault: VaultDep, signer: SignerDep, review_id: UUID, data: Verdict
) -> ReviewRead:
    """The emergency was one. Nobody judges their own access."""
    state = ReviewState.JUSTIFIED
    return ReviewRead.of(await service.decide_review(session, vault, signer, principal, review_id, state, data.note))


@router.post("/{review_id}/mark-unjustified", response_model=ReviewRead)
async def mark_unjustified(
    principal: ReviewsDecide, session: Session, vault: VaultDep, signer: SignerDep, review_id: UUID, data: Verdict
) -> ReviewRead:
    """There was no good reason: everybody who was read about is told."""
    state = ReviewState.UNJUSTIFIED
    return ReviewRead.of(await service.decide_review(session, vault, signer, principal, review_id, state, data.note))
