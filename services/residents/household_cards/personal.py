"""What the five colours said of a person's household, and why.

Not what staff wrote when they set one: that may speak of others who live there.
"""

from sqlalchemy import select
from sqlmodel import col

from services.residents.household_cards.models import HouseholdCardChange
from services.residents.people.models import Person
from services.residents.sections import Section, coded, section_of
from services.residents.words import CARD_CAUSES
from shared.db import AsyncSession
from shared.errors import both
from shared.vault import Vault


async def household_cards_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    statement = (
        select(HouseholdCardChange)
        .where(
            col(HouseholdCardChange.community_code) == person.community_code,
            col(HouseholdCardChange.household_id) == person.household_id,
        )
        .order_by(col(HouseholdCardChange.began_at))
    )
    changes = (await session.execute(statement)).scalars()
    return section_of(
        "household_cards",
        both("五色户卡记录", "Household card"),
        {
            "colour": both("颜色", "Colour"),
            "began_at": both("开始", "From"),
            "ended_at": both("结束", "To"),
            "cause": both("原因", "Cause"),
            "facts": both("依据条件", "Conditions that decided"),
        },
        [
            {
                "colour": change.colour,
                "began_at": change.began_at,
                "ended_at": change.ended_at,
                "cause": coded(change.cause, CARD_CAUSES),
                "facts": ", ".join(change.facts) or None,
            }
            for change in changes
        ],
    )
