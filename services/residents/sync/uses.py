"""Edits are applied by the same use cases as at a desk: their rules, events and derivations hold."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from services.residents.contact_cards.schemas import Delivery
from services.residents.contact_cards.service import deliver_card
from services.residents.households.repository import lock_open_household
from services.residents.households.schemas import HouseholdUpdate
from services.residents.households.service import correct_household, open_rooms
from services.residents.people import family_contacts, tags
from services.residents.people.models import SEALED
from services.residents.people.records import open_person
from services.residents.people.repository import get_person
from services.residents.people.schemas import ContactAdd, PersonCreate, PersonUpdate, TagGrant
from services.residents.people.service import correct_person, register_person
from services.residents.sync import repository
from services.residents.sync.conflicts import Base, Decision, decide, unseen
from services.residents.sync.schemas import Edit, EditKind, FieldConflict, Schema
from shared.auth import Principal
from shared.clock import CHINA, china_today
from shared.db import AsyncSession
from shared.errors import Conflict
from shared.vault import Vault

Changes = TypeVar("Changes", bound=BaseModel)


class TagRevocation(Schema):
    tag_id: UUID


class ContactRemoval(Schema):
    contact_id: UUID


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one edit is worked on."""

    session: AsyncSession
    vault: Vault
    principal: Principal
    own: dict[str, int]
    """Versions that earlier edits of this worker made of the entity's fields."""
    is_led_on: bool = False
    """The worker saw another record of this person, which was merged since."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of an edit. With conflicts and nothing written, nothing may be kept."""

    version: int | None = None
    fields: list[str] = field(default_factory=list)
    is_merged: bool = False
    conflicts: list[FieldConflict] = field(default_factory=list)


async def _correct_person(desk: Desk, edit: Edit, changes: PersonUpdate) -> Applied:
    person, _ = await get_person(desk.session, desk.principal, edit.entity_id, lock=True)
    key = await desk.vault.key_for(person.community_code, person.id)
    known = open_person(key, person)
    current = {name: getattr(known, name) for name in SEALED} | {"household_id": person.household_id}
    base = Base(edit.base_version, person.version, person.field_versions, desk.own)
    if desk.is_led_on:
        base = unseen(base, current)
    decision = decide(changes.model_dump(exclude_unset=True), current, base)
    if _has_something_to_write(edit, decision):
        data = _only(changes, decision.writable)
        person, _ = await correct_person(desk.session, desk.vault, desk.principal, person.id, data, person.version)
    return _applied(edit, decision, person.version, base)


async def _correct_household(desk: Desk, edit: Edit, changes: HouseholdUpdate) -> Applied:
    household = await lock_open_household(desk.session, desk.principal, edit.entity_id)
    rooms = await open_rooms(desk.vault, [household])
    current = household.model_dump() | {"room": rooms.get(household.id)}
    base = Base(edit.base_version, household.version, household.field_versions, desk.own)
    decision = decide(changes.model_dump(exclude_unset=True), current, base)
    if _has_something_to_write(edit, decision):
        data = _only(changes, decision.writable)
        household = await correct_household(
            desk.session, desk.vault, desk.principal, household.id, data, household.version
        )
    return _applied(edit, decision, household.version, base)


async def _register_person(desk: Desk, edit: Edit, changes: PersonCreate) -> Applied:
    """The phone has given the person their id, and may have more edits of them waiting."""
    if await repository.is_taken(desk.session, desk.principal.community_code, edit.entity_id):
        raise Conflict
    person, _, _ = await register_person(desk.session, desk.vault, desk.principal, changes, person_id=edit.entity_id)
    return Applied(person.version)


async def _grant_tag(desk: Desk, edit: Edit, changes: TagGrant) -> Applied:
    """Without a day of its own the tag holds from the day on which the worker wrote it."""
    if changes.valid_from is None:
        day = min(edit.made_at.astimezone(CHINA).date(), china_today())
        changes = TagGrant.model_validate(changes.model_dump() | {"valid_from": day})
    await tags.grant_tag(desk.session, desk.vault, desk.principal, edit.entity_id, changes)
    return await _of_person(desk, edit)


async def _revoke_tag(desk: Desk, edit: Edit, changes: TagRevocation) -> Applied:
    await tags.revoke_tag(desk.session, desk.vault, desk.principal, edit.entity_id, changes.tag_id)
    return await _of_person(desk, edit)


async def _add_contact(desk: Desk, edit: Edit, changes: ContactAdd) -> Applied:
    await family_contacts.add_contact(desk.session, desk.vault, desk.principal, edit.entity_id, changes)
    return await _of_person(desk, edit)


async def _remove_contact(desk: Desk, edit: Edit, changes: ContactRemoval) -> Applied:
    await family_contacts.remove_contact(desk.session, desk.vault, desk.principal, edit.entity_id, changes.contact_id)
    return await _of_person(desk, edit)


async def _deliver_card(desk: Desk, edit: Edit, changes: Delivery) -> Applied:
    card = await deliver_card(desk.session, desk.principal, edit.entity_id, is_explained=changes.is_explained)
    return Applied(card.version)


async def _of_person(desk: Desk, edit: Edit) -> Applied:
    person, _ = await get_person(desk.session, desk.principal, edit.entity_id)
    return Applied(person.version)


def _has_something_to_write(edit: Edit, decision: Decision) -> bool:
    return bool(decision.writable) and (not decision.conflicts or edit.apply == "partly")


def _applied(edit: Edit, decision: Decision, version: int, base: Base) -> Applied:
    if decision.conflicts and edit.apply == "whole":
        return Applied(version, conflicts=decision.conflicts)
    fields = decision.agreed + decision.writable
    return Applied(version, fields, is_merged=base.is_older, conflicts=decision.conflicts)


def _only(changes: Changes, fields: list[str]) -> Changes:
    """The same changes, of these fields."""
    return type(changes).model_construct(set(fields), **{name: getattr(changes, name) for name in fields})


Use = Callable[[Desk, Edit, Any], Awaitable[Applied]]

USES: dict[str, tuple[type[BaseModel], Use]] = {
    EditKind.CORRECT_PERSON: (PersonUpdate, _correct_person),
    EditKind.CORRECT_HOUSEHOLD: (HouseholdUpdate, _correct_household),
    EditKind.REGISTER_PERSON: (PersonCreate, _register_person),
    EditKind.GRANT_TAG: (TagGrant, _grant_tag),
    EditKind.REVOKE_TAG: (TagRevocation, _revoke_tag),
    EditKind.ADD_FAMILY_CONTACT: (ContactAdd, _add_contact),
    EditKind.REMOVE_FAMILY_CONTACT: (ContactRemoval, _remove_contact),
    EditKind.DELIVER_CONTACT_CARD: (Delivery, _deliver_card),
}
"""What `changes` must be, and who applies them."""
