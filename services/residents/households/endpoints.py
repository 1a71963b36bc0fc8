from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status
from sqlmodel import col

from services.residents.household_cards.models import HouseholdCard
from services.residents.household_cards.rules import ColourCode
from services.residents.households import repository, service
from services.residents.households.auth import SEE_THE_COLOUR, HouseholdsRead, HouseholdsWrite
from services.residents.households.models import Household
from services.residents.households.schemas import (
    HouseholdCreate,
    HouseholdMove,
    HouseholdRead,
    HouseholdUpdate,
    PlaceName,
    Unit,
)
from shared.codes import GridCode
from shared.concurrency import IfMatch, etag
from shared.errors import Forbidden
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/households", tags=["households"])

Place = Annotated[PlaceName | None, Query()]


@router.get("", response_model=Page[HouseholdRead])
async def list_households(
    principal: HouseholdsRead,
    session: Session,
    vault: VaultDep,
    page: PageRequest,
    compound: Place = None,
    building: Place = None,
    unit: Annotated[Unit | None, Query()] = None,
    grid_code: Annotated[GridCode | None, Query()] = None,
    colour: Annotated[ColourCode | None, Query()] = None,
) -> Page[HouseholdRead]:
    """Households in the caller's reach, by address."""
    places = {"compound": compound, "building": building, "unit": unit, "grid_code": grid_code}
    chosen = {name: value for name, value in places.items() if value is not None}
    statement = repository.readable(principal).filter_by(**chosen).where(col(Household.ended_on).is_(None))
    if colour is not None:
        if principal.role not in SEE_THE_COLOUR:
            raise Forbidden
        statement = statement.join(
            HouseholdCard,
            (col(HouseholdCard.community_code) == Household.community_code)
            & (col(HouseholdCard.household_id) == Household.id),
        ).where(col(HouseholdCard.colour) == colour)
    order_by = (Household.community_code, Household.compound, Household.building, Household.unit, Household.id)
    found = await paginate(session, statement, order_by=order_by, page=page)
    found.items = await service.show(session, vault, principal, found.items)
    return found


@router.post("", response_model=HouseholdRead, status_code=status.HTTP_201_CREATED)
async def register_household(
    principal: HouseholdsWrite, session: Session, vault: VaultDep, data: HouseholdCreate, response: Response
) -> HouseholdRead:
    household = await service.register_household(session, vault, principal, data)
    response.headers["Location"] = f"/v1/households/{household.id}"
    return await _answer(session, vault, principal, household, response)


@router.get("/{household_id}", response_model=HouseholdRead)
async def get_household(
    principal: HouseholdsRead, session: Session, vault: VaultDep, household_id: UUID, response: Response
) -> HouseholdRead:
    """The ETag is for changing the household. Copies are not kept: the colour changes without it."""
    household = await repository.get_household(session, principal, household_id)
    response.headers["Cache-Control"] = "no-store"
    return await _answer(session, vault, principal, household, response)


@router.patch("/{household_id}", response_model=HouseholdRead)
async def correct_household(
    principal: HouseholdsWrite,
    session: Session,
    vault: VaultDep,
    household_id: UUID,
    data: HouseholdUpdate,
    expected: IfMatch,
    response: Response,
) -> HouseholdRead:
    """Correct an address that was written wrongly, or by what right they live there."""
    household = await service.correct_household(session, vault, principal, household_id, data, expected)
    return await _answer(session, vault, principal, household, response)


@router.post("/{household_id}/move", response_model=HouseholdRead)
async def move_household(
    principal: HouseholdsWrite,
    session: Session,
    vault: VaultDep,
    household_id: UUID,
    data: HouseholdMove,
    response: Response,
) -> HouseholdRead:
    """The household now lives at another address of the community."""
    household = await service.move_household(session, vault, principal, household_id, data)
    return await _answer(session, vault, principal, household, response)


async def _answer(
    session: Session, vault: VaultDep, principal: HouseholdsRead, household: Household, response: Response
) -> HouseholdRead:
    response.headers["ETag"] = etag(household.version)
    [shown] = await service.show(session, vault, principal, [household])
    return shown
