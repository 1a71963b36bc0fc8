"""Use cases of responders. They flush and never commit: the edge does."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from services.dispatch.responders import repository
from services.dispatch.responders.errors import ResponderBusy
from services.dispatch.responders.models import (
    GENERALISTS,
    Absence,
    DutyPattern,
    Responder,
    ResponderKind,
    RosterEntry,
)
from services.dispatch.responders.schemas import (
    AbsenceCreate,
    ResponderCreate,
    ResponderRead,
    ResponderUpdate,
    RosterEntryCreate,
    stored_position,
)
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.codes import community_of
from shared.concurrency import check_version
from shared.crypto import DataKey
from shared.db import AsyncSession, columns_of
from shared.errors import Forbidden
from shared.identity import mask_name, mask_phone
from shared.vault import Vault

_TABLE = "responder"
_SEALED = ("name", "phone")
_STANDING = GENERALISTS | {ResponderKind.DUTY_DESK}


async def register_responders(
    session: AsyncSession, vault: Vault, community_code: str, responders: Sequence[ResponderCreate]
) -> list[Responder]:
    """Register many at once, in a handful of round trips."""
    rows = []
    for data in responders:
        values = data.model_dump(exclude={"position", *_SEALED}) | stored_position(data.position)
        values["duty"] = data.duty or (DutyPattern.STANDING if data.kind in _STANDING else DutyPattern.ROSTERED)
        rows.append(Responder(community_code=community_code, name=b"", phone=b"", **values))
    keys = await vault.create_many(community_code, [row.id for row in rows])
    for row, data in zip(rows, responders, strict=True):
        _seal(row, keys[row.id], {"name": data.name, "phone": data.phone})
    if rows:
        await session.execute(insert(Responder), [columns_of(row) for row in rows])
    return rows


async def register_responder(
    session: AsyncSession, vault: Vault, principal: Principal, data: ResponderCreate
) -> Responder:
    _check_grid(principal, data.home_grid_code)
    (responder,) = await register_responders(session, vault, principal.community_code, [data])
    return responder


async def update_responder(
    session: AsyncSession, vault: Vault, principal: Principal, responder_id: UUID, data: ResponderUpdate, expected: int
) -> Responder:
    responder = await repository.lock_responder(session, principal, responder_id)
    check_version(responder.version, expected)
    _check_grid(principal, data.home_grid_code)
    changes = data.model_dump(exclude_unset=True, exclude={"position"})
    if "position" in data.model_fields_set:
        changes |= stored_position(data.position)
    sealed = {name: changes.pop(name) for name in _SEALED if name in changes}
    if sealed:
        _seal(responder, await vault.key_for(responder.community_code, responder.id), sealed)
    responder.sqlmodel_update(changes)
    await _touch(session, responder)
    return responder


async def deactivate_responder(session: AsyncSession, principal: Principal, responder_id: UUID) -> Responder:
    """Ask this responder no more. Refused while grids, the duty desk or open work rest on them."""
    responder = await repository.lock_responder(session, principal, responder_id)
    if await repository.is_needed(session, responder):
        raise ResponderBusy
    responder.active = False
    await _touch(session, responder)
    return responder


async def add_roster_entry(
    session: AsyncSession, principal: Principal, responder_id: UUID, data: RosterEntryCreate
) -> RosterEntry:
    responder = await repository.get_responder(session, principal, responder_id)
    _check_grid(principal, data.grid_code)
    return await _add(session, RosterEntry(**_of(responder), **data.model_dump()))


async def add_absence(session: AsyncSession, principal: Principal, responder_id: UUID, data: AbsenceCreate) -> Absence:
    responder = await repository.get_responder(session, principal, responder_id)
    return await _add(session, Absence(**_of(responder), **data.model_dump()))


async def remove_entry(
    session: AsyncSession,
    principal: Principal,
    table: type[RosterEntry] | type[Absence],
    responder_id: UUID,
    entry_id: UUID,
    expected: int,
) -> None:
    responder = await repository.get_responder(session, principal, responder_id)
    entry = await repository.lock_entry(session, table, responder, entry_id)
    check_version(entry.version, expected)
    await session.delete(entry)
    await session.flush()


async def show(vault: Vault, principal: Principal, responders: Sequence[Responder]) -> list[ResponderRead]:
    """Responders as this principal may see them.

    Duty contacts are printed on contact cards, so staff see them without naming a purpose; everyone else sees them
    masked, and themself in full.
    """
    keys: dict[UUID, DataKey] = {}
    for community_code in {each.community_code for each in responders}:
        ids = [each.id for each in responders if each.community_code == community_code]
        keys |= await vault.keys_for(community_code, ids)
    staff = principal.role in (Role.STAFF, Role.HEAD)
    return [_shown(each, keys.get(each.id), staff or each.id == principal.responder_id) for each in responders]


def open_contact(responder: Responder, key: DataKey | None) -> tuple[str, str]:
    """(name, phone) in the clear; empty when the key was destroyed."""
    if key is None:
        return "", ""
    name, phone = (
        key.open(getattr(responder, column), table=_TABLE, column=column, row_id=responder.id) for column in _SEALED
    )
    return name, phone


def _shown(responder: Responder, key: DataKey | None, in_full: bool) -> ResponderRead:
    name, phone = open_contact(responder, key)
    if not in_full:
        name, phone = mask_name(name), mask_phone(phone)
    return ResponderRead.model_validate(columns_of(responder) | {"name": name, "phone": phone})


def _seal(responder: Responder, key: DataKey, texts: dict[str, Any]) -> None:
    for column, text in texts.items():
        setattr(responder, column, key.seal(text, table=_TABLE, column=column, row_id=responder.id))


def _of(responder: Responder) -> dict[str, Any]:
    return {"community_code": responder.community_code, "responder_id": responder.id}


def _check_grid(principal: Principal, grid_code: str | None) -> None:
    if grid_code is not None and community_of(grid_code) != principal.community_code:
        raise Forbidden


async def _add(session: AsyncSession, entry: Any) -> Any:
    session.add(entry)
    await session.flush()
    return entry


async def _touch(session: AsyncSession, responder: Responder) -> None:
    responder.version += 1
    responder.updated_at = utc_now()
    await session.flush()
