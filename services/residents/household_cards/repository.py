from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlmodel import col

from services.residents.household_cards.models import (
    DUE_NOW,
    ColourScheme,
    HouseholdCard,
    HouseholdCardChange,
    SchemeState,
)
from services.residents.households.models import Household
from services.residents.people.models import Person, PersonState, PersonTag
from shared.auth import Principal
from shared.conditions import among, in_area
from shared.db import AsyncSession
from shared.errors import NotFound

CardInGrid = tuple[HouseholdCard, str | None]


def readable_schemes(principal: Principal) -> Select[ColourScheme]:
    return select(ColourScheme).where(in_area(col(ColourScheme.community_code), principal.area))


async def get_scheme(
    session: AsyncSession, principal: Principal, scheme_id: UUID, *, lock: bool = False
) -> ColourScheme:
    statement = readable_schemes(principal).where(col(ColourScheme.id) == scheme_id)
    found = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def find_published(session: AsyncSession, community_code: str) -> ColourScheme | None:
    statement = select(ColourScheme).where(
        col(ColourScheme.community_code) == community_code, col(ColourScheme.state) == SchemeState.PUBLISHED
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def find_scheme_by_number(session: AsyncSession, community_code: str, number: int) -> ColourScheme | None:
    statement = select(ColourScheme).where(
        col(ColourScheme.community_code) == community_code, col(ColourScheme.number) == number
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def latest_number(session: AsyncSession, community_code: str) -> int:
    """The highest number of any scheme; 0 before the first."""
    statement = select(func.coalesce(func.max(col(ColourScheme.number)), 0)).where(
        col(ColourScheme.community_code) == community_code
    )
    return (await session.execute(statement)).scalar_one()


async def make_all_due(session: AsyncSession, community_code: str) -> None:
    """Every card of the community has to be derived again."""
    statement = (
        update(HouseholdCard).where(col(HouseholdCard.community_code) == community_code).values(derived_on=DUE_NOW)
    )
    await session.execute(statement, execution_options={"synchronize_session": False})


async def count_not_following(session: AsyncSession, scheme: ColourScheme) -> int:
    statement = (
        select(func.count())
        .select_from(HouseholdCard)
        .where(
            col(HouseholdCard.community_code) == scheme.community_code,
            col(HouseholdCard.scheme_number).is_distinct_from(scheme.number),
        )
    )
    return (await session.execute(statement)).scalar_one()


def _cards() -> Select[HouseholdCard, str | None]:
    return select(HouseholdCard, col(Household.grid_code)).join(
        Household,
        (col(Household.community_code) == col(HouseholdCard.community_code))
        & (col(Household.id) == col(HouseholdCard.household_id)),
    )


async def lock_cards(session: AsyncSession, community_code: str, household_ids: Iterable[UUID]) -> list[CardInGrid]:
    """The cards of these households, held until the transaction ends, in one order for everybody."""
    statement = (
        _cards()
        .where(
            col(HouseholdCard.community_code) == community_code, among(col(HouseholdCard.household_id), household_ids)
        )
        .order_by(col(HouseholdCard.household_id))
        .with_for_update(of=HouseholdCard)
        .execution_options(populate_existing=True)
    )
    return [(card, grid_code) for card, grid_code in await session.execute(statement)]


async def find_due_community(session: AsyncSession, today: date) -> str | None:
    statement = (
        select(col(HouseholdCard.community_code))
        .where(col(HouseholdCard.derived_on) < today)
        .order_by(col(HouseholdCard.derived_on))
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def lock_due_cards(session: AsyncSession, community_code: str, today: date, limit: int) -> list[CardInGrid]:
    """Cards that are due and that nobody else is deriving just now."""
    statement = (
        _cards()
        .where(col(HouseholdCard.community_code) == community_code, col(HouseholdCard.derived_on) < today)
        .order_by(col(HouseholdCard.household_id))
        .limit(limit)
        .with_for_update(of=HouseholdCard, skip_locked=True)
    )
    return [(card, grid_code) for card, grid_code in await session.execute(statement)]


async def members_of(
    session: AsyncSession, community_code: str, household_ids: Iterable[UUID]
) -> Sequence[tuple[UUID, UUID, bytes | None]]:
    """(person, household, sealed birth date) of everybody who lives in these households."""
    statement = select(col(Person.id), col(Person.household_id), col(Person.birth_on)).where(
        col(Person.community_code) == community_code,
        among(col(Person.household_id), household_ids),
        col(Person.state) == PersonState.RESIDING,
        col(Person.erased_at).is_(None),
        col(Person.merged_into).is_(None),
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]


async def tags_of(session: AsyncSession, community_code: str, person_ids: Iterable[UUID], today: date) -> Sequence[Any]:
    """(person_id, kind) of every tag of these people that holds today."""
    statement = select(col(PersonTag.person_id), col(PersonTag.kind)).where(
        col(PersonTag.community_code) == community_code, among(col(PersonTag.person_id), person_ids), valid_on(today)
    )
    return (await session.execute(statement)).all()


def valid_on(day: date) -> Any:
    """Tags that hold on `day` and were not revoked."""
    return (
        col(PersonTag.revoked_at).is_(None)
        & (col(PersonTag.valid_from) <= day)
        & (col(PersonTag.valid_to).is_(None) | (col(PersonTag.valid_to) >= day))
    )


async def mark_derived(session: AsyncSession, community_code: str, household_ids: Iterable[UUID], today: date) -> None:
    """These cards were derived for today and say what they said."""
    statement = (
        update(HouseholdCard)
        .where(
            col(HouseholdCard.community_code) == community_code, among(col(HouseholdCard.household_id), household_ids)
        )
        .values(derived_on=today)
    )
    await session.execute(statement, execution_options={"synchronize_session": False})


async def end_changes(session: AsyncSession, community_code: str, household_ids: Iterable[UUID], at: datetime) -> None:
    """What these cards have said until now ends."""
    statement = (
        update(HouseholdCardChange)
        .where(
            col(HouseholdCardChange.community_code) == community_code,
            among(col(HouseholdCardChange.household_id), household_ids),
            col(HouseholdCardChange.ended_at).is_(None),
        )
        .values(ended_at=at)
    )
    await session.execute(statement, execution_options={"synchronize_session": False})


async def get_card(session: AsyncSession, household: Household) -> HouseholdCard:
    found = await session.get(HouseholdCard, (household.community_code, household.id))
    if found is None:
        raise NotFound
    return found


def changes_of(household: Household) -> Select[HouseholdCardChange]:
    return select(HouseholdCardChange).where(
        col(HouseholdCardChange.community_code) == household.community_code,
        col(HouseholdCardChange.household_id) == household.id,
    )


async def overrides_of(session: AsyncSession, household: Household) -> Sequence[HouseholdCardChange]:
    statement = (
        changes_of(household)
        .where(col(HouseholdCardChange.reason).is_not(None))
        .order_by(col(HouseholdCardChange.began_at).desc(), col(HouseholdCardChange.id).desc())
        .limit(100)
    )
    return (await session.execute(statement)).scalars().all()


def in_force_between(
    changes: Select[HouseholdCardChange], begin: datetime, end: datetime
) -> Select[HouseholdCardChange]:
    """Of these changes, what the card said at any moment from `begin` to before `end`."""
    return changes.where(
        col(HouseholdCardChange.began_at) < end,
        col(HouseholdCardChange.ended_at).is_(None) | (col(HouseholdCardChange.ended_at) > begin),
    )
