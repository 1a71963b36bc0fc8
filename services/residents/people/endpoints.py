from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from services.residents.households.models import Household
from services.residents.people import access, repository, service
from services.residents.people.auth import PeopleErase, PeopleRead, PeopleReveal, PeopleWrite
from services.residents.people.models import Person, PersonState, TagKind
from services.residents.people.schemas import (
    PersonCorrected,
    PersonCreate,
    PersonRead,
    PersonRegistered,
    PersonUpdate,
    Reveal,
    RevealedPerson,
)
from shared.clock import china_today
from shared.codes import GridCode
from shared.concurrency import IfMatch, etag
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/people", tags=["people"])


@router.get("", response_model=Page[PersonRead])
async def list_people(
    principal: PeopleRead,
    session: Session,
    vault: VaultDep,
    page: PageRequest,
    household_id: Annotated[UUID | None, Query()] = None,
    grid_code: Annotated[GridCode | None, Query()] = None,
    state: Annotated[list[PersonState], Query(description="Default: those who live here.")] = [PersonState.RESIDING],  # noqa: B006
    tag: Annotated[TagKind | None, Query(description="Staff and grid workers only.")] = None,
) -> Page[PersonRead]:
    """People in the caller's reach, masked, in the order of their registration."""
    statement = repository.narrow(
        repository.readable(principal),
        household_id=household_id,
        grid_code=grid_code,
        states=state,
        tag=service.askable_tag(principal, tag),
        on=china_today(),
    )
    order_by = (Person.community_code, Person.id)
    found = await paginate(session, statement, order_by=order_by, page=page, to_item=repository.at_home)
    found.items = await service.show(session, vault, principal, found.items)
    return found


@router.post("", response_model=PersonRegistered, status_code=status.HTTP_201_CREATED)
async def register_person(
    principal: PeopleWrite, session: Session, vault: VaultDep, data: PersonCreate, response: Response
) -> PersonRegistered:
    """Register a resident. `warnings` name people who may be the same; nobody is merged."""
    person, household, warnings = await service.register_person(session, vault, principal, data)
    [shown] = await service.show(session, vault, principal, [(person, household)])
    response.headers["Location"] = f"/v1/people/{person.id}"
    response.headers["ETag"] = etag(person.version)
    return PersonRegistered(**shown.model_dump(), warnings=warnings)


@router.get("/{person_id}", response_model=PersonRead)
async def get_person(
    principal: PeopleRead, session: Session, vault: VaultDep, person_id: UUID, response: Response
) -> PersonRead:
    """The ETag is for changing the person. Copies are not kept: address and age change without it."""
    person, household = await repository.get_person(session, principal, person_id)
    response.headers.update({"ETag": etag(person.version), "Cache-Control": "no-store"})
    return await _shown(session, vault, principal, person, household)


@router.patch("/{person_id}", response_model=PersonCorrected)
async def correct_person(
    principal: PeopleWrite,
    session: Session,
    vault: VaultDep,
    person_id: UUID,
    data: PersonUpdate,
    expected: IfMatch,
    response: Response,
) -> PersonCorrected:
    """Correct what is known of a person, or put them into another household."""
    person, household = await service.correct_person(session, vault, principal, person_id, data, expected)
    response.headers["ETag"] = etag(person.version)
    shown = await _shown(session, vault, principal, person, household)
    return PersonCorrected(**shown.model_dump(), warnings=service.doubts(data.identity_number))


@router.post("/{person_id}/reveal", response_model=RevealedPerson)
async def reveal_person(
    principal: PeopleReveal,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    person_id: UUID,
    data: Reveal,
    response: Response,
) -> RevealedPerson:
    """The named fields in the clear, for a named purpose; written down."""
    response.headers["Cache-Control"] = "no-store"
    return await access.reveal_person(session, vault, signer, principal, person_id, data)


@router.post("/{person_id}/erase", status_code=status.HTTP_204_NO_CONTENT)
async def erase_person(
    principal: PeopleErase, session: Session, vault: VaultDep, signer: SignerDep, person_id: UUID
) -> None:
    """Make the person unreadable and unfindable for ever. An anonymous row remains."""
    await access.erase_person(session, vault, signer, principal, person_id)


async def _shown(
    session: Session, vault: VaultDep, principal: PeopleRead, person: Person, household: Household
) -> PersonRead:
    [shown] = await service.show(session, vault, principal, [(person, household)])
    return shown
