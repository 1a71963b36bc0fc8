from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import (
    Select,
    and_,
    delete,
    exists,
    false,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from services.residents.guardians.models import Guardianship
from services.residents.household_cards.repository import valid_on
from services.residents.households.models import HomeOwner, Household
from services.residents.households.repository import home_of
from services.residents.memberships.models import Membership
from services.residents.merges.errors import PersonWasMerged
from services.residents.people.models import (
    FamilyContact,
    Person,
    PersonState,
    PersonTag,
    PersonToken,
    PhoneLookup,
    TagKind,
)
from shared.auth import Principal, Role
from shared.conditions import among, in_area
from shared.db import AsyncSession
from shared.errors import NotFound

PersonAtHome = tuple[Person, Household]
_LIVES_THERE = and_(
    col(Household.community_code) == col(Person.community_code), col(Household.id) == col(Person.household_id)
)


_ON_RECORD = (col(Person.erased_at).is_(None), col(Person.merged_into).is_(None))
"""Erased people are nobody; whoever was merged is read as the person they turned out to be."""
_RESIDES = col(Person.state) == PersonState.RESIDING


def at_home(selected: Mapping[str, Any]) -> PersonAtHome:
    """The pair that `readable` selects, from a page of it."""
    return selected["Person"], selected["Household"]


def readable(principal: Principal) -> Select[Person, Household]:
    """People this principal may see, with their household; every query for a person starts here.

    A resident sees who lives with them: who left or died is no longer theirs to read.
    """
    statement = (
        select(Person, Household)
        .join(
            Household,
            _LIVES_THERE,
        )
        .where(in_area(col(Person.community_code), principal.area), *_ON_RECORD)
    )
    match principal.role:
        case Role.STAFF | Role.HEAD | Role.SUPERVISOR | Role.GATEWAY | Role.PARTNER:
            return statement
        case Role.GRID_WORKER:
            return statement.where(col(Household.grid_code).in_(principal.grids))
        case Role.RESIDENT if principal.person_id is not None:
            return statement.where(_RESIDES, col(Person.household_id) == home_of(principal))
    return statement.where(false())


async def get_person(
    session: AsyncSession, principal: Principal, person_id: UUID, *, lock: bool = False
) -> PersonAtHome:
    """The person and their household; NotFound if out of reach or erased. `lock` holds the person's row."""
    statement = readable(principal).where(col(Person.id) == person_id)
    if lock:
        statement = statement.with_for_update(of=Person).execution_options(populate_existing=True)
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        await _refuse(session, principal, person_id)
    return found[0], found[1]


async def _refuse(session: AsyncSession, principal: Principal, person_id: UUID) -> NoReturn:
    """NotFound; PersonWasMerged for a record that became another's whom this principal may see."""
    kept_id = person_id
    while (into := await _merged_into(session, principal, kept_id)) is not None:
        kept_id = into
    if kept_id == person_id:
        raise NotFound
    if (await session.execute(readable(principal).where(col(Person.id) == kept_id))).first() is None:
        raise NotFound
    raise PersonWasMerged(person_id, kept_id)


async def _merged_into(session: AsyncSession, principal: Principal, person_id: UUID) -> UUID | None:
    statement = select(col(Person.merged_into)).where(
        in_area(col(Person.community_code), principal.area), col(Person.id) == person_id
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def people_at_home(
    session: AsyncSession, community_code: str, person_ids: Iterable[UUID]
) -> Sequence[PersonAtHome]:
    """These people with their households, whatever became of them, for work that is authorised elsewhere."""
    statement = (
        select(Person, Household)
        .join(Household, _LIVES_THERE)
        .where(col(Person.community_code) == community_code, among(col(Person.id), person_ids))
    )
    return [(person, household) for person, household in await session.execute(statement)]


async def find_person(session: AsyncSession, community_code: str, person_id: UUID) -> PersonAtHome | None:
    """Whoever it is, with their household, for work that is authorised elsewhere; None if unknown or erased.

    Includes who left, who died and who was merged.
    """
    statement = (
        select(Person, Household)
        .join(
            Household,
            _LIVES_THERE,
        )
        .where(
            col(Person.community_code) == community_code, col(Person.id) == person_id, col(Person.erased_at).is_(None)
        )
    )
    found = (await session.execute(statement)).one_or_none()
    return None if found is None else (found[0], found[1])


async def people_by_id(session: AsyncSession, community_code: str, person_ids: Iterable[UUID]) -> dict[UUID, Person]:
    """Those of these people who were not erased, for work that is authorised elsewhere."""
    statement = select(Person).where(
        col(Person.community_code) == community_code,
        among(col(Person.id), person_ids),
        col(Person.erased_at).is_(None),
    )
    return {person.id: person for person in (await session.execute(statement)).scalars()}


async def find_resident(session: AsyncSession, community_code: str, person_id: UUID) -> PersonAtHome | None:
    """The same, but None for whoever left or died: they sign in to nothing and are owed nothing.

    A record that was merged leads to the one that was kept.
    """
    found = await find_person(session, community_code, person_id)
    while found is not None and found[0].merged_into is not None:
        found = await find_person(session, community_code, found[0].merged_into)
    return found if found is not None and found[0].state is PersonState.RESIDING else None


def narrow(
    statement: Select[Person, Household],
    *,
    household_id: UUID | None = None,
    grid_code: str | None = None,
    states: Sequence[PersonState] = (PersonState.RESIDING,),
    tag: TagKind | None = None,
    on: date | None = None,
) -> Select[Person, Household]:
    """Only members of a household, of a grid, in these states, of a group on a day."""
    statement = statement.where(col(Person.state).in_(states))
    if household_id is not None:
        statement = statement.where(col(Person.household_id) == household_id)
    if grid_code is not None:
        statement = statement.where(col(Household.grid_code) == grid_code)
    if tag is not None and on is not None:
        tagged = exists().where(
            col(PersonTag.community_code) == col(Person.community_code),
            col(PersonTag.person_id) == col(Person.id),
            col(PersonTag.kind) == tag,
            valid_on(on),
        )
        statement = statement.where(tagged)
    return statement


# Tokens


Filed = tuple[UUID, bytes, int]
"""A person, a token, and how well it fits."""

_FILE = text("""
    INSERT INTO person_token (community_code, token, fit, person_id)
    SELECT :community_code, token, fit, person_id
    FROM unnest(CAST(:tokens AS bytea[]), CAST(:fits AS smallint[]), CAST(:people AS uuid[]))
         AS given (token, fit, person_id)
    ON CONFLICT DO NOTHING
""")


async def file_tokens(session: AsyncSession, community_code: str, filed: Iterable[Filed]) -> None:
    """Make people findable under these tokens, in one round trip however many they are."""
    rows = sorted(filed, key=itemgetter(1, 2, 0))
    parameters = {
        "community_code": community_code,
        "tokens": [token for _, token, _ in rows],
        "fits": [fit for _, _, fit in rows],
        "people": [person_id for person_id, _, _ in rows],
    }
    await session.execute(_FILE, parameters)


async def forget_tokens(session: AsyncSession, person: Person) -> None:
    await session.execute(
        delete(PersonToken).where(
            col(PersonToken.community_code) == person.community_code, col(PersonToken.person_id) == person.id
        )
    )


async def list_phone(session: AsyncSession, community_code: str, phones: Iterable[tuple[UUID, bytes]]) -> None:
    """Let these people sign in with these phones."""
    rows = [
        {"phone_index": index, "community_code": community_code, "person_id": person_id} for person_id, index in phones
    ]
    if rows:
        await session.execute(upsert(PhoneLookup).on_conflict_do_nothing(), rows)


async def unlist_phone(session: AsyncSession, person: Person) -> None:
    await session.execute(
        delete(PhoneLookup).where(
            col(PhoneLookup.community_code) == person.community_code, col(PhoneLookup.person_id) == person.id
        )
    )


async def people_of_phone(session: AsyncSession, index: bytes) -> Sequence[tuple[str, UUID]]:
    """(community, person) of everybody, anywhere, who answers to this phone."""
    statement = (
        select(col(PhoneLookup.community_code), col(PhoneLookup.person_id))
        .where(col(PhoneLookup.phone_index) == index)
        .order_by(col(PhoneLookup.person_id))
        .limit(20)
    )
    return [(row.community_code, row.person_id) for row in await session.execute(statement)]


# Tags


async def tags_today(session: AsyncSession, people: Sequence[Person], today: date) -> dict[UUID, list[TagKind]]:
    """Groups that these people belong to today, sorted."""
    if not people:
        return {}
    statement = (
        select(col(PersonTag.person_id), col(PersonTag.kind))
        .where(
            col(PersonTag.community_code).in_({person.community_code for person in people}),
            among(col(PersonTag.person_id), [person.id for person in people]),
            valid_on(today),
        )
        .distinct()
        .order_by(col(PersonTag.person_id), col(PersonTag.kind))
    )
    found: dict[UUID, list[TagKind]] = {}
    for person_id, kind in await session.execute(statement):
        found.setdefault(person_id, []).append(kind)
    return found


def tags_of(person: Person) -> Select[PersonTag]:
    return select(PersonTag).where(
        col(PersonTag.community_code) == person.community_code, col(PersonTag.person_id) == person.id
    )


async def all_tags(session: AsyncSession, person: Person) -> Sequence[PersonTag]:
    return (await session.execute(tags_of(person).order_by(col(PersonTag.id)))).scalars().all()


async def lock_tag(session: AsyncSession, person: Person, tag_id: UUID) -> PersonTag:
    statement = tags_of(person).where(col(PersonTag.id) == tag_id).with_for_update()
    tag = (await session.execute(statement)).scalar_one_or_none()
    if tag is None:
        raise NotFound
    return tag


# Family contacts


async def contacts_of(session: AsyncSession, person: Person) -> Sequence[FamilyContact]:
    """In the order of call."""
    statement = (
        select(FamilyContact)
        .where(col(FamilyContact.community_code) == person.community_code, col(FamilyContact.person_id) == person.id)
        .order_by(col(FamilyContact.position), col(FamilyContact.id))
    )
    return (await session.execute(statement)).scalars().all()


# Duplicates


async def find_by_document(session: AsyncSession, person: Person) -> UUID | None:
    """Another person of the community with the same identity number or the same passport."""
    indexes = {Person.identity_index: person.identity_index, Person.passport_index: person.passport_index}
    same = [col(column) == index for column, index in indexes.items() if index is not None]
    statement = select(col(Person.id)).where(
        col(Person.community_code) == person.community_code, col(Person.id) != person.id, or_(false(), *same)
    )
    return (await session.execute(statement.limit(1))).scalar_one_or_none()


# Erasure


async def lock_on_record(session: AsyncSession, community_code: str, person_id: UUID) -> Person | None:
    """The person's row, held until the end of the transaction; None if unknown or erased."""
    statement = select(Person).where(
        col(Person.community_code) == community_code, col(Person.id) == person_id, col(Person.erased_at).is_(None)
    )
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


async def is_anybody_filed(session: AsyncSession, community_code: str, household_id: UUID) -> bool:
    """Whether a household is the home, or was the last home, of anybody who was not erased."""
    filed = exists().where(
        col(Person.community_code) == community_code,
        col(Person.household_id) == household_id,
        col(Person.erased_at).is_(None),
    )
    return bool((await session.execute(select(filed))).scalar_one())


async def forget_ties(session: AsyncSession, person: Person) -> None:
    """Groups, contacts, memberships, guardians and wards, homes: that they existed is personal too."""
    ties = (
        (PersonTag, PersonTag.person_id),
        (FamilyContact, FamilyContact.person_id),
        (Membership, Membership.person_id),
        (Guardianship, Guardianship.ward_id),
        (Guardianship, Guardianship.guardian_id),
        (HomeOwner, HomeOwner.owner_id),
    )
    for table, column in ties:
        await session.execute(
            delete(table).where(col(table.community_code) == person.community_code, col(column) == person.id)
        )
