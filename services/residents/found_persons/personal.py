"""The cases in which a person was found. What finders and others wrote belongs to the case and is not repeated here."""

from sqlalchemy import or_, select
from sqlmodel import col

from services.residents.found_persons.models import FoundPerson
from services.residents.people.models import Person
from services.residents.sections import Section, coded, section_of
from services.residents.words import CASE_STATES, OUTCOMES
from shared.db import AsyncSession
from shared.errors import both
from shared.vault import Vault


async def found_persons_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    concerned = or_(
        col(FoundPerson.person_id) == person.id,
        col(FoundPerson.person_id).is_(None) & (col(FoundPerson.presumed_person_id) == person.id),
    )
    statement = (
        select(FoundPerson)
        .where(col(FoundPerson.community_code) == person.community_code, concerned)
        .order_by(col(FoundPerson.id))
    )
    cases = (await session.execute(statement)).scalars()
    return section_of(
        "found_persons",
        both("走失协助记录", "Found-person cases"),
        {
            "found_person_id": both("编号", "Case"),
            "reported_at": both("报告时间", "Reported"),
            "state": both("状态", "State"),
            "outcome": both("结果", "Outcome"),
            "closed_at": both("结案时间", "Closed"),
        },
        [
            {
                "found_person_id": case.id,
                "reported_at": case.created_at,
                "state": coded(case.state, CASE_STATES),
                "outcome": coded(case.outcome, OUTCOMES) if case.outcome else None,
                "closed_at": case.closed_at,
            }
            for case in cases
        ],
    )
