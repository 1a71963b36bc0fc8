"""Where a person lives, as the register knows it."""

from services.residents.households.models import Household
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
