"""What the rules may know of many households at once, and what their cards say, read as of one moment.

One statement reads cards, members and tags, so that they belong together; a second one fetches the data keys under
which birth dates are sealed, if the scheme asks for ages.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, String, and_, cast, func, select
from sqlmodel import col

from services.residents.household_cards.derivation import Card
from services.residents.household_cards.evaluation import Home, Member
from services.residents.household_cards.models import HouseholdCard
from services.residents.household_cards.repository import valid_on
from services.residents.households.models import Household
from services.residents.memberships.models import HouseholdRelation, Membership
from services.residents.people.ages import age_on
from services.residents.people.models import Person, PersonState, PersonTag, TagKind
from services.residents.people.records import open_birth_date
from shared.conditions import among
from shared.db import AsyncSession
from shared.vault import Vault

CHUNK = 500
"""Households whose birth dates are opened at a stretch, before others on this event loop have their turn."""


_CARD = (
    col(HouseholdCard.household_id),
    col(Household.grid_code),
    col(Household.ended_on).is_not(None),
    col(HouseholdCard.scheme_number),
    col(HouseholdCard.derived_colour),
    col(HouseholdCard.facts),
    col(HouseholdCard.override_colour),
    col(HouseholdCard.override_until),
    col(HouseholdCard.overridden_by),
    col(HouseholdCard.colour),
    col(HouseholdCard.version),
)


_COMMA = ","
_NO_TAGS: frozenset[TagKind] = frozenset()
_Row = tuple[Card, Any, Sequence[UUID] | None, Sequence[bytes | None] | None, Any, Any]


async def read_homes(
    session: AsyncSession,
    vault: Vault,
    community_code: str,
    today: date,
    *,
    household_ids: Iterable[UUID] | None = None,
    with_ages: bool,
) -> AsyncIterator[tuple[Card, Home]]:
    """The cards of these households, or of all that are inhabited, with the facts as they are today; by id."""
    found = _cards_with_members(community_code, today)
    if household_ids is None:
        found = found.where(col(Household.ended_on).is_(None))
    else:
        found = found.where(among(col(HouseholdCard.household_id), household_ids))
    rows = (await session.execute(found)).all()
    for start in range(0, len(rows), CHUNK):
        homes = [(Card(*row[: len(_CARD)]), *row[len(_CARD) :]) for row in rows[start : start + CHUNK]]
        ages = await _ages(vault, community_code, homes, today) if with_ages else {}
        for card, tenure, people, _, relations, tags in homes:
            yield card, Home(_members(people, relations, tags, ages), tenure)


def _cards_with_members(community_code: str, today: date) -> Select[*tuple[Any, ...]]:
    """A row for every card: its columns, the tenure, and of the members the ids, birth dates, relations and tags."""
    tags = select(cast(col(PersonTag.kind), String)).where(
        col(PersonTag.community_code) == col(Person.community_code),
        col(PersonTag.person_id) == col(Person.id),
        valid_on(today),
    )
    kinds = func.array_to_string(func.array(tags.scalar_subquery()), _COMMA)
    of_members = (col(Person.id), col(Person.birth_on), cast(col(Membership.relation), String), kinds)
    return (
        select(
            *_CARD,
            col(Household.tenure),
            *(func.array_agg(each).filter(col(Person.id).is_not(None)) for each in of_members),
        )
        .select_from(HouseholdCard)
        .join(Household, _same(HouseholdCard.household_id, Household.id, HouseholdCard, Household))
        .outerjoin(
            Person,
            and_(
                _same(Person.household_id, Household.id, Person, Household),
                col(Person.state) == PersonState.RESIDING,
                col(Person.merged_into).is_(None),
                col(Person.erased_at).is_(None),
            ),
        )
        .outerjoin(
            Membership,
            and_(_same(Membership.person_id, Person.id, Membership, Person), col(Membership.ended_on).is_(None)),
        )
        .where(col(HouseholdCard.community_code) == community_code)
        .group_by(
            col(HouseholdCard.community_code),
            col(HouseholdCard.household_id),
            col(Household.community_code),
            col(Household.id),
        )
        .order_by(col(HouseholdCard.household_id))
    )


def _same(one: Any, other: Any, table: Any, other_table: Any) -> Any:
    return (col(one) == col(other)) & (col(table.community_code) == col(other_table.community_code))


async def _ages(vault: Vault, community_code: str, homes: Iterable[_Row], today: date) -> dict[UUID, int]:
    born = {
        person_id: sealed
        for _, _, people, births, *_ in homes
        for person_id, sealed in zip(people or (), births or (), strict=True)
        if sealed is not None
    }
    keys = await vault.keys_for(community_code, born)
    return {
        person_id: age_on(open_birth_date(key, person_id, born[person_id]), today) for person_id, key in keys.items()
    }


def _members(
    people: Sequence[UUID] | None,
    relations: Sequence[HouseholdRelation | None] | None,
    tags: Sequence[str] | None,
    ages: Mapping[UUID, int],
) -> list[Member]:
    return [
        Member(frozenset(kinds.split(_COMMA)) if kinds else _NO_TAGS, ages.get(person_id), relation)  # pyright: ignore[reportArgumentType]
        for person_id, relation, kinds in zip(people or (), relations or (), tags or (), strict=True)
    ]
