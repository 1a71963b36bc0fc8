"""Who owns a home that its members do not: masked, and in the clear for a purpose."""

from typing import Any
from uuid import UUID

from services.residents.households import repository
from services.residents.households.errors import OwnersLiveHere
from services.residents.households.models import HomeOwner, Household, Tenure
from services.residents.households.schemas import OwnerRead, OwnerReveal, OwnerRevealed, OwnerWrite
from services.residents.people import repository as people
from services.residents.people.models import Person
from services.residents.people.records import open_person
from shared import audit
from shared.auth import Principal
from shared.clock import utc_now
from shared.crypto import DataKey, Signer
from shared.db import AsyncSession
from shared.identity import mask_name, mask_phone
from shared.vault import Vault


async def record_owner(
    session: AsyncSession, vault: Vault, principal: Principal, household: Household, data: OwnerWrite
) -> None:
    """Write down the owner, in place of any before. OwnersLiveHere where the members own their home."""
    if household.tenure is Tenure.OWNER_OCCUPIED:
        raise OwnersLiveHere
    if data.person_id is not None:
        await people.get_person(session, principal, data.person_id)
    key = await vault.key_for(household.community_code, household.id)
    owner = await repository.find_owner(session, household)
    if owner is None:
        owner = HomeOwner(community_code=household.community_code, household_id=household.id, version=0)
        session.add(owner)
    owner.sqlmodel_update(seal_owner(key, household.id, data))
    owner.version += 1
    owner.updated_at = utc_now()
    await session.flush()


async def show_owner(session: AsyncSession, vault: Vault, household: Household) -> OwnerRead:
    owner = await repository.find_owner(session, household)
    if owner is None:
        return OwnerRead(owner_id=None, name=None, phone=None)
    name, phone = await _known(session, vault, household, owner)
    return OwnerRead(
        owner_id=owner.owner_id,
        name=mask_name(name) if name else None,
        phone=mask_phone(phone) if phone else None,
    )


async def reveal_owner(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    principal: Principal,
    household: Household,
    data: OwnerReveal,
) -> OwnerRevealed:
    """Name and phone of an owner who is on this record alone; written down."""
    owner = await repository.find_owner(session, household)
    key = await vault.find_key(household.community_code, household.id)
    await audit.record(
        session,
        signer,
        principal,
        community_code=household.community_code,
        action="households.reveal_owner",
        purpose=data.purpose,
        subject_type="household",
        subject_id=household.id,
        fields=["owner"],
    )
    if owner is None or key is None:
        return OwnerRevealed(owner_id=None, name=None, phone=None)
    return OwnerRevealed(
        owner_id=owner.owner_id,
        name=_open(key, household, "name", owner.name),
        phone=_open(key, household, "phone", owner.phone),
    )


async def _known(
    session: AsyncSession, vault: Vault, household: Household, owner: HomeOwner
) -> tuple[str | None, str | None]:
    if owner.owner_id is None:
        key = await vault.key_for(household.community_code, household.id)
        return _open(key, household, "name", owner.name), _open(key, household, "phone", owner.phone)
    found = await people.people_by_id(session, household.community_code, [owner.owner_id])
    person: Person | None = found.get(owner.owner_id)
    if person is None:
        return None, None
    known = open_person(await vault.key_for(person.community_code, person.id), person, ["name", "phone"])
    return known.name, known.phone


def seal_owner(key: DataKey, household_id: UUID, data: OwnerWrite) -> dict[str, Any]:
    """The columns that say who owns the home of this household, whose key it is."""

    def sealed(column: str, value: str | None) -> bytes | None:
        return None if value is None else key.seal(value, table="home_owner", column=column, row_id=household_id)

    return {
        "owner_id": data.person_id,
        "name": sealed("name", data.name),
        "phone": sealed("phone", data.phone),
    }


def _open(key: DataKey, household: Household, column: str, sealed: bytes | None) -> str | None:
    return None if sealed is None else key.open(sealed, table="home_owner", column=column, row_id=household.id)
