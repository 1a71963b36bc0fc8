"""Loading a whole registry at once: few statements however many people. The caller commits, in batches if it likes.

Cards of imported households are due: the timer derives them as soon as the transaction has committed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import PydanticUndefined
from sqlalchemy import insert, text

from services.residents.consents.models import Consent
from services.residents.consents.service import signed
from services.residents.events import HouseholdRegistered, PersonRegistered
from services.residents.household_cards.models import HouseholdCard
from services.residents.households.models import Household
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
from services.residents.people.tokens import CachedIndexer, index_identity_number, index_phone, person_tokens
from shared import outbox
from shared.clock import china_today, utc_now
from shared.crypto import DataKey, Keyring
from shared.db import AsyncSession, TableBase
from shared.ids import new_id
from shared.vault import Vault

_ANALYSE = text(
    "ANALYZE (SKIP_LOCKED) household, household_card, person, membership, person_tag, person_token, family_contact, "
    "data_key"
)
_MANY = 100
"""From so many people on the planner is told at once; fewer change nothing, and autovacuum finds them."""


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
    number is registered already: nothing of the call is kept then.
    """
    vault = Vault(session, keyring)
    keys = await vault.create_many(community_code, [each.id for each in (*households, *people)])
    await _add_households(session, keyring, keys, community_code, households)
    await _add_people(session, keyring, keys, community_code, people, granted_by)
    if len(people) >= _MANY:
        await session.execute(_ANALYSE)


async def _add_households(
    session: AsyncSession,
    keyring: Keyring,
    keys: dict[UUID, DataKey],
    community_code: str,
    households: Sequence[HouseholdImport],
) -> None:
    await share(session, Lock.ADDRESSES, community_code)
    grids = await addresses(session, community_code)
    rows = [
        {
            "id": each.id,
            "compound": each.compound,
            "building": each.building,
            "unit": each.unit,
            "room": seal_room(keys[each.id], each.id, each.room),
            "room_index": index_room(keyring, each.compound, each.building, each.unit, each.room),
            "grid_code": _grid_of(each, grids),
        }
        for each in households
    ]
    await _insert(session, Household, community_code, rows)
    await _insert(session, HouseholdCard, community_code, [{"household_id": row["id"], "facts": []} for row in rows])
    events = [
        outbox.row(
            HouseholdRegistered(household_id=row["id"], grid_code=row["grid_code"]),
            community_code=community_code,
            subject=f"households/{row['id']}",
            version=1,
        )
        for row in rows
    ]
    await outbox.add_many(session, events)


async def _add_people(
    session: AsyncSession,
    keyring: Keyring,
    keys: dict[UUID, DataKey],
    community_code: str,
    people: Sequence[PersonImport],
    granted_by: str,
) -> None:
    known = {each.id: personal_data(each.model_dump(include=set(SEALED))) for each in people}
    rows = [_person(keyring, keys[each.id], each, known[each.id]) for each in people]
    await _insert(session, Person, community_code, rows)
    await _insert(session, Membership, community_code, [_membership(each) for each in people])
    tags = [_tag(keys[each.id], each, tag, granted_by) for each in people for tag in each.tags]
    await _insert(session, PersonTag, community_code, tags)
    await _insert(session, FamilyContact, community_code, list(_contacts(keys, people)))
    consents = [row for each in people for row in signed(each.id, known[each.id].birth_on, each.consents, granted_by)]
    await _insert(session, Consent, community_code, consents)
    indexer = CachedIndexer(keyring)
    await repository.file_tokens(
        session,
        community_code,
        [(person_id, token) for person_id, data in known.items() for token in person_tokens(indexer, data)],
    )
    phones = [(person_id, index_phone(keyring, data.phone)) for person_id, data in known.items() if data.phone]
    await repository.list_phone(session, community_code, phones)
    events = [
        outbox.row(
            PersonRegistered(person_id=each.id, household_id=each.household_id),
            community_code=community_code,
            subject=f"people/{each.id}",
            version=1,
        )
        for each in people
    ]
    await outbox.add_many(session, events)


def _grid_of(address: HouseholdImport, grids: Mapping[tuple[str, str, str], str]) -> str | None:
    """The unit's own line if there is one, else the whole building's."""
    unit = grids.get((address.compound, address.building, address.unit))
    return unit or grids.get((address.compound, address.building, ""))


def _person(keyring: Keyring, key: DataKey, each: PersonImport, known: PersonalData) -> dict[str, Any]:
    number = known.identity_number
    return {
        "id": each.id,
        "household_id": each.household_id,
        "identity_index": index_identity_number(keyring, number) if number else None,
        **seal_person(key, each.id, known),
    }


def _membership(each: PersonImport) -> dict[str, Any]:
    return {
        "id": new_id(),
        "household_id": each.household_id,
        "person_id": each.id,
        "relation": each.relation,
        "is_head": each.relation is HouseholdRelation.HEAD,
        "began_on": each.lives_here_since or china_today(),
    }


def _tag(key: DataKey, each: PersonImport, tag: TagImport, granted_by: str) -> dict[str, Any]:
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


def _contacts(keys: dict[UUID, DataKey], people: Iterable[PersonImport]) -> Iterable[dict[str, Any]]:
    for each in people:
        for position, contact in enumerate(each.family_contacts, start=1):
            contact_id = new_id()
            yield {
                "id": contact_id,
                "person_id": each.id,
                "position": position,
                "relation": contact.relation,
                **seal_contact(keys[each.id], contact_id, name=contact.name, phone=contact.phone),
            }


async def _insert(
    session: AsyncSession, table: type[TableBase], community_code: str, rows: list[dict[str, Any]]
) -> None:
    """Rows of one table in one round trip, as dicts: to build 16,000 objects takes longer than to store them."""
    if not rows:
        return
    now = utc_now()
    given = {"community_code": community_code, "created_at": now, "updated_at": now}
    fields = table.model_fields
    defaults = {name: field.default for name, field in fields.items() if not field.is_required()} | given
    common = {name: value for name, value in defaults.items() if name in fields and value is not PydanticUndefined}
    await session.execute(insert(table.__table__), [common | row for row in rows])
