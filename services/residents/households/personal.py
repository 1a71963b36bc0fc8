"""Where a person lives, and which homes of others they own, as the register knows it."""

from sqlalchemy import and_, select
from sqlmodel import col

from services.residents.households.models import HomeOwner, Household
from services.residents.households.service import open_rooms
from services.residents.people.models import Person
from services.residents.sections import Section, section_of
from shared.db import AsyncSession
from shared.errors import both
from shared.vault import Vault


async def household_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    household = await session.get_one(Household, (person.community_code, person.household_id))
    rooms = await open_rooms(vault, [household])
    return section_of(
        "household",
        both("住户", "Household"),
        {
            "household_id": both("住户编号", "Household"),
            "compound": both("小区", "Compound"),
            "building": both("楼栋", "Building"),
            "unit": both("单元", "Unit"),
            "room": both("房号", "Room"),
            "grid_code": both("网格", "Grid"),
        },
        [
            {
                **household.model_dump(include={"compound", "building", "unit", "grid_code"}),
                "household_id": household.id,
                "room": rooms.get(household.id),
            }
        ],
    )


async def homes_owned_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    """Homes in which others live: no room, since that is theirs to know."""
    owned = and_(
        col(HomeOwner.community_code) == col(Household.community_code), col(HomeOwner.household_id) == col(Household.id)
    )
    statement = (
        select(Household)
        .join(HomeOwner, owned)
        .where(col(HomeOwner.community_code) == person.community_code, col(HomeOwner.owner_id) == person.id)
        .order_by(col(Household.id))
    )
    return section_of(
        "homes_owned",
        both("名下出租或出借的房屋", "Homes owned"),
        {
            "household_id": both("住户编号", "Household"),
            "compound": both("小区", "Compound"),
            "building": both("楼栋", "Building"),
            "unit": both("单元", "Unit"),
        },
        [
            {**home.model_dump(include={"compound", "building", "unit"}), "household_id": home.id}
            for home in (await session.execute(statement)).scalars()
        ],
    )
