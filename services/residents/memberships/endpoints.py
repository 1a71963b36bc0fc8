"""Endpoints of who belongs to which household: of one household, and of one person."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from services.residents.households import repository as households
from services.residents.households.auth import HouseholdsRead, HouseholdsWrite
from services.residents.households.models import Household
from services.residents.households.schemas import HouseholdRead
from services.residents.households.service import show as show_households
from services.residents.memberships import households as leaving
from services.residents.memberships import moves, repository, service
from services.residents.memberships.models import Membership
from services.residents.memberships.schemas import (
    Birth,
    Death,
    End,
    HeadAppoint,
    MemberRead,
    MembershipRead,
    MembershipUpdate,
    Move,
    MoveOut,
)
from services.residents.people import repository as people
from services.residents.people.auth import PeopleReveal, PeopleWrite
from services.residents.people.repository import PersonAtHome
from services.residents.people.schemas import PastDate, PersonRead, PersonRegistered
from services.residents.people.service import show
from services.residents.rights.reach import get_subject
from shared.auth import Principal
from shared.clock import china_today
from shared.concurrency import IfMatch, etag
from shared.db import AsyncSession
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep
from shared.vault import Vault

household_router = Router(prefix="/v1/households/{household_id}", tags=["households"])
person_router = Router(prefix="/v1/people/{person_id}", tags=["people"])


@household_router.get("/members", response_model=list[MemberRead])
async def list_members(
    principal: HouseholdsRead,
    session: Session,
    vault: VaultDep,
    household_id: UUID,
    on: Annotated[PastDate | None, Query(description="Who belonged to it on that day; default: now.")] = None,
) -> list[MemberRead]:
    """The members, masked, the head first; as far as the caller may see them."""
    return await _members(session, vault, principal, household_id, None if on == china_today() else on)


@household_router.post("/appoint-head", response_model=list[MemberRead])
async def appoint_head(
    principal: HouseholdsWrite, session: Session, vault: VaultDep, household_id: UUID, data: HeadAppoint
) -> list[MemberRead]:
    """Another member heads the household; the others' relations follow unless they are named."""
    household = await households.lock_open_household(session, principal, household_id)
    await service.appoint_head(session, vault, household, data)
    return await _members(session, vault, principal, household_id)


@household_router.post("/record-birth", response_model=PersonRegistered, status_code=status.HTTP_201_CREATED)
async def record_birth(
    principal: HouseholdsWrite,
    session: Session,
    vault: VaultDep,
    household_id: UUID,
    data: Birth,
    response: Response,
) -> PersonRegistered:
    """Register a newborn, with its parents as its guardians."""
    person, household, warnings = await leaving.record_birth(session, vault, principal, household_id, data)
    [shown] = await show(session, vault, principal, [(person, household)])
    response.headers.update({"Location": f"/v1/people/{person.id}", "ETag": etag(person.version)})
    return PersonRegistered(**shown.model_dump(), warnings=warnings)


@household_router.post("/move-out", response_model=HouseholdRead)
async def move_household_out(
    principal: HouseholdsWrite, session: Session, vault: VaultDep, household_id: UUID, data: MoveOut
) -> HouseholdRead:
    """Everybody leaves the community, and the household ends."""
    household = await leaving.move_household_out(session, vault, principal, household_id, data)
    [shown] = await show_households(session, vault, principal, [household])
    return shown


@household_router.post("/end", response_model=HouseholdRead)
async def end_household(
    principal: HouseholdsWrite, session: Session, vault: VaultDep, household_id: UUID, data: End
) -> HouseholdRead:
    """A household without members is no more; its address is free."""
    household = await leaving.end_household(session, principal, household_id, data)
    [shown] = await show_households(session, vault, principal, [household])
    return shown


@person_router.get("/memberships", response_model=list[MembershipRead])
async def list_memberships(
    principal: PeopleReveal, session: Session, vault: VaultDep, person_id: UUID
) -> list[MembershipRead]:
    """Where in the community the person lived, the latest first, with what was corrected. Residents see their own."""
    person = (await get_subject(session, vault, principal, person_id)).person
    return [_shown(membership, household) for membership, household in await repository.everything(session, person)]


@person_router.patch("/memberships/{membership_id}", response_model=MembershipRead)
async def correct_membership(
    principal: PeopleWrite,
    session: Session,
    vault: VaultDep,
    person_id: UUID,
    membership_id: UUID,
    data: MembershipUpdate,
    expected: IfMatch,
    response: Response,
) -> MembershipRead:
    """Correct a relation or a date; the person's history must still make sense."""
    person, _ = await people.get_person(session, principal, person_id, lock=True)
    membership = await service.correct_dates_or_relation(session, vault, person, membership_id, data, expected)
    response.headers["ETag"] = etag(membership.version)
    [found] = [pair for pair in await repository.everything(session, person) if pair[0].id == membership.id]
    return _shown(*found)


@person_router.post("/move", response_model=PersonRead)
async def move(
    principal: PeopleWrite, session: Session, vault: VaultDep, person_id: UUID, data: Move, response: Response
) -> PersonRead:
    """To another household of the community."""
    moved = await moves.move_person(session, vault, principal, person_id, data)
    return await _person(session, vault, principal, moved, response)


@person_router.post("/move-out", response_model=PersonRead)
async def move_out(
    principal: PeopleWrite, session: Session, vault: VaultDep, person_id: UUID, data: MoveOut, response: Response
) -> PersonRead:
    """Leaves the community; the record stays for when they come back."""
    left = await moves.move_out(session, vault, principal, person_id, data)
    return await _person(session, vault, principal, left, response)


@person_router.post("/return", response_model=PersonRead)
async def return_person(
    principal: PeopleWrite, session: Session, vault: VaultDep, person_id: UUID, data: Move, response: Response
) -> PersonRead:
    """Lives in the community again."""
    back = await moves.return_person(session, vault, principal, person_id, data)
    return await _person(session, vault, principal, back, response)


@person_router.post("/record-death", response_model=PersonRead)
async def record_death(
    principal: PeopleWrite, session: Session, vault: VaultDep, person_id: UUID, data: Death, response: Response
) -> PersonRead:
    dead = await moves.record_death(session, vault, principal, person_id, data)
    return await _person(session, vault, principal, dead, response)


@person_router.post("/correct-departure", response_model=PersonRead)
async def correct_departure(
    principal: PeopleWrite,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    person_id: UUID,
    response: Response,
) -> PersonRead:
    """They did not leave, or did not die; what had been written is told by the audit."""
    back = await moves.correct_departure(session, vault, signer, principal, person_id)
    return await _person(session, vault, principal, back, response)


async def _members(
    session: AsyncSession, vault: Vault, principal: Principal, household_id: UUID, on: PastDate | None = None
) -> list[MemberRead]:
    household = await households.get_household(session, principal, household_id)
    members = await repository.members_on(session, principal, household, on)
    shown = {person.id: person for person in await show(session, vault, principal, [pair for _, pair in members])}
    return [
        MemberRead(
            membership_id=membership.id,
            person=shown[membership.person_id],
            **membership.model_dump(include={"relation", "is_head", "began_on", "ended_on", "version"}),
        )
        for membership, _ in members
        if membership.person_id in shown
    ]


def _shown(membership: Membership, household: Household) -> MembershipRead:
    return MembershipRead(
        compound=household.compound,
        building=household.building,
        unit=household.unit,
        **membership.model_dump(include=MembershipRead.model_fields.keys() - {"compound", "building", "unit"}),
    )


async def _person(
    session: AsyncSession, vault: Vault, principal: Principal, found: PersonAtHome, response: Response
) -> PersonRead:
    [shown] = await show(session, vault, principal, [found])
    response.headers["ETag"] = etag(found[0].version)
    return shown
