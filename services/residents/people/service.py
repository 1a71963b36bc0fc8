"""Use cases of people. They flush and never commit: the edge does."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from services.residents.contact_cards.bearers import follow_person
from services.residents.duplicates.finding import find_resembling
from services.residents.events import PersonMoved
from services.residents.events import PersonRegistered as PersonRegisteredEvent
from services.residents.household_cards.derive import derive_households
from services.residents.households.models import Household
from services.residents.households.repository import get_open_household
from services.residents.memberships.service import begin_membership, correct_membership
from services.residents.people import repository
from services.residents.people.ages import age_groups, age_on
from services.residents.people.auth import SEE_TAGS
from services.residents.people.errors import BirthDateDiffers, PersonExists
from services.residents.people.models import SEALED, Person, PersonState, TagKind
from services.residents.people.records import PersonalData, open_person, seal_person
from services.residents.people.schemas import NumberDoubt, PersonCreate, PersonRead, PersonUpdate, Resemblance
from services.residents.people.tokens import Tokens, index_identity_number, index_passport, index_phone
from shared import outbox
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.concurrency import check_version
from shared.crypto import DataKey, Keyring
from shared.db import AsyncSession
from shared.documents import DocumentKind, is_place_known, kind_of_number, mask_passport
from shared.errors import Forbidden, NotFound, WrongState
from shared.identity import IdentityNumber, mask_identity_number, mask_name, mask_phone
from shared.ids import new_id
from shared.vault import Vault

SHOWN_MASKED = ("name", "phone", "identity_number", "passport", "birth_on", "sex")


async def register_person(
    session: AsyncSession, vault: Vault, principal: Principal, data: PersonCreate, *, person_id: UUID | None = None
) -> tuple[Person, Household, list[Resemblance | NumberDoubt]]:
    """Register a resident of a household. Others who may be the same person are named, never merged.

    `person_id`: an id that the caller knows to be free, for somebody whom a phone has named already.
    """
    household = await get_open_household(session, principal, data.household_id)
    known = personal_data(data.model_dump(include=set(SEALED)))
    person = Person(id=person_id or new_id(), community_code=household.community_code, household_id=household.id)
    await write_person(session, vault, principal, person, None, known)
    await begin_membership(session, person, data.relation, data.lives_here_since or china_today())
    await derive_households(session, vault, person.community_code, [household.id])
    event = PersonRegisteredEvent(person_id=person.id, household_id=household.id)
    await outbox.add(session, event, community_code=person.community_code, subject=f"people/{person.id}")
    resembling = await find_resembling(session, vault, person, household, known)
    strongest_first = sorted(resembling.items(), key=lambda each: each[1].strength)
    warnings = [Resemblance(kind=kind, person_id=other) for other, kind in strongest_first]
    return person, household, [*doubts(known.identity_number), *warnings]


async def correct_person(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    person_id: UUID,
    data: PersonUpdate,
    expected: int,
) -> tuple[Person, Household]:
    """Change what is known of a person, or the household they belong to."""
    person, household = await repository.get_person(session, principal, person_id, lock=True)
    check_version(person.version, expected)
    changes = data.model_dump(exclude_unset=True)
    target = changes.pop("household_id", household.id)
    key = await vault.key_for(person.community_code, person.id)
    before = open_person(key, person)
    known = _merged(before, changes)
    left = household.id
    if known == before and target == left:
        return person, household
    person.version += 1
    person.updated_at = utc_now()
    if target != left:
        if person.state is not PersonState.RESIDING:
            raise WrongState(person.state, [PersonState.RESIDING])
        household = await get_open_household(session, principal, target)
        person.household_id = household.id
    await write_person(session, vault, principal, person, before, known)
    if target != left:
        await correct_membership(session, person)
        await follow_person(session, person)
        await _tell_moved(session, person, household, left)
    await derive_households(session, vault, person.community_code, {left, household.id})
    return person, household


def personal_data(values: dict[str, Any]) -> PersonalData:
    """What a schema says of a person; an identity number settles birth date and sex."""
    known = PersonalData(**values)
    if known.identity_number is not None:
        number = IdentityNumber.parse(known.identity_number)
        if known.birth_on not in (None, number.birth_on):
            raise BirthDateDiffers
        known.birth_on = number.birth_on
        known.sex = known.sex or number.sex
    return known


async def show(
    session: AsyncSession, vault: Vault, principal: Principal, people: Sequence[repository.PersonAtHome]
) -> list[PersonRead]:
    """People as this principal may read them without a purpose: masked, in the order given."""
    today = china_today()
    keys = await _keys(vault, [person for person, _ in people])
    told = [person for person, _ in people if principal.role in SEE_TAGS or person.id == principal.person_id]
    tags = await repository.tags_today(session, told, today)
    return [
        _masked(person, household, open_person(keys[person.id], person, SHOWN_MASKED), today).model_copy(
            update={"tags": tags.get(person.id, [])}
        )
        for person, household in people
        if person.id in keys
    ]


def askable_tag(principal: Principal, tag: TagKind | None) -> TagKind | None:
    """A list by group tells who belongs to it: only for those who may know."""
    if tag is not None and principal.role not in SEE_TAGS:
        raise Forbidden
    return tag


async def _keys(vault: Vault, people: Sequence[Person]) -> dict[UUID, DataKey]:
    keys: dict[UUID, DataKey] = {}
    for community_code in {person.community_code for person in people}:
        ids = [person.id for person in people if person.community_code == community_code]
        keys |= await vault.keys_for(community_code, ids)
    return keys


def _masked(person: Person, household: Household, known: PersonalData, today: date) -> PersonRead:
    age = age_on(known.birth_on, today) if known.birth_on else None
    return PersonRead(
        id=person.id,
        state=person.state,
        household_id=person.household_id,
        grid_code=household.grid_code,
        compound=household.compound,
        building=household.building,
        name=mask_name(known.name or ""),
        phone=mask_phone(known.phone) if known.phone else None,
        identity_number=mask_identity_number(known.identity_number) if known.identity_number else None,
        passport=mask_passport(known.passport) if known.passport else None,
        document_kind=_document_kind(known),
        age=age,
        age_groups=[] if age is None else age_groups(age),
        sex=known.sex,
        tags=[],
        has_cautions=person.cautions is not None,
        version=person.version,
    )


def doubts(identity_number: str | None) -> list[NumberDoubt]:
    """What makes a number in good order worth a second look at the document."""
    return [NumberDoubt()] if identity_number and not is_place_known(identity_number) else []


def _document_kind(known: PersonalData) -> DocumentKind | None:
    if known.identity_number is not None:
        return kind_of_number(known.identity_number)
    return None if known.passport is None else DocumentKind.PASSPORT


def _merged(known: PersonalData, changes: dict[str, Any]) -> PersonalData:
    """A new identity number settles birth date and sex anew; a new birth date must agree with the number."""
    values = {name: getattr(known, name) for name in PersonalData.__slots__} | changes
    if "identity_number" in changes:
        values |= {name: changes.get(name) for name in ("birth_on", "sex")}
    return personal_data(values)


async def write_person(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    person: Person,
    before: PersonalData | None,
    known: PersonalData,
) -> None:
    """Seal into the row what differs from `before`, and file the person under it. The rest stays as it is.

    PersonExists if somebody else has the same identity number or passport.
    """
    changed = {name for name in SEALED if getattr(before, name, None) != getattr(known, name)}
    key = await vault.key_for(person.community_code, person.id)
    for column, sealed in seal_person(key, person.id, known, sorted(changed)).items():
        setattr(person, column, sealed)
    if changed & _DOCUMENTS.keys():
        index_documents(vault.keyring, person, known)
        await _refuse_duplicate(session, principal, person)
    session.add(person)
    try:
        await session.flush()
    except IntegrityError as error:
        if any(f"uq_person_{name}" in str(error.orig) for name in ("identity", "passport")):
            raise PersonExists(None) from error
        raise
    await file_person(session, vault, person, before, known)


_DOCUMENTS = {
    "identity_number": ("identity_index", index_identity_number),
    "passport": ("passport_index", index_passport),
}


def index_documents(keyring: Keyring, person: Person, known: PersonalData) -> None:
    """Claim the person's identity number and passport: each stands once in the registry."""
    for field, (column, index) in _DOCUMENTS.items():
        value = getattr(known, field)
        setattr(person, column, index(keyring, value) if value else None)


async def file_person(
    session: AsyncSession, vault: Vault, person: Person, before: PersonalData | None, known: PersonalData
) -> None:
    """Let the person be found by what is known, and by nothing that was."""
    index = Tokens(vault.keyring, person.community_code)
    tokens = index.of_person(known)
    if before is None or tokens != index.of_person(before):
        if before is not None:
            await repository.forget_tokens(session, person)
        filed = [(person.id, token, fit) for token, fit in tokens.items()]
        await repository.file_tokens(session, person.community_code, filed)
    if before is not None and before.phone != known.phone:
        await repository.unlist_phone(session, person)
    if known.phone is not None and person.state is PersonState.RESIDING:
        listed = (person.id, index_phone(vault.keyring, known.phone))
        await repository.list_phone(session, person.community_code, [listed])


async def _refuse_duplicate(session: AsyncSession, principal: Principal, person: Person) -> None:
    with session.no_autoflush:
        existing = await repository.find_by_document(session, person)
        if existing is None:
            return
        try:
            await repository.get_person(session, principal, existing)
        except NotFound:
            raise PersonExists(None) from None
    raise PersonExists(existing)


async def _tell_moved(session: AsyncSession, person: Person, household: Household, left: UUID) -> None:
    event = PersonMoved(
        person_id=person.id, household_id=household.id, from_household_id=left, grid_code=household.grid_code
    )
    await outbox.add(
        session,
        event,
        community_code=person.community_code,
        subject=f"people/{person.id}",
        version=person.version,
    )
