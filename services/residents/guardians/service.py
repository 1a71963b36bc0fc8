"""Use cases of guardians. They flush and never commit: the edge does."""

from collections.abc import Sequence
from uuid import UUID

from services.residents.guardians import repository
from services.residents.guardians.errors import AlreadyGuardian, GroundMissing, GuardianUnable
from services.residents.guardians.models import GuardianGround, Guardianship, GuardianshipState
from services.residents.guardians.schemas import GuardianAdd, GuardianRead, GuardianshipEnd
from services.residents.guardians.sealing import open_guardian, seal_guardian
from services.residents.memberships.errors import DateTooEarly
from services.residents.people import repository as people
from services.residents.people.models import Person, PersonState
from services.residents.people.records import open_person
from services.residents.rights.reach import ADULT, current_guardianships, read_age
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.db import AsyncSession
from shared.errors import WrongState
from shared.identity import mask_name, mask_phone
from shared.ids import new_id
from shared.vault import Vault


async def add_guardian(
    session: AsyncSession, vault: Vault, principal: Principal, ward_id: UUID, data: GuardianAdd
) -> Guardianship:
    """Somebody answers for a minor, or for an adult without capacity (Civil Code, art. 27 and 28)."""
    ward, _ = await people.get_person(session, principal, ward_id, lock=True)
    if ward.state is PersonState.DIED:
        raise WrongState(ward.state, [PersonState.RESIDING, PersonState.MOVED_OUT])
    age = await read_age(vault, ward)
    is_minor = age is not None and age < ADULT
    if is_minor is not (data.ground is GuardianGround.MINOR):
        raise GroundMissing
    if data.person_id is not None:
        await _require_able(session, vault, principal, ward, data.person_id)
    guardianship = Guardianship(
        id=new_id(),
        community_code=ward.community_code,
        ward_id=ward.id,
        guardian_id=data.person_id,
        relation=data.relation,
        ground=data.ground,
        began_on=data.began_on or china_today(),
    )
    key = await vault.key_for(ward.community_code, ward.id)
    seal_guardian(key, guardianship, data.name, data.phone)
    session.add(guardianship)
    await session.flush()
    return guardianship


async def end_guardianship(
    session: AsyncSession, principal: Principal, ward_id: UUID, guardianship_id: UUID, data: GuardianshipEnd
) -> Person:
    """Somebody no longer answers for this person; that they did stays on record. Returns the ward."""
    ward, _ = await people.get_person(session, principal, ward_id, lock=True)
    guardianship = await repository.get_guardianship(session, ward, guardianship_id)
    if guardianship.ended_on is not None:
        raise WrongState(GuardianshipState.ENDED, [GuardianshipState.IN_FORCE])
    on = data.on or china_today()
    if on < guardianship.began_on:
        raise DateTooEarly
    guardianship.ended_on = on
    guardianship.version += 1
    guardianship.updated_at = utc_now()
    await session.flush()
    return ward


async def list_guardians(session: AsyncSession, vault: Vault, ward: Person) -> list[GuardianRead]:
    """Those who answer, or answered, for the person; masked, the latest first."""
    found = await repository.all_guardians(session, ward)
    in_force = {each.id for each in await current_guardianships(session, vault, ward)}
    names = await _names(session, vault, ward, found)
    return [
        GuardianRead(
            **each.model_dump(include=_SHOWN),
            name=mask_name(names[each.id][0]),
            phone=mask_phone(phone) if (phone := names[each.id][1]) else None,
            is_in_force=each.id in in_force,
        )
        for each in found
        if each.id in names
    ]


_SHOWN = {"id", "guardian_id", "relation", "ground", "began_on", "ended_on", "version"}


async def _names(
    session: AsyncSession, vault: Vault, ward: Person, found: Sequence[Guardianship]
) -> dict[UUID, tuple[str, str | None]]:
    """Name and phone of each, whether the registry knows them or the ward's record alone."""
    registered = await people.people_by_id(
        session, ward.community_code, [each.guardian_id for each in found if each.guardian_id]
    )
    keys = await vault.keys_for(ward.community_code, [ward.id, *registered])
    names: dict[UUID, tuple[str, str | None]] = {}
    for each in found:
        if each.guardian_id is None:
            name, phone = open_guardian(keys[ward.id], each)
        else:
            person = registered[each.guardian_id]
            known = open_person(keys[person.id], person, ["name", "phone"])
            name, phone = known.name, known.phone
        names[each.id] = (name or "", phone)
    return names


async def _require_able(
    session: AsyncSession, vault: Vault, principal: Principal, ward: Person, guardian_id: UUID
) -> None:
    guardian, _ = await people.get_person(session, principal, guardian_id)
    age = await read_age(vault, guardian)
    if guardian.id == ward.id or guardian.state is PersonState.DIED or (age is not None and age < ADULT):
        raise GuardianUnable
    if await repository.find_between(session, ward, guardian_id) is not None:
        raise AlreadyGuardian
