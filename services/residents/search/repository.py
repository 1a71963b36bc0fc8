from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVarTuple
from uuid import UUID

from sqlalchemy import Select, SmallInteger, Uuid, and_, exists, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, array_agg
from sqlalchemy.types import Text
from sqlmodel import col

from services.residents.contact_cards.models import ContactCard
from services.residents.household_cards.models import HouseholdCard
from services.residents.household_cards.repository import valid_on
from services.residents.households.models import Household
from services.residents.people import repository as people
from services.residents.people.models import Person, PersonState, PersonTag, TagKind
from services.residents.people.tokens import Alternatives, index_identity_number, index_passport
from services.residents.search.places import Place
from services.residents.search.words import Wanted
from shared.auth import Principal
from shared.crypto import DESTROYED, Keyring
from shared.db import AsyncSession
from shared.vault import data_key

Selected = TypeVarTuple("Selected")
Shown = Select[*tuple[Any, ...]]
"""A query for the columns that `shown` selects."""
PLACED = 3
"""How well somebody fits a word of whom it names only the compound: behind everybody whom it names."""


@dataclass(slots=True)
class Door:
    """Everybody behind one entrance, or behind one door of it."""

    place: Place
    room_index: bytes | None = None
    fit: int = 0


@dataclass(slots=True)
class Wish:
    """One thing that must hold of a person: one of these tokens, or living behind one of these doors."""

    tokens: Alternatives = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)


_FILED = """
    SELECT token.person_id, token.fit, asked.wish
    FROM unnest(CAST(:tokens AS bytea[]), CAST(:wishes AS bigint[])) AS asked (token, wish)
    JOIN person_token AS token ON token.token = asked.token
    WHERE token.community_code = :community_code
"""
_LIVING = """
    SELECT person.id, door.fit, door.wish
    FROM unnest(CAST(:compounds AS text[]), CAST(:buildings AS text[]), CAST(:units AS text[]),
                CAST(:rooms AS bytea[]), CAST(:fits AS smallint[]), CAST(:door_wishes AS bigint[]))
         AS door (compound, building, unit, room, fit, wish)
    JOIN household ON household.compound = door.compound AND household.building = door.building
         AND household.unit = door.unit AND (door.room IS NULL OR household.room_index = door.room)
    JOIN person ON person.community_code = household.community_code AND person.household_id = household.id
    WHERE household.community_code = :community_code AND person.community_code = :community_code
"""
_HITS = """
    SELECT found.person_id,
           CAST(coalesce(min(found.fit) FILTER (WHERE found.wish = 0), max(found.fit)) AS smallint) AS fit
    FROM ({}) AS found (person_id, fit, wish)
    GROUP BY found.person_id
    HAVING bit_or(found.wish) = :all_wishes
"""
_BY_TOKENS = text(_HITS.format(_FILED)).columns(person_id=Uuid(), fit=SmallInteger())
_BY_TOKENS_AND_DOORS = text(_HITS.format(f"{_FILED} UNION ALL {_LIVING}")).columns(person_id=Uuid(), fit=SmallInteger())


def fitting(
    statement: Select[*Selected], community_code: str, wishes: Sequence[Wish], whole: Sequence[bytes] = ()
) -> tuple[Select[*Selected], list[Any]]:
    """Only people of whom every wish holds, and the order to show them in: how well they fit, then who they are.

    Each wish is a bit, and a person's rows are gathered before anybody is read: one look-up in the index a token,
    however rare or common it is. `whole` decides nothing but the rank: how the name as a whole fits.
    """
    if not wishes:
        return statement, [col(Person.id)]
    tokens = [(token, 1 << bit) for bit, wish in enumerate(wishes) for token in wish.tokens]
    tokens += [(token, 0) for token in whole]
    doors = [(door, 1 << bit) for bit, wish in enumerate(wishes) for door in wish.doors]
    parameters: dict[str, Any] = {
        "community_code": community_code,
        "all_wishes": (1 << len(wishes)) - 1,
        "tokens": [token for token, _ in tokens],
        "wishes": [wish for _, wish in tokens],
    }
    if doors:
        parameters |= {
            "compounds": [door.place.compound for door, _ in doors],
            "buildings": [door.place.building for door, _ in doors],
            "units": [door.place.unit for door, _ in doors],
            "rooms": [door.room_index for door, _ in doors],
            "fits": [door.fit for door, _ in doors],
            "door_wishes": [wish for _, wish in doors],
        }
    hits = (_BY_TOKENS_AND_DOORS if doors else _BY_TOKENS).bindparams(**parameters).cte("hits")
    return statement.join(hits, hits.c.person_id == col(Person.id)), [hits.c.fit, col(Person.id)]


def in_state(statement: Shown, state: PersonState) -> Shown:
    return statement.where(col(Person.state) == state)


def with_documents(statement: Shown, keyring: Keyring, wanted: Wanted) -> Shown:
    """Only who has these documents; their whole numbers are unique, and indexed as columns of the person."""
    for number in wanted.identity_numbers:
        statement = statement.where(col(Person.identity_index) == index_identity_number(keyring, number))
    for passport in wanted.passports:
        statement = statement.where(col(Person.passport_index) == index_passport(keyring, passport))
    return statement


def with_tags(statement: Shown, kinds: Sequence[TagKind], on: date) -> Shown:
    """Only people who belong to all of these groups on that day."""
    for kind in kinds:
        statement = statement.where(
            exists().where(
                col(PersonTag.community_code) == col(Person.community_code),
                col(PersonTag.person_id) == col(Person.id),
                col(PersonTag.kind) == kind,
                valid_on(on),
            )
        )
    return statement


def with_colours(statement: Shown, colours: Sequence[str]) -> Shown:
    """Only people whose household's card shows one of these; `shown` must have joined the card."""
    return statement.where(col(HouseholdCard.colour).in_(colours))


def with_card(statement: Shown, person_id: UUID | None, household_id: UUID | None) -> Shown:
    """Only the person whom a contact card points to, or the members of its household."""
    if person_id is not None:
        return statement.where(col(Person.id) == person_id)
    return statement.where(col(Person.household_id) == household_id)


def shown(principal: Principal, on: date) -> Shown:
    """What a result is made of, the sealed fields with their key and the groups included: one trip for a page."""
    tags = (
        select(array_agg(col(PersonTag.kind).distinct(), type_=ARRAY(Text)))
        .where(
            col(PersonTag.community_code) == col(Person.community_code),
            col(PersonTag.person_id) == col(Person.id),
            valid_on(on),
        )
        .scalar_subquery()
    )
    return (
        people.readable(principal)
        .outerjoin(HouseholdCard, _CARD_OF_HOME)
        .join(data_key, _KEY_OF_PERSON)
        .with_only_columns(*_COLUMNS, func.coalesce(tags, []).label("tags"))
    )


_CARD_OF_HOME = and_(
    col(HouseholdCard.community_code) == col(Household.community_code),
    col(HouseholdCard.household_id) == col(Household.id),
)
_KEY_OF_PERSON = and_(
    data_key.c.community_code == col(Person.community_code),
    data_key.c.subject_id == col(Person.id),
    data_key.c.key_id != DESTROYED,
)
_COLUMNS: tuple[Any, ...] = (
    *(col(column) for column in (Person.id, Person.household_id, Person.state)),
    *(col(column) for column in (Person.name, Person.birth_on, Person.sex)),
    col(Person.cautions).is_not(None).label("has_cautions"),
    *(col(column) for column in (Household.compound, Household.building, Household.unit, Household.grid_code)),
    col(HouseholdCard.colour),
    data_key.c.key_id,
    data_key.c.wrapped,
)


async def places(session: AsyncSession, community_code: str) -> list[Place]:
    """Every entrance that households of the community live behind."""
    columns = (col(Household.compound), col(Household.building), col(Household.unit))
    statement = select(*columns).where(col(Household.community_code) == community_code).distinct()
    return [Place(*row) for row in await session.execute(statement)]


async def find_card(session: AsyncSession, community_code: str, code: str) -> tuple[UUID | None, UUID | None] | None:
    """(person, household) whom a contact card of this community was given to."""
    statement = select(col(ContactCard.person_id), col(ContactCard.household_id)).where(
        col(ContactCard.community_code) == community_code, col(ContactCard.code) == code
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row.person_id, row.household_id)


async def people_by_id(
    session: AsyncSession, principal: Principal, ids: Sequence[UUID]
) -> dict[UUID, people.PersonAtHome]:
    """The whole rows of these people, for what is to be shown in the clear."""
    found = await session.execute(people.readable(principal).where(col(Person.id).in_(ids)))
    return {person.id: (person, household) for person, household in found}
