"""What only the gateway asks: who a phone is, and signed yeses for offers."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field, StringConstraints

from services.residents.households.models import Household
from services.residents.people import repository
from services.residents.people.attestations import attest
from services.residents.people.auth import GatewayOnly
from services.residents.people.models import Person
from services.residents.people.schemas import Schema
from services.residents.people.tokens import index_phone
from shared.db import set_scope
from shared.errors import NotFound
from shared.identity import PhoneText
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/internal", tags=["internal"])


class PhoneQuery(Schema):
    phone: PhoneText


class Registration(BaseModel):
    """Who somebody is who signs in, as the registry has it now."""

    community_code: str
    person_id: UUID
    household_id: UUID
    grid_code: str | None


class AttestationQuery(Schema):
    person_id: UUID
    conditions: Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=60)]], Field(max_length=100)]


@router.get("/people/{person_id}", response_model=Registration, include_in_schema=False)
async def get_registration(principal: GatewayOnly, session: Session, person_id: UUID) -> Registration:
    """Of somebody who signed in before; NotFound once they left or died. A merged record answers as the kept one."""
    found = await repository.find_resident(session, principal.community_code, person_id)
    if found is None:
        raise NotFound
    return _registration(*found)


@router.post("/people/by-phone", response_model=list[Registration], include_in_schema=False)
async def find_by_phone(
    principal: GatewayOnly, session: Session, vault: VaultDep, query: PhoneQuery
) -> list[Registration]:
    """Residents, of any community, who sign in with this phone; those registered first come first."""
    matches = []
    for community_code, person_id in await repository.people_of_phone(session, index_phone(vault.keyring, query.phone)):
        await set_scope(session, community_code)
        found = await repository.find_resident(session, community_code, person_id)
        if found is not None:
            matches.append(_registration(*found))
    return matches


def _registration(person: Person, household: Household) -> Registration:
    return Registration(
        community_code=person.community_code,
        person_id=person.id,
        household_id=household.id,
        grid_code=household.grid_code,
    )


@router.post("/attestations", response_model=dict[str, str], include_in_schema=False)
async def attest_conditions(
    principal: GatewayOnly, session: Session, vault: VaultDep, query: AttestationQuery, request: Request
) -> dict[str, str]:
    """Condition → signed token, for those that hold."""
    return await attest(
        session,
        vault,
        request.app.state.attestor,
        principal.community_code,
        query.person_id,
        query.conditions,
    )
