import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, exists, func, select, text, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.residents.household_cards.derivation import Card
from services.residents.household_cards.models import (
    DUE_NOW,
    NEVER_DUE,
    ColourScheme,
    HouseholdCard,
    HouseholdCardChange,
    SchemeState,
)
from services.residents.households.models import Household
from services.residents.households.repository import readable
from services.residents.people.models import PersonTag
from shared.auth import Principal
from shared.clock import utc_now
from shared.conditions import among, in_area
from shared.db import AsyncSession
from shared.errors import NotFound

_OF_HOUSEHOLD = (col(Household.community_code) == col(HouseholdCard.community_code)) & (
    col(Household.id) == col(HouseholdCard.household_id)
)


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


async def schemes_by_number(
    session: AsyncSession, community_code: str, numbers: Collection[int]
) -> Sequence[ColourScheme]:
    statement = select(ColourScheme).where(
        col(ColourScheme.community_code) == community_code, col(ColourScheme.number).in_(numbers)
    )
    return (await session.execute(statement)).scalars().all()


async def latest_number(session: AsyncSession, community_code: str) -> int:
    """The highest number of any scheme; 0 before the first."""
    statement = select(func.coalesce(func.max(col(ColourScheme.number)), 0)).where(
        col(ColourScheme.community_code) == community_code
    )
    return (await session.execute(statement)).scalar_one()


async def make_all_due(session: AsyncSession, community_code: str) -> None:
    """Every card of the community has to be derived again, but those of households that have ended."""
    of_community = col(HouseholdCard.community_code) == community_code
    statement = (
        update(HouseholdCard).where(of_community, col(HouseholdCard.derived_on) != NEVER_DUE).values(derived_on=DUE_NOW)
    )
    await session.execute(statement, execution_options={"synchronize_session": False})


@dataclass(frozen=True, slots=True)
class Following:
    """How many inhabited households there are, and how many of their cards follow a scheme."""

    total: int
    done: int


async def count_following(session: AsyncSession, scheme: ColourScheme) -> Following:
    follows = col(HouseholdCard.scheme_number) == scheme.number
    statement = (
        select(func.count(), func.count().filter(follows))
        .select_from(HouseholdCard)
        .join(Household, _OF_HOUSEHOLD)
        .where(col(HouseholdCard.community_code) == scheme.community_code, col(Household.ended_on).is_(None))
    )
    total, done = (await session.execute(statement)).one()
    return Following(total, done)


async def finish_recolouring(session: AsyncSession, community_code: str | None = None) -> None:
    """Write down that every card follows the published scheme, of one community or of all, where it is so now."""
    behind = (
        exists()
        .where(col(HouseholdCard.community_code) == col(ColourScheme.community_code))
        .where(col(HouseholdCard.scheme_number).is_distinct_from(col(ColourScheme.number)))
        .where(_OF_HOUSEHOLD, col(Household.ended_on).is_(None))
    )
    statement = (
        update(ColourScheme)
        .where(
            col(ColourScheme.state) == SchemeState.PUBLISHED,
            col(ColourScheme.recoloured_at).is_(None),
            ~behind,
            true() if community_code is None else col(ColourScheme.community_code) == community_code,
        )
        .values(recoloured_at=utc_now())
    )
    await session.execute(statement, execution_options={"synchronize_session": False})


async def add_card(session: AsyncSession, community_code: str, household_id: UUID) -> None:
    """The card of a new household, blank until it is derived."""
    blank = {"community_code": community_code, "household_id": household_id, "facts": [], "derived_on": DUE_NOW}
    await session.execute(
        insert(HouseholdCard)
        .values(blank | {"version": 1, "updated_at": utc_now()})
        .on_conflict_do_nothing(index_elements=["community_code", "household_id"])
    )


async def lock_cards(session: AsyncSession, community_code: str, household_ids: Iterable[UUID]) -> Sequence[UUID]:
    """Hold the cards of these households until the transaction ends, in one order for everybody."""
    statement = (
        select(col(HouseholdCard.household_id))
        .where(
            col(HouseholdCard.community_code) == community_code, among(col(HouseholdCard.household_id), household_ids)
        )
        .order_by(col(HouseholdCard.household_id))
        .with_for_update()
    )
    return (await session.execute(statement)).scalars().all()


async def find_due_community(session: AsyncSession, today: date) -> str | None:
    statement = (
        select(col(HouseholdCard.community_code))
        .where(col(HouseholdCard.derived_on) < today)
        .order_by(col(HouseholdCard.derived_on))
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def lock_due_cards(session: AsyncSession, community_code: str, today: date, limit: int) -> Sequence[UUID]:
    """Hold cards that are due and that nobody else is deriving just now."""
    statement = (
        select(col(HouseholdCard.household_id))
        .where(col(HouseholdCard.community_code) == community_code, col(HouseholdCard.derived_on) < today)
        .order_by(col(HouseholdCard.household_id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


def valid_on(day: date) -> Any:
    """Tags that hold on `day` and were not revoked."""
    return (
        col(PersonTag.revoked_at).is_(None)
        & (col(PersonTag.valid_from) <= day)
        & (col(PersonTag.valid_to).is_(None) | (col(PersonTag.valid_to) >= day))
    )


async def mark_derived(
    session: AsyncSession, community_code: str, household_ids: Collection[UUID], today: date
) -> None:
    """These cards were derived for today and say what they said; no sweep comes back to a household that has ended."""
    if not household_ids:
        return
    has_ended = exists().where(_OF_HOUSEHOLD, col(Household.ended_on).is_not(None))
    statement = (
        update(HouseholdCard)
        .where(
            col(HouseholdCard.community_code) == community_code, among(col(HouseholdCard.household_id), household_ids)
        )
        .values(derived_on=case((has_ended, NEVER_DUE), else_=today))
    )
    await session.execute(statement, execution_options={"synchronize_session": False})


_REWRITE = text("""
    UPDATE household_card AS card
    SET scheme_number = given.scheme_number, derived_colour = given.derived_colour, facts = given.facts,
        override_colour = given.override_colour, override_until = given.override_until,
        overridden_by = given.overridden_by, colour = given.colour, version = given.version,
        derived_on = :today, updated_at = :at
    FROM unnest(CAST(:household_id AS uuid[]), CAST(:scheme_number AS int[]), CAST(:derived_colour AS text[]),
                CAST(CAST(:facts AS text[]) AS jsonb[]), CAST(:override_colour AS text[]),
                CAST(:override_until AS date[]), CAST(:overridden_by AS text[]), CAST(:colour AS text[]),
                CAST(:version AS int[]))
         AS given (household_id, scheme_number, derived_colour, facts, override_colour, override_until, overridden_by,
                   colour, version)
    WHERE card.community_code = :community_code AND card.household_id = given.household_id
""")
_REWRITTEN = (
    "household_id",
    "scheme_number",
    "derived_colour",
    "override_colour",
    "override_until",
    "overridden_by",
    "colour",
    "version",
)


async def keep_written(
    session: AsyncSession,
    community_code: str,
    cards: Sequence[Card],
    changes: Sequence[Mapping[str, Any]],
    at: datetime,
    today: date,
) -> None:
    """Store these cards, end what they said until now, and remember what they say: a statement each, however many."""
    if not cards:
        return
    columns = {name: [getattr(card, name) for card in cards] for name in _REWRITTEN}
    facts = [json.dumps(card.facts) for card in cards]
    await session.execute(
        _REWRITE, columns | {"facts": facts, "at": at, "today": today, "community_code": community_code}
    )
    ended = (
        update(HouseholdCardChange)
        .where(
            col(HouseholdCardChange.community_code) == community_code,
            among(col(HouseholdCardChange.household_id), columns["household_id"]),
            col(HouseholdCardChange.ended_at).is_(None),
        )
        .values(ended_at=at)
    )
    await session.execute(ended, execution_options={"synchronize_session": False})
    await session.execute(insert(HouseholdCardChange.__table__), changes)


async def get_card(session: AsyncSession, household: Household, *, lock: bool = False) -> HouseholdCard:
    """The card as it is now; `lock` holds it until the transaction ends."""
    key = (household.community_code, household.id)
    found = await session.get(HouseholdCard, key, populate_existing=True, with_for_update=lock or None)
    if found is None:
        raise NotFound
    return found


def changes_of(household: Household) -> Select[HouseholdCardChange]:
    return select(HouseholdCardChange).where(
        col(HouseholdCardChange.community_code) == household.community_code,
        col(HouseholdCardChange.household_id) == household.id,
    )


def overridden_cards(principal: Principal) -> Select[Household, HouseholdCard]:
    """Cards that staff have set, with the households, as far as this principal may see them."""
    return (
        readable(principal)
        .join(HouseholdCard, _OF_HOUSEHOLD)
        .where(
            col(HouseholdCard.override_until).is_not(None), in_area(col(HouseholdCard.community_code), principal.area)
        )
        .add_columns(HouseholdCard)
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


def in_force_at(changes: Select[HouseholdCardChange], at: datetime) -> Select[HouseholdCardChange]:
    """Of these changes, what the card said at that moment."""
    return changes.where(
        col(HouseholdCardChange.began_at) <= at,
        col(HouseholdCardChange.ended_at).is_(None) | (col(HouseholdCardChange.ended_at) > at),
    )
