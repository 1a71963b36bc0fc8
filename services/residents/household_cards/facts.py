"""What the rules may know of many households at once, and what their cards say, read as of one moment.

One statement reads cards, members and tags, so that they belong together; a second one fetches the data keys under
which birth dates are sealed, if the scheme asks for ages.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, String, and_, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col

from services.residents.household_cards.derivation import Card
from services.residents.household_cards.evaluation import Home, Member
from services.residents.household_cards.models import HouseholdCard
from services.residents.household_cards.repository import valid_on
from services.residents.households.models import Household
from services.residents.memberships.models import Membership
from services.residents.people.ages import age_on
from services.residents.people.models import Person, PersonState, PersonTag
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
_PERSON = len(_CARD) + 1
"""Where a row's person begins, behind the card and the tenure."""


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
    homes = [list(group) for _, group in groupby(rows, key=lambda row: row[0])]
    for start in range(0, len(homes), CHUNK):
        chunk = homes[start : start + CHUNK]
        ages = await _ages(vault, community_code, [row for home in chunk for row in home], today) if with_ages else {}
        for home in chunk:
            yield Card(*home[0][: len(_CARD)]), _home(home, ages)


def _cards_with_members(community_code: str, today: date) -> Select[*tuple[Any, ...]]:
    """A row for every member, or one without a person for a household that has none."""
    tags = select(cast(col(PersonTag.kind), String)).where(
        col(PersonTag.community_code) == col(Person.community_code),
        col(PersonTag.person_id) == col(Person.id),
        valid_on(today),
    )
    return (
        select(
            *_CARD,
            col(Household.tenure),
            col(Person.id),
            col(Person.birth_on),
            col(Membership.relation),
            func.array(tags.scalar_subquery(), type_=ARRAY(String)),
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
        .order_by(col(HouseholdCard.household_id))
    )


def _same(one: Any, other: Any, table: Any, other_table: Any) -> Any:
    return (col(one) == col(other)) & (col(table.community_code) == col(other_table.community_code))


async def _ages(vault: Vault, community_code: str, rows: Sequence[Row[Any]], today: date) -> dict[UUID, int]:
    born = {row[_PERSON]: row[_PERSON + 1] for row in rows if row[_PERSON + 1] is not None}
    keys = await vault.keys_for(community_code, born)
    return {
        person_id: age_on(open_birth_date(key, person_id, born[person_id]), today) for person_id, key in keys.items()
    }


def _home(rows: Sequence[Row[Any]], ages: dict[UUID, int]) -> Home:
    return Home(
        [
            Member(frozenset(tags), ages.get(person_id), relation)
            for person_id, _, relation, tags in (row[_PERSON:] for row in rows)
            if person_id is not None
        ],
        rows[0][_PERSON - 1],
    )
