"""Endpoints of who answers for a person."""

from uuid import UUID

from fastapi import status

from services.residents.guardians import service
from services.residents.guardians.schemas import GuardianAdd, GuardianRead, GuardianshipEnd
from services.residents.people import repository as people
from services.residents.people.auth import PeopleReveal, PeopleWrite
from services.residents.rights.reach import get_subject
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/people/{person_id}/guardians", tags=["people"])


@router.get("", response_model=list[GuardianRead])
async def list_guardians(
    principal: PeopleReveal, session: Session, vault: VaultDep, person_id: UUID
) -> list[GuardianRead]:
    """Who answers, or answered, for the person, masked, the latest first."""
    ward = (await get_subject(session, vault, principal, person_id)).person
    return await service.list_guardians(session, vault, ward)


@router.post("", response_model=list[GuardianRead], status_code=status.HTTP_201_CREATED)
async def add_guardian(
    principal: PeopleWrite, session: Session, vault: VaultDep, person_id: UUID, data: GuardianAdd
) -> list[GuardianRead]:
    """Of a minor, or of an adult without capacity. Answers the whole list."""
    await service.add_guardian(session, vault, principal, person_id, data)
    ward, _ = await people.get_person(session, principal, person_id)
    return await service.list_guardians(session, vault, ward)


@router.post("/{guardianship_id}/end", response_model=list[GuardianRead])
async def end_guardianship(
    principal: PeopleWrite,
    session: Session,
    vault: VaultDep,
    person_id: UUID,
    guardianship_id: UUID,
    data: GuardianshipEnd,
) -> list[GuardianRead]:
    """They no longer answer for this person; that they did stays on record."""
    ward = await service.end_guardianship(session, principal, person_id, guardianship_id, data)
    return await service.list_guardians(session, vault, ward)
