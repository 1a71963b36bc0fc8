from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response, status
from sqlmodel import col

from services.residents.contact_cards import repository, service
from services.residents.contact_cards.auth import ContactCardsRead, ContactCardsRevoke, ContactCardsWrite
from services.residents.contact_cards.models import CardState, ContactCard
from services.residents.contact_cards.schemas import ContactCardCreate, ContactCardRead, Delivery, GridIssue, GridIssued
from shared.codes import GridCode
from shared.concurrency import tag_response
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/contact-cards", tags=["contact cards"])


@router.get("", response_model=Page[ContactCardRead])
async def list_contact_cards(
    principal: ContactCardsRead,
    session: Session,
    page: PageRequest,
    grid_code: Annotated[GridCode | None, Query()] = None,
    household_id: UUID | None = None,
    person_id: UUID | None = None,
    state: CardState | None = None,
) -> Page[ContactCard]:
    """Cards, oldest first; residents see those of their household and their own."""
    statement = repository.matching(
        repository.readable(principal),
        grid_code=grid_code,
        household_id=household_id,
        person_id=person_id,
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
    """A card for every household of the grid that has none."""
    return await service.issue_for_grid(session, principal, data.grid_code)


@router.get("/{card_id}", response_model=ContactCardRead)
async def get_contact_card(
    principal: ContactCardsRead, session: Session, card_id: UUID, request: Request, response: Response
) -> ContactCard:
    card = await repository.get_card(session, principal, card_id)
    tag_response(request, response, card.version)
    return card


@router.post("/{card_id}/deliver", response_model=ContactCardRead)
async def deliver(principal: ContactCardsWrite, session: Session, card_id: UUID, data: Delivery) -> ContactCard:
    """Handed over to its bearer, by the caller."""
    return await service.deliver_card(session, principal, card_id, is_explained=data.is_explained)


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
