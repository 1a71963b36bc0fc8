"""Which households a person belonged to, and when."""

from sqlmodel import col

from services.residents.memberships import repository
from services.residents.memberships.models import Membership
from services.residents.people.models import Person
from services.residents.sections import Section, coded, section_of
from services.residents.words import END_REASONS, HOUSEHOLD_RELATIONS
from shared.db import AsyncSession
from shared.errors import both
from shared.vault import Vault


async def memberships_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    statement = repository.of_person(person).order_by(col(Membership.began_on), col(Membership.id))
    return section_of(
        "memberships",
        both("户内关系记录", "Memberships of households"),
        {
            "household_id": both("住户编号", "Household"),
            "relation": both("与户主关系", "Relation to the head"),
            "began_on": both("开始", "From"),
            "ended_on": both("结束", "Until"),
            "end_reason": both("结束原因", "Why it ended"),
        },
        [
            {
                **membership.model_dump(include={"household_id", "began_on", "ended_on"}),
                "relation": coded(membership.relation, HOUSEHOLD_RELATIONS),
                "end_reason": coded(membership.end_reason, END_REASONS) if membership.end_reason else None,
            }
            for membership in (await session.execute(statement)).scalars()
        ],
    )
