"""Loading a whole registry at once: few statements however many people. The caller commits, in batches if it likes.

Sealing keeps a processor busy and needs no database, writing the other way round: so they are apart, and sealing may be
done in another process. Cards of imported households are due: the timer derives them as soon as the transaction has
committed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic_core import PydanticUndefined
from sqlalchemy import text

from services.residents.addresses.nearest import Place
from services.residents.addresses.service import require_known
from services.residents.consents.models import Consent
from services.residents.consents.service import signed
from services.residents.events import HouseholdRegistered, PersonRegistered
from services.residents.guardians.models import GuardianGround, GuardianRelation, Guardianship
from services.residents.household_cards.models import HouseholdCard
from services.residents.households.models import HomeOwner, Household
from services.residents.households.owners import seal_owner
from services.residents.households.repository import addresses
from services.residents.households.schemas import HouseholdImport
from services.residents.households.service import index_room, seal_room
from services.residents.locks import Lock, share
from services.residents.memberships.models import HouseholdRelation, Membership
from services.residents.people import repository
from services.residents.people.models import SEALED, FamilyContact, Person, PersonTag
from services.residents.people.records import PersonalData, seal_contact, seal_evidence, seal_person
from services.residents.people.schemas import PersonImport, TagImport
from services.residents.people.service import personal_data
from services.residents.people.tokens import (
    Tokens,
    index_identity_number,
    index_passport,
    index_phone,
)
from shared import outbox
from shared.clock import china_today, utc_now
from shared.crypto import DataKey, Keyring, WrappedKey
from shared.db import AsyncSession, TableBase
from shared.ids import new_id
from shared.statements import insert_many
from shared.vault import Vault

_ANALYSE = text(
    "ANALYZE (SKIP_LOCKED) household, household_card, person, membership, person_tag, person_token, family_contact, "
    "data_key"
)
_MANY = 100
"""From so many people on the planner is told at once; fewer change nothing, and autovacuum finds them."""

Row = dict[str, Any]


@dataclass(slots=True, repr=False)
class SealedRegistry:
    """Rows of households and people, sealed under new keys of their own. The grids are looked up on writing."""

    keys: dict[UUID, WrappedKey] = field(default_factory=dict)
    households: list[Row] = field(default_factory=list)
    people: list[Row] = field(default_factory=list)
    memberships: list[Row] = field(default_factory=list)
    tags: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    guardianships: list[Row] = field(default_factory=list)
    owners: list[Row] = field(default_factory=list)
    consents: list[Row] = field(default_factory=list)
    tokens: list[repository.Filed] = field(default_factory=list)
    phones: list[tuple[UUID, bytes]] = field(default_factory=list)


async def import_registry(
    session: AsyncSession,
    keyring: Keyring,
    community_code: str,
    households: Sequence[HouseholdImport],
    people: Sequence[PersonImport],
    *,
    granted_by: str = "import",
) -> None:
    """Register households and people of one community.

    People name their household by its id, of this call or an earlier one. IntegrityError if an address or an identity
    number is registered already, AddressUnknown if the community's address table has not got a place: nothing of the
    call is kept then.
    """
    tokens = Tokens(keyring, community_code)
    sealed = seal_registry(keyring, tokens, community_code, households, people, granted_by=granted_by)
    await write_registry(session, keyring, community_code, sealed)
    if len(people) >= _MANY:
        await refresh_statistics(session)


def seal_registry(
    keyring: Keyring,
    tokens: Tokens,
    community_code: str,
    households: Sequence[HouseholdImport],
    people: Sequence[PersonImport],
    *,
    granted_by: str,
) -> SealedRegistry:
    """Everything that can be made ready without the database. Pure but for chance and today's date."""
    sealed = SealedRegistry()
    keys: dict[UUID, DataKey] = {}
    for each in (*households, *people):
        keys[each.id], sealed.keys[each.id] = keyring.new_data_key(community_code, each.id)
    sealed.households = [_household(keyring, keys[each.id], each) for each in households]
    sealed.owners = [
        {"household_id": each.id, **seal_owner(keys[each.id], each.id, each.owner)} for each in households if each.owner
    ]
    for each in people:
        known = personal_data(each.model_dump(include=set(SEALED)))
        sealed.people.append(_person(keyring, keys[each.id], each, known))
        sealed.memberships.append(_membership(each))
        sealed.tags += [_tag(keys[each.id], each, tag, granted_by) for tag in each.tags]
        sealed.contacts += _contacts(keys[each.id], each)
        sealed.guardianships += [_guardianship(each.id, parent_id) for parent_id in each.parents]
        sealed.consents += signed(each.id, known.birth_on, each.consents, granted_by)
        sealed.tokens += [(each.id, *filed) for filed in tokens.of_person(known).items()]
        if known.phone:
            sealed.phones.append((each.id, index_phone(keyring, known.phone)))
    return sealed


async def write_registry(session: AsyncSession, keyring: Keyring, community_code: str, sealed: SealedRegistry) -> None:
    """Write what was sealed, and tell of it."""
    await share(session, Lock.ADDRESSES, community_code)
    grids = await addresses(session, community_code) if sealed.households else {}
    households: list[Row] = [row | {"grid_code": _grid_of(row, grids)} for row in sealed.households]
    for row in [row for row in households if row["grid_code"] is None][:1]:
        await require_known(session, community_code, Place(row["compound"], row["building"], row["unit"]))
    await Vault(session, keyring).keep_new(community_code, sealed.keys)
    for table, rows in (
        (Household, households),
        (HouseholdCard, [{"household_id": row["id"], "facts": []} for row in households]),
        (Person, sealed.people),
        (Membership, sealed.memberships),
        (PersonTag, sealed.tags),
        (FamilyContact, sealed.contacts),
        (Guardianship, sealed.guardianships),
        (HomeOwner, sealed.owners),
        (Consent, sealed.consents),
    ):
        await _insert(session, table, community_code, rows)
    await repository.file_tokens(session, community_code, sealed.tokens)
    await repository.list_phone(session, community_code, sealed.phones)
    await outbox.add_many(session, list(_events(community_code, households, sealed.people)))


async def refresh_statistics(session: AsyncSession) -> None:
    """Tell the planner of a load at once: without any statistics a search may take seconds."""
    await session.execute(_ANALYSE)


def _events(community_code: str, households: Iterable[Row], people: Iterable[Row]) -> Iterable[dict[str, Any]]:
    for row in households:
        yield outbox.row(
            HouseholdRegistered(household_id=row["id"], grid_code=row["grid_code"]),
            community_code=community_code,
            subject=f"households/{row['id']}",
            version=1,
        )
    for row in people:
        yield outbox.row(
            PersonRegistered(person_id=row["id"], household_id=row["household_id"]),
            community_code=community_code,
            subject=f"people/{row['id']}",
            version=1,
        )


def _grid_of(address: Row, grids: Mapping[tuple[str, str, str], str]) -> str | None:
    """The unit's own line if there is one, else the whole building's."""
    place = address["compound"], address["building"]
    return grids.get((*place, address["unit"])) or grids.get((*place, ""))


def _household(keyring: Keyring, key: DataKey, each: HouseholdImport) -> Row:
    return {
        "id": each.id,
        "compound": each.compound,
        "building": each.building,
        "unit": each.unit,
        "room": seal_room(key, each.id, each.room),
        "room_index": index_room(keyring, each.compound, each.building, each.unit, each.room),
        "tenure": each.tenure,
    }


def _person(keyring: Keyring, key: DataKey, each: PersonImport, known: PersonalData) -> Row:
    number, passport = known.identity_number, known.passport
    return {
        "id": each.id,
        "household_id": each.household_id,
        "identity_index": index_identity_number(keyring, number) if number else None,
        "passport_index": index_passport(keyring, passport) if passport else None,
        **seal_person(key, each.id, known),
    }


def _membership(each: PersonImport) -> Row:
    return {
        "id": new_id(),
        "household_id": each.household_id,
        "person_id": each.id,
        "relation": each.relation,
        "is_head": each.relation is HouseholdRelation.HEAD,
        "began_on": each.lives_here_since or china_today(),
    }


def _guardianship(ward_id: UUID, parent_id: UUID) -> Row:
    return {
        "id": new_id(),
        "ward_id": ward_id,
        "guardian_id": parent_id,
        "relation": GuardianRelation.PARENT,
        "ground": GuardianGround.MINOR,
        "began_on": china_today(),
    }


def _tag(key: DataKey, each: PersonImport, tag: TagImport, granted_by: str) -> Row:
    tag_id = new_id()
    return {
        "id": tag_id,
        "person_id": each.id,
        "kind": tag.kind,
        "valid_from": tag.valid_from or china_today(),
        "valid_to": tag.valid_to,
        "evidence": seal_evidence(key, tag_id, tag.evidence),
        "granted_by": granted_by,
    }


def _contacts(key: DataKey, each: PersonImport) -> Iterable[Row]:
    for position, contact in enumerate(each.family_contacts, start=1):
        contact_id = new_id()
        yield {
            "id": contact_id,
            "person_id": each.id,
            "position": position,
            "relation": contact.relation,
            **seal_contact(key, contact_id, name=contact.name, phone=contact.phone),
        }


async def _insert(session: AsyncSession, table: type[TableBase], community_code: str, rows: Sequence[Row]) -> None:
    """Rows of one table in one round trip, as dicts: to build 16,000 objects takes longer than to store them."""
    if not rows:
        return
    now = utc_now()
    given = {"community_code": community_code, "created_at": now, "updated_at": now}
    fields = table.model_fields
    defaults = {name: field.default for name, field in fields.items() if not field.is_required()} | given
    common = {name: value for name, value in defaults.items() if name in fields and value is not PydanticUndefined}
    await insert_many(session, table.__table__, [common | row for row in rows])
