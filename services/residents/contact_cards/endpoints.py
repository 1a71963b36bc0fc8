import asyncio
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from annotated_types import Interval
from fastapi import Query, Request, Response, status
from sqlmodel import col

from services.residents.contact_cards import printing, repository, scan_repository, scans, service
from services.residents.contact_cards.auth import (
    ContactCardScans,
    ContactCardsConfirm,
    ContactCardsRead,
    ContactCardsRevoke,
    ContactCardsWrite,
)
from services.residents.contact_cards.delivery_list import render_delivery_list
from services.residents.contact_cards.models import CardKind, CardState, ContactCard, ContactCardScan
from services.residents.contact_cards.schemas import (
    ContactCardCreate,
    ContactCardRead,
    Delivered,
    Deliveries,
    Delivery,
    GridCards,
    GridIssue,
    GridIssued,
    Scans,
    ScanStatistics,
)
from services.residents.paper import PDF
from shared.clock import china_today
from shared.codes import GridCode
from shared.concurrency import tag_response
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

Day = Annotated[date, Interval(ge=date(2020, 1, 1), le=date(2199, 12, 31))]
router = Router(prefix="/v1/contact-cards", tags=["contact cards"])


@router.get("", response_model=Page[ContactCardRead])
async def list_contact_cards(
    principal: ContactCardsRead,
    session: Session,
    page: PageRequest,
    grid_code: Annotated[GridCode | None, Query()] = None,
    household_id: UUID | None = None,
    person_id: UUID | None = None,
    kind: CardKind | None = None,
    state: CardState | None = None,
) -> Page[ContactCard]:
    """Cards, oldest first; residents see those of their household and their own."""
    statement = repository.matching(
        repository.readable(principal),
        grid_code=grid_code,
        household_id=household_id,
        person_id=person_id,
        kind=kind,
        state=state,
    )
    return await paginate(
        session, statement, order_by=(col(ContactCard.community_code), col(ContactCard.id)), page=page
    )


@router.post("", response_model=ContactCardRead, status_code=status.HTTP_201_CREATED)
async def issue_contact_card(
    principal: ContactCardsWrite, session: Session, data: ContactCardCreate, response: Response
) -> ContactCard:
    card = await service.issue_card(session, principal, data)
    response.headers["Location"] = f"/v1/contact-cards/{card.id}"
    return card


@router.post("/issue-for-grid", response_model=GridIssued, status_code=status.HTTP_201_CREATED)
async def issue_for_grid(principal: ContactCardsWrite, session: Session, data: GridIssue) -> GridIssued:
    """A card for every household of the grid that has none of this kind."""
    return await service.issue_for_grid(session, principal, data)


@router.post("/deliver-many", response_model=Delivered)
async def deliver_many(principal: ContactCardsWrite, session: Session, data: Deliveries) -> Delivered:
    """Handed over one after the other, by the caller; cards that did not wait are named and left as they are."""
    return await service.deliver_cards(session, principal, data)


@router.get("/delivery-list.pdf", response_class=Response, responses=PDF)
async def print_delivery_list(
    principal: ContactCardsWrite,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    grid_code: Annotated[GridCode, Query()],
    kind: CardKind | None = None,
    undelivered_only: bool = True,
) -> Response:
    """Which card goes to which door, in the order of the sheets, with boxes to tick; no names. Written down."""
    wanted = GridCards(grid_code=grid_code, kind=kind, undelivered_only=undelivered_only)
    cards = await printing.delivery_list(session, vault, signer, principal, wanted)
    document = await asyncio.to_thread(render_delivery_list, grid_code, cards)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'inline; filename="delivery-{grid_code}.pdf"'}
    return Response(document, media_type="application/pdf", headers=headers)


@router.get("/scan-statistics", response_model=ScanStatistics)
async def get_scan_statistics(
    principal: ContactCardScans,
    session: Session,
    first_on: Day | None = None,
    last_on: Day | None = None,
    grid_code: Annotated[GridCode | None, Query()] = None,
) -> ScanStatistics:
    """How often the cards of each grid were read, and how many reports followed; the last 30 days unless asked."""
    last = last_on or china_today()
    first = first_on or last - timedelta(days=29)
    return await scans.count_scans(session, principal, first, last, grid_code)


@router.get("/{card_id}", response_model=ContactCardRead)
async def get_contact_card(
    principal: ContactCardsRead, session: Session, card_id: UUID, request: Request, response: Response
) -> ContactCard:
    card = await repository.get_card(session, principal, card_id)
    tag_response(request, response, card.version)
    return card


@router.get("/{card_id}/scans", response_model=Page[Scans])
async def list_scans(
    principal: ContactCardsWrite, session: Session, card_id: UUID, page: PageRequest
) -> Page[ContactCardScan]:
    """The minutes in which the card was read, newest first."""
    card = await repository.get_card(session, principal, card_id)
    order_by = (col(ContactCardScan.scanned_at).desc(),)
    return await paginate(session, scan_repository.scans_of(card), order_by=order_by, page=page)


@router.post("/{card_id}/deliver", response_model=ContactCardRead)
async def deliver(principal: ContactCardsWrite, session: Session, card_id: UUID, data: Delivery) -> ContactCard:
    """Handed over to its bearer, by the caller."""
    return await service.deliver_card(session, principal, card_id, is_explained=data.is_explained)


@router.post("/{card_id}/confirm", response_model=ContactCardRead)
async def confirm(principal: ContactCardsConfirm, session: Session, card_id: UUID) -> ContactCard:
    """The bearer or their household has it; said once, it stays."""
    return await service.confirm_card(session, principal, card_id)


@router.post("/{card_id}/report-lost", response_model=ContactCardRead)
async def report_lost(principal: ContactCardsRead, session: Session, card_id: UUID) -> ContactCard:
    return await service.report_lost(session, principal, card_id)


@router.post("/{card_id}/replace", response_model=ContactCardRead, status_code=status.HTTP_201_CREATED)
async def replace(principal: ContactCardsWrite, session: Session, card_id: UUID, response: Response) -> ContactCard:
    """Issue a new card for the same bearer; the answer is the new one."""
    card = await service.replace_card(session, principal, card_id)
    response.headers["Location"] = f"/v1/contact-cards/{card.id}"
    return card


@router.post("/{card_id}/revoke", response_model=ContactCardRead)
async def revoke(principal: ContactCardsRevoke, session: Session, card_id: UUID) -> ContactCard:
    return await service.revoke_card(session, principal, card_id)
