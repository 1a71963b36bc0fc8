"""Signed yeses for the conditions that offers name. There is no no, and nothing says why.

Without the person's consent to `eligibility` there is no yes either: it would tell others what group they belong to.

Conditions: `tag:veteran`, `colour:red`, `age>=80`, `age>79`, `age<=17`, `age<18`, `age:60-69`. One that is not
understood is simply not attested, so that one odd offer cannot spoil a quote.
"""

import re
from collections.abc import Iterable
from uuid import UUID

from services.residents.consents.repository import has_consented
from services.residents.household_cards.repository import get_card
from services.residents.people import repository
from services.residents.people.ages import age_on
from services.residents.people.records import open_person
from shared.audit import Purpose
from shared.clock import china_today
from shared.crypto import Attestor
from shared.db import AsyncSession
from shared.vault import Vault

_AGE = re.compile(r"age(?:(>=|<=|>|<)(\d{1,3})|:(\d{1,3})-(\d{1,3}))")


async def attest(
    session: AsyncSession,
    vault: Vault,
    attestor: Attestor,
    community_code: str,
    person_id: UUID,
    conditions: Iterable[str],
) -> dict[str, str]:
    """A token for each condition that holds of this person today; who is not known, or does not consent, has none."""
    found = await repository.find_resident(session, community_code, person_id)
    if found is None:
        return {}
    person, household = found
    if not await has_consented(session, person, Purpose.ELIGIBILITY):
        return {}
    wanted = set(conditions)
    today = china_today()
    tags = (await repository.tags_today(session, [person], today)).get(person.id, [])
    true = {f"tag:{tag}" for tag in tags}
    if any(condition.startswith("colour:") for condition in wanted):
        true.add(f"colour:{(await get_card(session, household)).colour}")
    if any(condition.startswith("age") for condition in wanted) and person.birth_on is not None:
        key = await vault.find_key(community_code, person.id)
        born = open_person(key, person, ["birth_on"]).birth_on if key else None
        if born is not None:
            age = age_on(born, today)
            true |= {condition for condition in wanted if age_condition_holds(condition, age)}
    return {condition: attestor.attest(person_id, condition) for condition in sorted(wanted & true)}


def age_condition_holds(condition: str, age: int) -> bool:
    """False also for what is no condition on ages."""
    read = _AGE.fullmatch(condition)
    if read is None:
        return False
    comparison, limit, youngest, oldest = read.groups()
    if comparison is None:
        return int(youngest) <= age <= int(oldest)
    bound = int(limit)
    return {">=": age >= bound, "<=": age <= bound, ">": age > bound, "<": age < bound}[comparison]
