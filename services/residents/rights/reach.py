"""Who may exercise a person's rights: the person, their guardian, and the staff who serve them."""

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import col

from services.residents.guardians.models import GuardianGround, Guardianship
from services.residents.households.models import Household
from services.residents.people import repository
from services.residents.people.ages import age_on
from services.residents.people.models import Person
from services.residents.people.records import open_birth_date
from shared.auth import Principal, Role
from shared.clock import china_today
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.vault import Vault

ADULT = 18
"""Civil Code, art. 17."""


class By(StrEnum):
    """On whose side the caller stands."""

    SELF = "self"
    GUARDIAN = "guardian"
    COMMUNITY = "community"


class Subject(NamedTuple):
    """Whose rights, and who exercises them."""

    person: Person
    household: Household
    by: By
    guardianship_id: UUID | None = None


async def get_subject(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, *, lock: bool = False
) -> Subject:
    """The person, if this principal may exercise their rights; NotFound otherwise.

    A guardian reaches their ward wherever the ward lives, and for as long as the guardianship holds.
    """
    if principal.role is not Role.RESIDENT:
        return Subject(*await repository.get_person(session, principal, person_id, lock=lock), By.COMMUNITY)
    if principal.person_id == person_id:
        return Subject(*await repository.get_person(session, principal, person_id, lock=lock), By.SELF)
    found = await repository.find_person(session, principal.community_code, person_id)
    if found is None or principal.person_id is None:
        raise NotFound
    held = await current_guardianships(session, vault, found[0])
    mine = next((each for each in held if each.guardian_id == principal.person_id), None)
    if mine is None:
        raise NotFound
    if lock:
        await session.refresh(found[0], with_for_update=True)
    return Subject(*found, By.GUARDIAN, mine.id)


async def current_guardianships(session: AsyncSession, vault: Vault, ward: Person) -> list[Guardianship]:
    """Those that hold today; one over a minor lapses on the eighteenth birthday."""
    today = china_today()
    statement = select(Guardianship).where(
        col(Guardianship.community_code) == ward.community_code,
        col(Guardianship.ward_id) == ward.id,
        col(Guardianship.began_on) <= today,
        or_(col(Guardianship.ended_on).is_(None), col(Guardianship.ended_on) > today),
    )
    found = list((await session.execute(statement.order_by(col(Guardianship.id)))).scalars())
    age = await read_age(vault, ward)
    if age is not None and age >= ADULT:
        return [each for each in found if each.ground is not GuardianGround.MINOR]
    return found


async def read_age(vault: Vault, person: Person) -> int | None:
    """In full years today; None where no birth date is known."""
    key = await vault.find_key(person.community_code, person.id) if person.birth_on else None
    if key is None or person.birth_on is None:
        return None
    return age_on(open_birth_date(key, person.id, person.birth_on), china_today())
