"""What happens to a whole household: everybody leaves, it ends, a child is born into it."""

from datetime import date
from uuid import UUID

from services.residents.contact_cards.bearers import revoke_cards_of_household
from services.residents.events import HouseholdEnded as HouseholdEndedEvent
from services.residents.guardians.models import GuardianGround, GuardianRelation, Guardianship
from services.residents.households.models import Household
from services.residents.households.repository import get_household, lock_open_household
from services.residents.memberships import repository
from services.residents.memberships.errors import HouseholdNotEmpty, NotAMember
from services.residents.memberships.moves import depart
from services.residents.memberships.parents import Parent, doubts_of_parents
from services.residents.memberships.schemas import Birth, End, MoveOut
from services.residents.memberships.states import Verb
from services.residents.people import service as people
from services.residents.people.models import Person
from services.residents.people.records import open_person
from services.residents.people.repository import people_at_home
from services.residents.people.schemas import NumberDoubt, ParentDoubt, PersonCreate, Resemblance
from shared import outbox
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.db import AsyncSession
from shared.vault import Vault


async def move_household_out(
    session: AsyncSession, vault: Vault, principal: Principal, household_id: UUID, data: MoveOut
) -> Household:
    """Everybody leaves the community on the same day, and the household ends.

    People are locked before their household, as by every verb; who joins meanwhile is found once nobody can any more.
    """
    household = await get_household(session, principal, household_id)
    await repository.lock_members(session, household)
    household = await lock_open_household(session, principal, household_id)
    on = data.on or china_today()
    for person in await repository.lock_members(session, household):
        await depart(session, vault, person, Verb.MOVE_OUT, on, data.destination)
    await _end(session, household, on)
    return household


async def end_household(session: AsyncSession, principal: Principal, household_id: UUID, data: End) -> Household:
    """A household to which nobody belongs is no more; its address is free for another. HouseholdNotEmpty."""
    household = await lock_open_household(session, principal, household_id)
    if await repository.has_members(session, household):
        raise HouseholdNotEmpty
    await _end(session, household, data.on or china_today())
    return household


async def record_birth(
    session: AsyncSession, vault: Vault, principal: Principal, household_id: UUID, data: Birth
) -> tuple[Person, Household, list[Resemblance | NumberDoubt | ParentDoubt]]:
    """Register a child as a member since its birth, and its parents as its guardians; doubts of them are told."""
    child = PersonCreate(
        household_id=household_id,
        lives_here_since=data.birth_on,
        **data.model_dump(include={"name", "birth_on", "sex", "identity_number", "relation"}),
    )
    person, household, warnings = await people.register_person(session, vault, principal, child)
    await _add_parents(session, person, household, set(data.parents), data.birth_on)
    parents = await _parents(session, vault, person.community_code, sorted(set(data.parents)))
    return person, household, [*warnings, *doubts_of_parents(parents, data.birth_on)]


async def _parents(session: AsyncSession, vault: Vault, community_code: str, ids: list[UUID]) -> list[Parent]:
    parents = {person.id: person for person, _ in await people_at_home(session, community_code, ids)}
    keys = await vault.keys_for(community_code, ids)
    opened = {each: open_person(keys[each], parents[each], ("birth_on", "sex")) for each in ids}
    return [Parent(each, known.birth_on, known.sex) for each, known in opened.items()]


async def _add_parents(
    session: AsyncSession, child: Person, household: Household, parents: set[UUID], on: date
) -> None:
    members = {each.person_id for each in await repository.open_memberships(session, household)}
    if not parents <= members - {child.id}:
        raise NotAMember
    session.add_all(
        Guardianship(
            community_code=child.community_code,
            ward_id=child.id,
            guardian_id=parent_id,
            relation=GuardianRelation.PARENT,
            ground=GuardianGround.MINOR,
            began_on=on,
        )
        for parent_id in sorted(parents)
    )
    await session.flush()


async def _end(session: AsyncSession, household: Household, on: date) -> None:
    household.ended_on = on
    household.version += 1
    household.updated_at = utc_now()
    await session.flush()
    await revoke_cards_of_household(session, household.community_code, household.id)
    await outbox.add(
        session,
        HouseholdEndedEvent(household_id=household.id, grid_code=household.grid_code),
        community_code=household.community_code,
        subject=f"households/{household.id}",
        version=household.version,
    )
