"""The rows of an export: people as the fields that were asked for, masked unless asked in the clear."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.residents import words
from services.residents.exports import repository
from services.residents.exports.models import ExportField, ExportJob
from services.residents.exports.service import filter_of, principal_of
from services.residents.households import repository as households
from services.residents.households.models import Household
from services.residents.households.service import open_rooms
from services.residents.memberships.models import HouseholdRelation
from services.residents.people.ages import age_on
from services.residents.people.models import FamilyContact, Person, TagKind
from services.residents.people.records import ContactData, PersonalData, open_contact, open_person
from services.residents.people.repository import PersonAtHome, tags_today
from shared.clock import china_today
from shared.crypto import DataKey
from shared.db import AsyncSession
from shared.errors import Bilingual, both
from shared.identity import mask_identity_number, mask_name, mask_phone
from shared.vault import Vault

_BATCH = 500

HEADINGS: dict[ExportField, Bilingual] = {
    ExportField.NAME: both("姓名", "Name"),
    ExportField.SEX: both("性别", "Sex"),
    ExportField.IDENTITY_NUMBER: both("身份证号", "Identity number"),
    ExportField.BIRTH_ON: both("出生日期", "Birth date"),
    ExportField.PHONE: both("联系电话", "Phone"),
    ExportField.ADDRESS: both("住址", "Address"),
    ExportField.RELATION: both("与户主关系", "Relation to head"),
    ExportField.TAGS: both("人员类别", "Tags"),
    ExportField.COLOUR: both("户卡颜色", "Card colour"),
    ExportField.CAUTIONS: both("注意事项", "Cautions"),
    ExportField.FAMILY_CONTACTS: both("紧急联系人", "Emergency contacts"),
}


@dataclass(slots=True, repr=False)
class _Someone:
    """What is known of one person, in the clear."""

    household: Household
    room: str
    data: PersonalData
    relation: HouseholdRelation | None
    colour: str | None
    tags: Sequence[TagKind]
    contacts: list[ContactData] = field(default_factory=list)


async def export_rows(session: AsyncSession, vault: Vault, job: ExportJob) -> tuple[list[UUID], list[list[str]]]:
    """(whom the rows name, the rows), in the order of their doors."""
    found: list[tuple[tuple[str, ...], UUID, list[str]]] = []
    after: UUID | None = None
    fields = [ExportField(each) for each in job.fields]
    clear = frozenset(job.in_the_clear)
    while page := await repository.page_of_chosen(session, principal_of(job), filter_of(job), after, _BATCH):
        for person_id, someone in (await _read(session, vault, job.community_code, page)).items():
            home = someone.household
            place = (home.compound, _natural(home.building), _natural(home.unit), _natural(someone.room))
            found.append((place, person_id, [_COLUMNS[each](someone, each in clear) for each in fields]))
        after = page[-1][0].id
        for person, _ in page:
            session.expunge(person)
    found.sort(key=lambda line: line[:2])
    return [person_id for _, person_id, _ in found], [row for _, _, row in found]


def _natural(text: str) -> str:
    """`10号楼` behind `9号楼`."""
    digits = "".join(character for character in text if character.isdecimal())
    return f"{digits:0>8}{text}"


async def _read(
    session: AsyncSession, vault: Vault, community_code: str, page: Sequence[PersonAtHome]
) -> dict[UUID, _Someone]:
    people = [person for person, _ in page]
    ids = [person.id for person in people]
    homes = list({household.id: household for _, household in page}.values())
    keys = await vault.keys_for(community_code, ids)
    rooms = await open_rooms(vault, homes)
    colours = await households.colours(session, homes)
    relations = await repository.relations(session, community_code, ids)
    tags = await tags_today(session, people, china_today())
    contacts = await repository.contacts(session, community_code, ids)
    opened = await asyncio.to_thread(_open, people, contacts, keys)
    return {
        person.id: _Someone(
            household=household,
            room=rooms.get(household.id, ""),
            data=opened[person.id][0],
            relation=relations.get(person.id),
            colour=colours.get(household.id),
            tags=tags.get(person.id, []),
            contacts=opened[person.id][1],
        )
        for person, household in page
        if person.id in opened
    }


def _open(
    people: Sequence[Person], contacts: Sequence[FamilyContact], keys: dict[UUID, DataKey]
) -> dict[UUID, tuple[PersonalData, list[ContactData]]]:
    called: dict[UUID, list[ContactData]] = defaultdict(list)
    for contact in contacts:
        if contact.person_id in keys:
            called[contact.person_id].append(open_contact(keys[contact.person_id], contact))
    return {
        person.id: (open_person(keys[person.id], person), called[person.id]) for person in people if person.id in keys
    }


def _birth(someone: _Someone, clear: bool) -> str:
    born = someone.data.birth_on
    if born is None:
        return ""
    return born.isoformat() if clear else f"{age_on(born, china_today())}岁"


def _address(someone: _Someone, _: bool) -> str:
    home = someone.household
    return f"{home.compound}{home.building}{home.unit}{someone.room}"


def _national(phone: str) -> str:
    """As it is dialled here: `13800138000`."""
    return phone.removeprefix("+86")


def _contacts(someone: _Someone, clear: bool) -> str:
    shown = [
        (words.RELATIONS[each.relation].zh, each.name, _national(each.phone))
        if clear
        else (words.RELATIONS[each.relation].zh, mask_name(each.name), mask_phone(each.phone))
        for each in someone.contacts
    ]
    return "; ".join(" ".join(parts) for parts in shown)


def _masked(name: str, mask: Callable[[str], str]) -> Callable[[_Someone, bool], str]:
    def column(someone: _Someone, clear: bool) -> str:
        value: str | None = getattr(someone.data, name)
        if value is None:
            return ""
        return _national(value) if clear else mask(value)

    return column


_COLUMNS: dict[ExportField, Callable[[_Someone, bool], str]] = {
    ExportField.NAME: _masked("name", mask_name),
    ExportField.SEX: lambda someone, _: words.SEXES[someone.data.sex].zh if someone.data.sex else "",
    ExportField.IDENTITY_NUMBER: _masked("identity_number", mask_identity_number),
    ExportField.BIRTH_ON: _birth,
    ExportField.PHONE: _masked("phone", mask_phone),
    ExportField.ADDRESS: _address,
    ExportField.RELATION: lambda someone, _: words.HOUSEHOLD_RELATIONS[someone.relation].zh if someone.relation else "",
    ExportField.TAGS: lambda someone, _: "、".join(words.TAGS[tag].zh for tag in someone.tags),
    ExportField.COLOUR: lambda someone, _: someone.colour or "",
    ExportField.CAUTIONS: _masked("cautions", lambda _: "有"),
    ExportField.FAMILY_CONTACTS: _contacts,
}
"""(person, in the clear) → what stands in the cell."""
