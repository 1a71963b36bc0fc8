from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Select, and_, exists, insert, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from services.residents.contact_cards.errors import TooManyCards
from services.residents.contact_cards.models import ACTIVE, CardKind, CardState, ContactCard, ContactCardLookup
from services.residents.contact_cards.schemas import GridCards
from services.residents.households.models import Household
from services.residents.people.models import Person
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.db import AsyncSession, count_changed
from shared.errors import NotFound

MOST_PRINTED = 1000
"""Cards in one document: a hundred sheets; a grid has about 300 households."""


def readable(principal: Principal) -> Select[ContactCard]:
    """The cards that this principal may see; every query of cards for a person starts here."""
    statement = select(ContactCard).where(col(ContactCard.community_code) == principal.community_code)
    if principal.role is Role.GRID_WORKER:
        return statement.where(col(ContactCard.grid_code).in_(principal.grids))
    if principal.role is Role.RESIDENT:
        of_household = and_(
            col(ContactCard.household_id) == principal.household_id, col(ContactCard.person_id).is_(None)
        )
        return statement.where(or_(of_household, col(ContactCard.person_id) == principal.person_id))
    return statement


def matching(
    statement: Select[ContactCard],
    *,
    grid_code: str | None,
    household_id: UUID | None,
    person_id: UUID | None,
    kind: str | None,
    state: str | None,
) -> Select[ContactCard]:
    wanted = (
        (col(ContactCard.grid_code), grid_code),
        (col(ContactCard.household_id), household_id),
        (col(ContactCard.person_id), person_id),
        (col(ContactCard.kind), kind),
        (col(ContactCard.state), state),
    )
    return statement.where(*(column == value for column, value in wanted if value is not None))


async def get_card(session: AsyncSession, principal: Principal, card_id: UUID, *, lock: bool = False) -> ContactCard:
    statement = readable(principal).where(col(ContactCard.id) == card_id)
    if lock:
        statement = statement.with_for_update()
    card = (await session.execute(statement)).scalar_one_or_none()
    if card is None:
        raise NotFound
    return card


async def cards_by_id(session: AsyncSession, principal: Principal, ids: Sequence[UUID]) -> list[ContactCard]:
    """The cards in the order of `ids`; NotFound if one of them is out of reach."""
    found = (await session.execute(readable(principal).where(col(ContactCard.id).in_(ids)))).scalars()
    by_id = {card.id: card for card in found}
    if len(by_id) != len(set(ids)):
        raise NotFound
    return [by_id[card_id] for card_id in ids]


async def cards_of_grid(
    session: AsyncSession, principal: Principal, wanted: GridCards
) -> list[tuple[ContactCard, Household | None]]:
    """Cards of the grid that are in use, each with its household; TooManyCards beyond MOST_PRINTED."""
    states = (CardState.ISSUED,) if wanted.undelivered_only else ACTIVE
    statement = (
        readable(principal)
        .add_columns(Household)
        .outerjoin(
            Household,
            and_(
                col(Household.community_code) == col(ContactCard.community_code),
                col(Household.id) == col(ContactCard.household_id),
            ),
        )
        .where(
            col(ContactCard.grid_code) == wanted.grid_code,
            col(ContactCard.state).in_(states),
            true() if wanted.kind is None else col(ContactCard.kind) == wanted.kind,
        )
        .order_by(col(ContactCard.id))
        .limit(MOST_PRINTED + 1)
    )
    found = [(card, household) for card, household in (await session.execute(statement)).all()]
    if len(found) > MOST_PRINTED:
        raise TooManyCards
    return found


async def deliver_cards(
    session: AsyncSession, principal: Principal, ids: Collection[UUID], explained: Collection[UUID]
) -> list[UUID]:
    """Those of `ids` that this principal may see and that were waiting are delivered, in one statement."""
    reachable = readable(principal).with_only_columns(col(ContactCard.id)).where(col(ContactCard.id).in_(ids))
    now = utc_now()
    statement = (
        update(ContactCard)
        .where(
            col(ContactCard.community_code) == principal.community_code,
            col(ContactCard.id).in_(reachable),
            col(ContactCard.state) == CardState.ISSUED,
        )
        .values(
            state=CardState.DELIVERED,
            delivered_at=now,
            delivered_by=principal.subject,
            is_explained=col(ContactCard.id).in_(explained),
            updated_at=now,
            version=col(ContactCard.version) + 1,
        )
        .returning(col(ContactCard.id))
        .execution_options(synchronize_session=False)
    )
    return list((await session.execute(statement)).scalars())


async def states_of(session: AsyncSession, principal: Principal, ids: Collection[UUID]) -> dict[UUID, CardState]:
    statement = readable(principal).with_only_columns(col(ContactCard.id), col(ContactCard.state))
    found = await session.execute(statement.where(col(ContactCard.id).in_(ids)))
    return {row.id: row.state for row in found.all()}


async def find_lookup(session: AsyncSession, code: str) -> ContactCardLookup | None:
    return await session.get(ContactCardLookup, code)


async def get_by_id(session: AsyncSession, community_code: str, card_id: UUID, *, lock: bool = False) -> ContactCard:
    """The card, for a caller who proved to hold its code."""
    card = await session.get(ContactCard, (community_code, card_id), with_for_update=lock or None)
    if card is None:
        raise NotFound
    return card


async def find_household(session: AsyncSession, community_code: str, household_id: UUID) -> Household | None:
    return await session.get(Household, (community_code, household_id))


async def find_person(session: AsyncSession, community_code: str, person_id: UUID) -> Person | None:
    return await session.get(Person, (community_code, person_id))


async def households_without_card(
    session: AsyncSession, community_code: str, grid_code: str, kind: CardKind
) -> list[UUID]:
    """Households that live in the grid and hold no valid card of this kind."""
    held = exists().where(
        col(ContactCard.community_code) == col(Household.community_code),
        col(ContactCard.household_id) == col(Household.id),
        col(ContactCard.person_id).is_(None),
        col(ContactCard.kind) == kind,
        col(ContactCard.state).in_(ACTIVE),
    )
    statement = select(col(Household.id)).where(
        col(Household.community_code) == community_code,
        col(Household.grid_code) == grid_code,
        col(Household.ended_on).is_(None),
        ~held,
    )
    return list((await session.execute(statement)).scalars())


async def insert_cards(session: AsyncSession, rows: Sequence[dict[str, object]]) -> list[ContactCard]:
    """Insert cards and their look-ups in two statements; households and persons with a valid card are passed over."""
    statement = upsert(ContactCard).on_conflict_do_nothing().returning(ContactCard)
    cards = list((await session.scalars(statement, list(rows))).all())
    if cards:
        lookups = [{"code": c.code, "community_code": c.community_code, "card_id": c.id} for c in cards]
        await session.execute(insert(ContactCardLookup), lookups)
    return cards


async def add_card(session: AsyncSession, card: ContactCard) -> None:
    session.add(card)
    session.add(ContactCardLookup(code=card.code, community_code=card.community_code, card_id=card.id))
    await session.flush()


async def move_cards(session: AsyncSession, community_code: str, household_id: UUID | None) -> int:
    """Give cards the grid of their household. Returns how many moved."""
    statement = (
        update(ContactCard)
        .where(
            col(ContactCard.community_code) == community_code,
            col(Household.community_code) == community_code,
            col(Household.id) == col(ContactCard.household_id),
            col(Household.grid_code).is_not(None),
            col(Household.grid_code) != col(ContactCard.grid_code),
            true() if household_id is None else col(ContactCard.household_id) == household_id,
        )
        .values(grid_code=col(Household.grid_code), updated_at=utc_now(), version=col(ContactCard.version) + 1)
        .execution_options(synchronize_session=False)
    )
    return await count_changed(session, statement)
