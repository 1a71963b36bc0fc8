"""What a phone is shown of households and people, read when it is delivered: a few statements for a whole page."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from services.residents.contact_cards.models import ContactCard
from services.residents.guardians.models import Guardianship
from services.residents.household_cards.derive import colours_of
from services.residents.household_cards.repository import find_published
from services.residents.people.models import FamilyContact, PersonTag
from services.residents.people.records import open_contact, open_person
from services.residents.sync import reading
from services.residents.sync.schemas import (
    CardCopy,
    FamilyContactCopy,
    GuardianCopy,
    HouseholdCopy,
    PersonCopy,
    TagCopy,
)
from shared.audit import Purpose
from shared.clock import china_today
from shared.crypto import DataKey
from shared.db import AsyncSession
from shared.identity import mask_name, mask_phone
from shared.vault import Vault

Placed = tuple[str, UUID]
"""Grid and id: whoever was placed elsewhere meanwhile is not found."""
AT_THE_DOOR = ("name", "phone", "cautions", "family_contacts", "guardians")
"""Fields in the clear for the purpose `visit`; identity documents and birth dates never leave for a phone."""
_OPENED = ("name", "phone", "birth_on", "sex", "cautions")


async def households(
    session: AsyncSession, vault: Vault, community_code: str, ids: Sequence[UUID]
) -> dict[Placed, HouseholdCopy]:
    """The households among `ids` that are to be seen in some grid."""
    rows = await reading.households(session, community_code, ids)
    if not rows:
        return {}
    scheme = await find_published(session, community_code)
    intervals = {colour.code: colour.visit_interval_days for colour in colours_of(scheme)} if scheme else {}
    cards = _by(await reading.cards_of_households(session, community_code, ids), "household_id")
    keys = await vault.keys_for(community_code, [row.id for row in rows])
    return {
        (row.grid_code, row.id): HouseholdCopy(
            **{name: getattr(row, name) for name in ("id", "version", "compound", "building", "unit", "tenure")},
            room=_room(keys.get(row.id), row.id, row.room),
            colour=row.colour,
            override_until=row.override_until,
            visit_interval_days=intervals.get(row.colour),
            contact_cards=[_card(card) for card in cards[row.id]],
        )
        for row in rows
    }


async def people(
    session: AsyncSession, vault: Vault, community_code: str, ids: Sequence[UUID], purpose: Purpose | None
) -> dict[Placed, PersonCopy]:
    """The people among `ids` who live in some grid: masked, or what is needed at the door in the clear."""
    rows = await reading.people(session, community_code, ids)
    if not rows:
        return {}
    tags = _by(await reading.tags(session, community_code, ids, china_today()), "person_id")
    contacts = _by(await reading.family_contacts(session, community_code, ids), "person_id")
    guardians = _by(await reading.guardians(session, community_code, ids, china_today()), "ward_id")
    cards = _by(await reading.cards_of_people(session, community_code, ids), "person_id")
    keys = await vault.keys_for(community_code, [row.Person.id for row in rows])
    shown = _Mask(is_clear=purpose is not None)
    return {
        (row.grid_code, row.Person.id): shown.person(
            keys[row.Person.id],
            row,
            tags=tags[row.Person.id],
            contacts=contacts[row.Person.id],
            guardians=guardians[row.Person.id],
            cards=cards[row.Person.id],
        )
        for row in rows
        if row.Person.id in keys
    }


class _Mask:
    """Shows people, in the clear or masked."""

    def __init__(self, *, is_clear: bool) -> None:
        self._is_clear = is_clear

    def person(
        self,
        key: DataKey,
        row: reading.PersonRow,
        *,
        tags: list[PersonTag],
        contacts: list[FamilyContact],
        guardians: list[Guardianship],
        cards: list[ContactCard],
    ) -> PersonCopy:
        person = row.Person
        known = open_person(key, person, _OPENED if self._is_clear else _OPENED[:-1])
        return PersonCopy(
            id=person.id,
            version=person.version,
            household_id=person.household_id,
            relation=row.relation,
            is_head=bool(row.is_head),
            member_since=row.began_on,
            name=self._name(known.name or ""),
            phone=self._phone(known.phone),
            birth_year=known.birth_on.year if isinstance(known.birth_on, date) else None,
            sex=known.sex,
            has_cautions=person.cautions is not None,
            cautions=known.cautions,
            tags=[TagCopy.model_validate(tag, from_attributes=True) for tag in tags],
            family_contacts=[self._contact(key, contact) for contact in contacts],
            guardians=[self._guardian(key, guardian) for guardian in guardians],
            contact_cards=[_card(card) for card in cards],
        )

    def _contact(self, key: DataKey, contact: FamilyContact) -> FamilyContactCopy:
        opened = open_contact(key, contact)
        return FamilyContactCopy(
            id=contact.id,
            position=contact.position,
            relation=contact.relation,
            name=self._name(opened.name),
            phone=self._phone(opened.phone) or "",
        )

    def _guardian(self, key: DataKey, guardian: Guardianship) -> GuardianCopy:
        name, phone = (
            key.open(sealed, table="guardianship", column=column, row_id=guardian.id) if sealed else None
            for column, sealed in (("name", guardian.name), ("phone", guardian.phone))
        )
        return GuardianCopy(
            id=guardian.id,
            guardian_id=guardian.guardian_id,
            relation=guardian.relation,
            name=name and self._name(name),
            phone=self._phone(phone),
        )

    def _name(self, name: str) -> str:
        return name if self._is_clear else mask_name(name)

    def _phone(self, phone: str | None) -> str | None:
        return phone if self._is_clear or phone is None else mask_phone(phone)


def _room(key: DataKey | None, household_id: UUID, room: bytes) -> str | None:
    return key.open(room, table="household", column="room", row_id=household_id) if key else None


def _card(card: ContactCard) -> CardCopy:
    return CardCopy.model_validate(card, from_attributes=True)


def _by(rows: Iterable, name: str) -> defaultdict[UUID, list]:
    found: defaultdict[UUID, list] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return found
