"""Use cases of households. They flush and never commit: the edge does."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from services.residents.addresses.nearest import Place
from services.residents.addresses.service import require_known
from services.residents.contact_cards.service import follow_households
from services.residents.events import HouseholdEnded, HouseholdMoved, HouseholdRegistered
from services.residents.household_cards.derive import derive_one
from services.residents.households import repository
from services.residents.households.auth import SEE_THE_COLOUR, SEE_THE_DOOR
from services.residents.households.errors import HouseholdExists
from services.residents.households.models import Household, Tenure
from services.residents.households.schemas import (
    HouseholdCreate,
    HouseholdMove,
    HouseholdRead,
    HouseholdUpdate,
)
from services.residents.locks import Lock, share
from shared import outbox
from shared.auth import Principal, Role
from shared.clock import china_today, utc_now
from shared.concurrency import check_version
from shared.crypto import DataKey, Keyring
from shared.db import AsyncSession
from shared.errors import Forbidden
from shared.grid_directory import find_grid_by_address
from shared.vault import Vault

_PLACE = ("compound", "building", "unit")
_ADDRESS = {*_PLACE, "room"}
_SHOWN = {"id", "compound", "building", "unit", "grid_code", "tenure", "ended_on", "version"}
ADDRESS_UNIQUE = "uq_household_address"


async def register_household(
    session: AsyncSession, vault: Vault, principal: Principal, data: HouseholdCreate
) -> Household:
    """Register a household at its address, in the grid that answers for it."""
    community_code = principal.community_code
    household = Household(
        community_code=community_code,
        compound=data.compound,
        building=data.building,
        unit=data.unit,
        room=b"",
        room_index=b"",
        tenure=data.tenure,
    )
    key = await vault.key_for(community_code, household.id)
    _set_room(vault.keyring, key, household, data.room)
    await _set_grid(session, principal, household)
    session.add(household)
    await _flush_address(session)
    await derive_one(session, vault, household)
    event = HouseholdRegistered(household_id=household.id, grid_code=household.grid_code)
    await _publish(session, household, event)
    return household


async def correct_household(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    household_id: UUID,
    data: HouseholdUpdate,
    expected: int,
) -> Household:
    """Correct what was written wrongly. Who owns their home needs no other owner on record."""
    household = await repository.lock_open_household(session, principal, household_id)
    check_version(household.version, expected)
    changes = data.model_dump(exclude_unset=True)
    tenure = changes.pop("tenure", household.tenure)
    if tenure != household.tenure:
        household.tenure = tenure
        if tenure is Tenure.OWNER_OCCUPIED:
            await repository.forget_owner(session, household)
    if changes:
        await _readdress(session, vault, principal, household, changes)
    else:
        household.version += 1
        household.updated_at = utc_now()
        await session.flush()
    await derive_one(session, vault, household)
    return household


async def move_household(
    session: AsyncSession, vault: Vault, principal: Principal, household_id: UUID, data: HouseholdMove
) -> Household:
    """The household now lives elsewhere in the community; who owned the old home is not known to own the new one."""
    household = await repository.lock_open_household(session, principal, household_id)
    household.tenure = data.tenure
    await repository.forget_owner(session, household)
    await _readdress(session, vault, principal, household, data.model_dump(include=_ADDRESS))
    await derive_one(session, vault, household)
    return household


async def forget_household(session: AsyncSession, vault: Vault, community_code: str, household_id: UUID) -> None:
    """Nobody is left who lived there: the door is as unreadable as they are, and its address is free again."""
    household = await session.get_one(Household, (community_code, household_id), with_for_update=True)
    await vault.destroy(community_code, household.id)
    household.room, household.room_index = b"", household.id.bytes
    was_open, household.ended_on = household.ended_on is None, household.ended_on or china_today()
    household.version += 1
    household.updated_at = utc_now()
    await session.flush()
    if was_open:
        await _publish(session, household, HouseholdEnded(household_id=household.id, grid_code=household.grid_code))


async def show(
    session: AsyncSession, vault: Vault, principal: Principal, households: Sequence[Household]
) -> list[HouseholdRead]:
    """Households as this principal may read them, in the order given."""
    rooms = await open_rooms(vault, households) if principal.role in SEE_THE_DOOR else {}
    colours = await repository.colours(session, households) if principal.role in SEE_THE_COLOUR else {}
    headed = await repository.headed(session, households)
    return [
        HouseholdRead(
            **household.model_dump(include=_SHOWN),
            room=rooms.get(household.id),
            colour=colours.get(household.id),
            has_head=household.id in headed,
        )
        for household in households
    ]


async def open_rooms(vault: Vault, households: Sequence[Household]) -> dict[UUID, str]:
    """The room of each household; all must be of one community."""
    if not households:
        return {}
    keys = await vault.keys_for(households[0].community_code, [household.id for household in households])
    return {
        household.id: keys[household.id].open(household.room, table="household", column="room", row_id=household.id)
        for household in households
        if household.id in keys
    }


def seal_room(key: DataKey, household_id: UUID, room: str) -> bytes:
    return key.seal(room, table="household", column="room", row_id=household_id)


def index_room(keyring: Keyring, compound: str, building: str, unit: str, room: str) -> bytes:
    """Equal for the same door only; the same room number next door gives another index."""
    return keyring.blind_index("household-room", "\0".join((compound, building, unit, room)))


def _set_room(keyring: Keyring, key: DataKey, household: Household, room: str) -> None:
    household.room = seal_room(key, household.id, room)
    household.room_index = index_room(keyring, household.compound, household.building, household.unit, room)


async def _set_grid(session: AsyncSession, principal: Principal, household: Household) -> None:
    """File the household under its address; a grid worker may do so within their own grids only."""
    community_code = household.community_code
    await share(session, Lock.ADDRESSES, community_code)
    household.grid_code = await find_grid_by_address(
        session, community_code, household.compound, household.building, household.unit
    )
    if household.grid_code is None:
        await require_known(session, community_code, Place(household.compound, household.building, household.unit))
    if principal.role is Role.GRID_WORKER and household.grid_code not in principal.grids:
        raise Forbidden


async def _readdress(
    session: AsyncSession, vault: Vault, principal: Principal, household: Household, changes: dict[str, str]
) -> None:
    key = await vault.key_for(household.community_code, household.id)
    room = changes.pop("room", None) or key.open(household.room, table="household", column="room", row_id=household.id)
    was = tuple(getattr(household, part) for part in _PLACE)
    household.sqlmodel_update(changes)
    _set_room(vault.keyring, key, household, room)
    if was != tuple(getattr(household, part) for part in _PLACE):
        await _set_grid(session, principal, household)
    household.version += 1
    household.updated_at = utc_now()
    await _flush_address(session)
    await follow_households(session, household.community_code, household.id)
    await _publish(session, household, HouseholdMoved(household_id=household.id, grid_code=household.grid_code))


async def _flush_address(session: AsyncSession) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        if ADDRESS_UNIQUE in str(error.orig):
            raise HouseholdExists from error
        raise


async def _publish(
    session: AsyncSession, household: Household, event: HouseholdRegistered | HouseholdMoved | HouseholdEnded
) -> None:
    await outbox.add(
        session,
        event,
        community_code=household.community_code,
        subject=f"households/{household.id}",
        version=household.version,
    )
