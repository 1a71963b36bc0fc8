"""Who answers for a person, and for whom the person answers. Another resident is named by id only."""

from sqlalchemy import or_, select
from sqlmodel import col

from services.residents.guardians.models import GuardianGround, Guardianship
from services.residents.people.models import Person
from services.residents.sections import Section, coded, section_of
from services.residents.words import GUARDIAN_RELATIONS
from shared.crypto import DataKey
from shared.db import AsyncSession
from shared.errors import both
from shared.vault import Vault

_GROUNDS = {
    GuardianGround.MINOR: both("未成年", "a minor"),
    GuardianGround.INCAPACITY: both("行为能力受限", "without full capacity"),
}
_SIDES = {"ward": both("被监护人", "ward"), "guardian": both("监护人", "guardian")}


async def guardians_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    statement = (
        select(Guardianship)
        .where(
            col(Guardianship.community_code) == person.community_code,
            or_(col(Guardianship.ward_id) == person.id, col(Guardianship.guardian_id) == person.id),
        )
        .order_by(col(Guardianship.began_on), col(Guardianship.id))
    )
    key = await vault.key_for(person.community_code, person.id)
    found = (await session.execute(statement)).scalars()
    return section_of(
        "guardians",
        both("监护关系", "Guardianships"),
        {
            "person_is": both("本人为", "The person is the"),
            "relation": both("监护人身份", "What the guardian is"),
            "ground": both("原因", "Why"),
            "name": both("监护人姓名", "Guardian's name"),
            "phone": both("监护人电话", "Guardian's phone"),
            "other_id": both("对方编号", "The other person"),
            "began_on": both("开始", "From"),
            "ended_on": both("结束", "Until"),
        },
        [
            {
                "person_is": coded("ward" if each.ward_id == person.id else "guardian", _SIDES),
                "relation": coded(each.relation, GUARDIAN_RELATIONS),
                "ground": coded(each.ground, _GROUNDS),
                "name": _open(key, each, "name") if each.ward_id == person.id else None,
                "phone": _open(key, each, "phone") if each.ward_id == person.id else None,
                "other_id": each.guardian_id if each.ward_id == person.id else each.ward_id,
                "began_on": each.began_on,
                "ended_on": each.ended_on,
            }
            for each in found
        ],
    )


def _open(key: DataKey, guardianship: Guardianship, column: str) -> str | None:
    sealed = getattr(guardianship, column)
    return None if sealed is None else key.open(sealed, table="guardianship", column=column, row_id=guardianship.id)
