"""Every select and update of cards by whom they were given to."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Update, func, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.residents.contact_cards.models import ACTIVE, CardKind, CardState, ContactCard, RevokedBecause
from services.residents.households.models import Household
from services.residents.people.models import Person
from shared.clock import utc_now
from shared.conditions import among
from shared.db import AsyncSession

_REVOCABLE = (*ACTIVE, CardState.LOST)


async def revoke_of_person(session: AsyncSession, person: Person, because: RevokedBecause) -> None:
    of_person = col(ContactCard.person_id) == person.id
    await session.execute(_revoking(person.community_code, because, of_person))


async def revoke_of_household(session: AsyncSession, community_code: str, household_id: UUID) -> None:
    of_household = (col(ContactCard.household_id) == household_id, col(ContactCard.person_id).is_(None))
    await session.execute(_revoking(community_code, RevokedBecause.HOUSEHOLD_ENDED, *of_household))


async def revoke_beside(session: AsyncSession, merged: Person, kept: Person) -> list[UUID]:
    """Cards in use of `merged` whose kind `kept` holds already; their ids."""
    held = aliased(ContactCard)
    beside = (
        select(col(held.id))
        .where(
            col(held.community_code) == kept.community_code,
            col(held.person_id) == kept.id,
            col(held.kind) == col(ContactCard.kind),
            col(held.state).in_(ACTIVE),
        )
        .exists()
    )
    in_use = (col(ContactCard.person_id) == merged.id, col(ContactCard.state).in_(ACTIVE), beside)
    statement = _revoking(merged.community_code, RevokedBecause.MERGED, *in_use).returning(col(ContactCard.id))
    return list((await session.execute(statement)).scalars())


async def kinds_in_use(session: AsyncSession, person: Person) -> set[CardKind]:
    statement = select(col(ContactCard.kind)).where(*_of(person), col(ContactCard.state).in_(ACTIVE))
    return set((await session.execute(statement)).scalars())


async def lock_revoked(
    session: AsyncSession, person: Person, because: RevokedBecause, among_ids: Collection[UUID] | None
) -> Sequence[ContactCard]:
    """The latest revoked first."""
    statement = select(ContactCard).where(*_of(person), col(ContactCard.revoked_because) == because)
    if among_ids is not None:
        statement = statement.where(among(col(ContactCard.id), among_ids))
    statement = statement.order_by(col(ContactCard.updated_at).desc(), col(ContactCard.id)).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalars().all()


async def move_cards_of(session: AsyncSession, person: Person) -> None:
    """Give all cards of the person their household, and its grid where it lies in one."""
    home = (
        col(Household.community_code) == col(ContactCard.community_code),
        col(Household.id) == person.household_id,
    )
    statement = (
        update(ContactCard)
        .where(*_of(person), *home, col(ContactCard.household_id).is_distinct_from(person.household_id))
        .values(
            household_id=person.household_id,
            grid_code=func.coalesce(col(Household.grid_code), col(ContactCard.grid_code)),
            **_touched(),
        )
        .execution_options(synchronize_session=False)
    )
    await session.execute(statement)


def _revoking(community_code: str, because: RevokedBecause, *which: Any) -> Update:
    return (
        update(ContactCard)
        .where(col(ContactCard.community_code) == community_code, col(ContactCard.state).in_(_REVOCABLE), *which)
        .values(state=CardState.REVOKED, revoked_from=col(ContactCard.state), revoked_because=because, **_touched())
        .execution_options(synchronize_session=False)
    )


def _of(person: Person) -> tuple[Any, ...]:
    return col(ContactCard.community_code) == person.community_code, col(ContactCard.person_id) == person.id


def _touched() -> dict[str, Any]:
    return {"updated_at": utc_now(), "version": col(ContactCard.version) + 1}
