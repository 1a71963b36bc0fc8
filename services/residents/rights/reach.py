"""Who may exercise a person's rights: the person, their guardian, and the staff who serve them."""

from enum import StrEnum
from uuid import UUID

from services.residents.people import repository
from services.residents.people.repository import PersonAtHome
from shared.auth import Principal, Role
from shared.db import AsyncSession
from shared.errors import NotFound


class By(StrEnum):
    """On whose side the caller stands."""

    SELF = "self"
    GUARDIAN = "guardian"
    COMMUNITY = "community"


async def get_subject(
    session: AsyncSession, principal: Principal, person_id: UUID, *, lock: bool = False
) -> tuple[PersonAtHome, By]:
    """The person, if this principal may exercise their rights; NotFound otherwise."""
    found = await repository.get_person(session, principal, person_id, lock=lock)
    if principal.role is not Role.RESIDENT:
        return found, By.COMMUNITY
    if principal.person_id != person_id:
        raise NotFound
    return found, By.SELF
