"""Endpoints of a household's card."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import AfterValidator
from sqlmodel import col

from services.residents.household_cards import replay, repository, service
from services.residents.household_cards.auth import CardHistoryRead, CardsRead, CardsWrite
from services.residents.household_cards.models import HouseholdCard, HouseholdCardChange
from services.residents.household_cards.schemas import (
    CardChangeRead,
    CardOverride,
    CardRead,
    CardReplay,
    OverriddenCard,
    ReasonsReveal,
    RevealedReason,
)
from services.residents.households.repository import get_household
from shared import audit
from shared.clock import CHINA
from shared.concurrency import etag, tag_response
from shared.errors import both
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep


def _in_the_calendar(day: date) -> date:
    if not date(2000, 1, 1) <= day <= date(2200, 1, 1):
        raise ValueError(both("日期超出范围。", "The date is out of range."))
    return day


Day = Annotated[date, AfterValidator(_in_the_calendar)]

router = Router(prefix="/v1/households/{household_id}/card", tags=["household-cards"])


@router.get("", response_model=CardRead)
async def get_card(
    principal: CardsRead, session: Session, household_id: UUID, request: Request, response: Response
) -> CardRead:
    household = await get_household(session, principal, household_id)
    card = await repository.get_card(session, household)
    tag_response(request, response, card.version)
    return await service.show_card(session, principal, card)


@router.get("/history", response_model=Page[CardChangeRead])
async def list_changes(
    principal: CardHistoryRead,
    session: Session,
    household_id: UUID,
    page: PageRequest,
    on: Annotated[Day | None, Query(description="Only what the card said on this day (Asia/Shanghai).")] = None,
) -> Page[CardChangeRead]:
    """What the card said and why, the newest first: "why was this household yellow in May"."""
    household = await get_household(session, principal, household_id)
    statement = repository.changes_of(household)
    if on is not None:
        begin = datetime.combine(on, time.min, CHINA)
        statement = repository.in_force_between(statement, begin, begin + timedelta(days=1))
    order_by = (col(HouseholdCardChange.began_at).desc(), col(HouseholdCardChange.id).desc())
    found = await paginate(session, statement, order_by=order_by, page=page)
    found.items = [CardChangeRead.model_validate(change, from_attributes=True) for change in found.items]
    return found


@router.get("/replay", response_model=CardReplay)
async def replay_card(
    principal: CardHistoryRead,
    session: Session,
    vault: VaultDep,
    household_id: UUID,
    on: Annotated[Day, Query(description="A day of the past, or today (Asia/Shanghai).")],
) -> CardReplay:
    """The card derived anew for a day from the facts and the scheme of then, and whether the record agrees."""
    household = await get_household(session, principal, household_id)
    return await replay.replay_card(session, vault, household, on)


@router.post("/override", response_model=CardRead)
async def override_card(
    principal: CardsWrite,
    session: Session,
    vault: VaultDep,
    household_id: UUID,
    data: CardOverride,
    response: Response,
) -> CardRead:
    """Set the card for a while, with a reason; it goes back by itself after the last day."""
    household = await get_household(session, principal, household_id)
    card = await service.override_card(session, vault, principal, household, data)
    response.headers["ETag"] = etag(card.version)
    return await service.show_card(session, principal, card)


@router.post("/clear-override", response_model=CardRead)
async def clear_override(
    principal: CardsWrite, session: Session, vault: VaultDep, household_id: UUID, response: Response
) -> CardRead:
    household = await get_household(session, principal, household_id)
    card = await service.clear_override(session, vault, principal, household)
    response.headers["ETag"] = etag(card.version)
    return await service.show_card(session, principal, card)


@router.post("/reveal-reasons", response_model=list[RevealedReason])
async def reveal_reasons(
    principal: CardHistoryRead,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    household_id: UUID,
    data: ReasonsReveal,
) -> list[RevealedReason]:
    """Why staff overrode the card, in their own words; for a named purpose, audited."""
    household = await get_household(session, principal, household_id)
    await audit.record(
        session,
        signer,
        principal,
        community_code=household.community_code,
        action="household_cards.reveal_reasons",
        purpose=data.purpose,
        subject_type="household",
        subject_id=household.id,
        fields=["override_reason"],
    )
    return await service.reveal_reasons(session, vault, household)


overrides = Router(prefix="/v1/card-overrides", tags=["household-cards"])


@overrides.get("", response_model=Page[OverriddenCard])
async def list_overridden(
    principal: CardHistoryRead, session: Session, vault: VaultDep, page: PageRequest
) -> Page[OverriddenCard]:
    """Cards that staff have set, those that go back soonest first; the reasons are revealed one by one."""
    order_by = (HouseholdCard.community_code, HouseholdCard.override_until, HouseholdCard.household_id)
    found = await paginate(session, repository.overridden_cards(principal), order_by=order_by, page=page)
    found.items = await service.show_overridden(session, vault, principal, found.items)
    return found
