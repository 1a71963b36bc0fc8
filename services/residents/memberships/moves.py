"""People move, leave, come back and die. Each verb locks the person, ends one membership and may begin another."""

from datetime import date
from uuid import UUID

from services.residents.contact_cards import bearers
from services.residents.events import PersonLeft, PersonMoved, PersonReturned
from services.residents.guardians.repository import end_guardianships
from services.residents.household_cards.derive import derive_households
from services.residents.households.models import Household
from services.residents.households.repository import get_open_household
from services.residents.memberships import repository
from services.residents.memberships.errors import DateTooEarly, SameHousehold
from services.residents.memberships.models import Destination, EndReason
from services.residents.memberships.schemas import Death, Move, MoveOut
from services.residents.memberships.service import begin_membership
from services.residents.memberships.states import TRANSITIONS, Verb
from services.residents.people import repository as people
from services.residents.people.models import Person, PersonState
from services.residents.people.records import open_person
from services.residents.people.repository import PersonAtHome
from services.residents.people.tokens import index_phone
from shared import audit, outbox
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.envelope import Event
from shared.errors import WrongState
from shared.vault import Vault


async def move_person(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, data: Move
) -> PersonAtHome:
    """To another household of the community, from a day on."""
    person, left = await people.get_person(session, principal, person_id, lock=True)
    _require(person, Verb.MOVE)
    if data.household_id == left.id:
        raise SameHousehold
    household = await get_open_household(session, principal, data.household_id)
    on = data.on or china_today()
    await _leave(session, person, Verb.MOVE, on)
    person.household_id = household.id
    await begin_membership(session, person, data.relation, on)
    _touch(person)
    await bearers.follow_person(session, person)
    await derive_households(session, vault, person.community_code, {left.id, household.id})
    event = PersonMoved(
        person_id=person.id, household_id=household.id, from_household_id=left.id, grid_code=household.grid_code
    )
    await _tell(session, person, event)
    return person, household


async def move_out(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, data: MoveOut
) -> PersonAtHome:
    """Leave the community. The record stays for when they come back."""
    person, household = await people.get_person(session, principal, person_id, lock=True)
    await depart(session, vault, person, Verb.MOVE_OUT, data.on or china_today(), data.destination)
    return person, household


async def record_death(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, data: Death
) -> PersonAtHome:
    """The dead are nobody's guardian and need none; their record stays, and no resident reads it."""
    person, household = await people.get_person(session, principal, person_id, lock=True)
    on = data.on or china_today()
    await depart(session, vault, person, Verb.DIE, on)
    await end_guardianships(session, person, on)
    return person, household


async def depart(
    session: AsyncSession,
    vault: Vault,
    person: Person,
    verb: Verb,
    on: date,
    destination: Destination | None = None,
) -> None:
    """Somebody whose row is locked lives here no longer: found in no list, signed in to nothing."""
    _require(person, verb)
    await _leave(session, person, verb, on, destination)
    person.state, person.state_since = TRANSITIONS[verb].target, on
    _touch(person)
    await people.unlist_phone(session, person)
    await session.flush()
    await bearers.revoke_cards_of(session, person, bearers.LEFT[person.state])
    await derive_households(session, vault, person.community_code, [person.household_id])
    event = PersonLeft(person_id=person.id, household_id=person.household_id, reason=person.state.value)
    await _tell(session, person, event)


async def return_person(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, data: Move
) -> PersonAtHome:
    """Who left the community lives in it again."""
    person, _ = await people.get_person(session, principal, person_id, lock=True)
    _require(person, Verb.RETURN)
    household = await get_open_household(session, principal, data.household_id)
    on = data.on or china_today()
    if person.state_since is not None and on < person.state_since:
        raise DateTooEarly
    person.household_id = household.id
    await begin_membership(session, person, data.relation, on)
    await bearers.follow_person(session, person)
    await _come_back(session, vault, person, household, since=on)
    return person, household


async def correct_departure(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, person_id: UUID
) -> PersonAtHome:
    """They did not leave, or did not die: it was written down wrongly. What was written stays as corrected.

    HouseholdEnded if their household is no more: let them return to another.
    """
    person, household = await people.get_person(session, principal, person_id, lock=True)
    if person.state is PersonState.RESIDING:
        raise WrongState(person.state, [PersonState.MOVED_OUT, PersonState.DIED])
    spans = await repository.history(session, person)
    last = spans[-1] if spans else None
    await _write_down(session, signer, principal, person)
    if last is not None and last.end_reason is EndReason.MOVED_OUT and person.state is PersonState.DIED:
        person.state, person.state_since = PersonState.MOVED_OUT, last.ended_on
        _touch(person)
        return person, household
    household = await get_open_household(session, principal, household.id)
    began_on = last.began_on if last else china_today()
    if last is not None:
        last.end_reason = EndReason.CORRECTED
        last.version += 1
        last.updated_at = utc_now()
        await session.flush()
        await begin_membership(session, person, last.relation, began_on)
    await bearers.reinstate_cards(session, person, bearers.LEFT[person.state])
    await _come_back(session, vault, person, household, since=began_on if len(spans) > 1 else None)
    return person, household


async def _come_back(
    session: AsyncSession, vault: Vault, person: Person, household: Household, *, since: date | None
) -> None:
    """Found in lists again, and by phone. `since` is None for who was never away."""
    person.state, person.state_since = PersonState.RESIDING, since
    _touch(person)
    await session.flush()
    key = await vault.key_for(person.community_code, person.id)
    phone = open_person(key, person, ["phone"]).phone
    if phone is not None:
        index = index_phone(vault.keyring, phone)
        await people.list_phone(session, person.community_code, [(person.id, index)])
    await derive_households(session, vault, person.community_code, [household.id])
    await _tell(
        session,
        person,
        PersonReturned(person_id=person.id, household_id=household.id, grid_code=household.grid_code),
    )


def _require(person: Person, verb: Verb) -> None:
    sources = TRANSITIONS[verb].sources
    if person.state not in sources:
        raise WrongState(person.state, sources)


async def _leave(
    session: AsyncSession, person: Person, verb: Verb, on: date, destination: Destination | None = None
) -> None:
    """End the membership that is open, on a day that does not lie before it began."""
    reason = TRANSITIONS[verb].ends
    current = await repository.find_open(session, person)
    since = current.began_on if current else person.state_since
    if since is not None and on < since:
        raise DateTooEarly
    if current is not None and reason is not None:
        await repository.end_open(session, person, on, reason, destination)


def _touch(person: Person) -> None:
    person.version += 1
    person.updated_at = utc_now()


async def _tell(session: AsyncSession, person: Person, event: Event) -> None:
    await outbox.add(
        session, event, community_code=person.community_code, subject=f"people/{person.id}", version=person.version
    )


async def _write_down(session: AsyncSession, signer: Signer, principal: Principal, person: Person) -> None:
    """What had been recorded is told by the audit, since the record no longer does."""
    was = {"state": person.state.value, "since": str(person.state_since)}
    await audit.record(
        session,
        signer,
        principal,
        community_code=person.community_code,
        action="people.correct_departure",
        purpose=Purpose.CORRECTION,
        subject_type="person",
        subject_id=person.id,
        detail=was,
    )
