from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Integer, ScalarSelect, Select, String, Uuid, delete, false, select, text
from sqlmodel import col

from services.residents.household_cards.models import HouseholdCard
from services.residents.households.errors import HouseholdEnded
from services.residents.households.models import HomeOwner, Household
from services.residents.memberships.models import Membership
from services.residents.people.models import Person, PersonState
from shared.auth import Principal, Role
from shared.conditions import among, in_area
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.grid_directory import grid_address


def home_of(principal: Principal) -> ScalarSelect[UUID]:
    """Where a resident lives now. Their token is as old as their sign-in, and says where they lived then."""
    return (
        select(col(Person.household_id))
        .where(
            in_area(col(Person.community_code), principal.area),
            col(Person.id) == principal.person_id,
            col(Person.state) == PersonState.RESIDING,
            col(Person.merged_into).is_(None),
            col(Person.erased_at).is_(None),
        )
        .scalar_subquery()
    )


def readable(principal: Principal) -> Select[Household]:
    """The households that this principal may see; every query for a person starts here."""
    statement = select(Household).where(in_area(col(Household.community_code), principal.area))
    match principal.role:
        case Role.STAFF | Role.HEAD | Role.SUPERVISOR | Role.GATEWAY | Role.PARTNER:
            return statement
        case Role.GRID_WORKER:
            return statement.where(col(Household.grid_code).in_(principal.grids))
        case Role.RESIDENT if principal.person_id is not None:
            return statement.where(col(Household.id) == home_of(principal))
    return statement.where(false())


async def get_household(session: AsyncSession, principal: Principal, household_id: UUID) -> Household:
    found = (await session.execute(readable(principal).where(col(Household.id) == household_id))).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def get_open_household(session: AsyncSession, principal: Principal, household_id: UUID) -> Household:
    """A household that people may join; it cannot end until this transaction does. HouseholdEnded if it has."""
    statement = readable(principal).where(col(Household.id) == household_id)
    return await _open(session, statement.with_for_update(read=True, of=Household))


async def lock_open_household(session: AsyncSession, principal: Principal, household_id: UUID) -> Household:
    """The household as it is now, held until the transaction ends. HouseholdEnded if it is no more."""
    return await _open(
        session, readable(principal).where(col(Household.id) == household_id).with_for_update(of=Household)
    )


async def _open(session: AsyncSession, statement: Select[Household]) -> Household:
    statement = statement.execution_options(populate_existing=True)
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound
    if found.ended_on is not None:
        raise HouseholdEnded
    return found


async def households_by_id(
    session: AsyncSession, principal: Principal, household_ids: Iterable[UUID]
) -> Sequence[Household]:
    """Those of these households that this principal may see."""
    statement = readable(principal).where(among(col(Household.id), household_ids))
    return (await session.execute(statement)).scalars().all()


async def colours(session: AsyncSession, households: Sequence[Household]) -> dict[UUID, str | None]:
    """What the cards of these households show."""
    if not households:
        return {}
    statement = select(col(HouseholdCard.household_id), col(HouseholdCard.colour)).where(
        col(HouseholdCard.community_code).in_({household.community_code for household in households}),
        col(HouseholdCard.household_id).in_([household.id for household in households]),
    )
    return {row.household_id: row.colour for row in await session.execute(statement)}


async def headed(session: AsyncSession, households: Sequence[Household]) -> set[UUID]:
    """Those of these households that have a head."""
    statement = select(col(Membership.household_id)).where(
        col(Membership.community_code).in_({household.community_code for household in households}),
        among(col(Membership.household_id), [household.id for household in households]),
        col(Membership.ended_on).is_(None),
        col(Membership.is_head),
    )
    return set((await session.execute(statement)).scalars()) if households else set()


async def addresses(session: AsyncSession, community_code: str) -> dict[tuple[str, str, str], str]:
    """The community's whole address table: (compound, building, unit) → grid code."""
    columns = grid_address.c
    statement = select(columns.compound, columns.building, columns.unit, columns.grid_code).where(
        columns.community_code == community_code
    )
    return {(row.compound, row.building, row.unit): row.grid_code for row in await session.execute(statement)}


_FOLLOW_ADDRESSES = text("""
    UPDATE household
    SET grid_code = found.grid_code, version = household.version + 1, updated_at = now()
    FROM (
        SELECT dwelling.id,
               (SELECT address.grid_code
                FROM grid_address AS address
                WHERE address.community_code = :community_code AND address.compound = dwelling.compound
                      AND address.building = dwelling.building AND address.unit IN ('', dwelling.unit)
                ORDER BY address.unit DESC
                LIMIT 1) AS grid_code
        FROM household AS dwelling
        WHERE dwelling.community_code = :community_code
    ) AS found
    WHERE household.community_code = :community_code AND household.id = found.id
          AND household.grid_code IS DISTINCT FROM found.grid_code
    RETURNING household.id, household.grid_code, household.version
""").columns(id=Uuid(), grid_code=String(), version=Integer())


async def follow_addresses(session: AsyncSession, community_code: str) -> Iterable[tuple[UUID, str | None, int]]:
    """Put every household into the grid that its address has now. Returns (id, grid, version) of those that changed."""
    rows = (await session.execute(_FOLLOW_ADDRESSES, {"community_code": community_code})).all()
    return [(row.id, row.grid_code, row.version) for row in rows]


async def find_owner(session: AsyncSession, household: Household) -> HomeOwner | None:
    return await session.get(HomeOwner, (household.community_code, household.id))


async def forget_owner(session: AsyncSession, household: Household) -> None:
    await session.execute(
        delete(HomeOwner).where(
            col(HomeOwner.community_code) == household.community_code, col(HomeOwner.household_id) == household.id
        )
    )
