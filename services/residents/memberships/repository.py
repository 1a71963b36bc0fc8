"""Every select and update of memberships."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Select, or_, select, update
from sqlmodel import col

from services.residents.households.models import Household
from services.residents.memberships.history import VOID
from services.residents.memberships.models import Destination, EndReason, Membership
from services.residents.merges.repository import records_of
from services.residents.people import repository as people
from services.residents.people.models import Person
from services.residents.people.repository import PersonAtHome
from shared.auth import Principal
from shared.clock import utc_now
from shared.conditions import among
from shared.db import AsyncSession, count_changed
from shared.errors import NotFound

MOST_MEMBERS = 200
"""Nobody's household is larger; a collective one (集体户) is shown so far."""

_IS_OPEN = col(Membership.ended_on).is_(None)
_COUNTS = or_(_IS_OPEN, col(Membership.end_reason).not_in(VOID))


def of_person(person: Person) -> Select[Membership]:
    return select(Membership).where(
        col(Membership.community_code) == person.community_code, col(Membership.person_id) == person.id
    )


async def find_open(session: AsyncSession, person: Person) -> Membership | None:
    """The household to which the person belongs today; None after they left or died."""
    return (await session.execute(of_person(person).where(_IS_OPEN))).scalar_one_or_none()


async def end_open(
    session: AsyncSession, person: Person, on: date, reason: EndReason, destination: Destination | None = None
) -> None:
    """End the person's open membership, if there is one."""
    statement = (
        update(Membership)
        .where(
            col(Membership.community_code) == person.community_code,
            col(Membership.person_id) == person.id,
            _IS_OPEN,
        )
        .values(
            ended_on=on,
            end_reason=reason,
            destination=destination,
            version=col(Membership.version) + 1,
            updated_at=utc_now(),
        )
    )
    await count_changed(session, statement)


async def history(session: AsyncSession, person: Person) -> Sequence[Membership]:
    """Where the person lived, in order; without what was never true."""
    statement = of_person(person).where(_COUNTS)
    statement = statement.order_by(col(Membership.began_on), col(Membership.ended_on).nulls_last(), col(Membership.id))
    return (await session.execute(statement)).scalars().all()


async def everything(session: AsyncSession, person: Person) -> Sequence[tuple[Membership, Household]]:
    """The same with what was corrected and what merged records say, the latest first, and which household it was."""
    records = await records_of(session, person)
    statement = (
        select(Membership, Household)
        .join(
            Household,
            (col(Household.community_code) == col(Membership.community_code))
            & (col(Household.id) == col(Membership.household_id)),
        )
        .where(col(Membership.community_code) == person.community_code, among(col(Membership.person_id), records))
        .order_by(col(Membership.began_on).desc(), col(Membership.id).desc())
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def get_membership(session: AsyncSession, person: Person, membership_id: UUID) -> Membership:
    """Changed only while the person's row is locked."""
    statement = of_person(person).where(col(Membership.id) == membership_id, _COUNTS)
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def members_on(
    session: AsyncSession, principal: Principal, household: Household, day: date | None
) -> Sequence[tuple[Membership, PersonAtHome]]:
    """Who belongs to the household, or did on a day, as far as this principal may see them; the head first."""
    then = _IS_OPEN
    if day is not None:
        left_later = _IS_OPEN | (col(Membership.ended_on) > day)
        then = _COUNTS & (col(Membership.began_on) <= day) & left_later
    statement = (
        people.readable(principal)
        .join(
            Membership,
            (col(Membership.community_code) == col(Person.community_code))
            & (col(Membership.person_id) == col(Person.id)),
        )
        .add_columns(Membership)
        .where(
            col(Membership.community_code) == household.community_code,
            col(Membership.household_id) == household.id,
            then,
        )
        .order_by(col(Membership.is_head).desc(), col(Membership.began_on), col(Membership.id))
        .limit(MOST_MEMBERS)
    )
    return [(row[2], (row[0], row[1])) for row in await session.execute(statement)]


async def open_memberships(session: AsyncSession, household: Household) -> Sequence[Membership]:
    """Of everybody who belongs to the household now."""
    statement = select(Membership).where(
        col(Membership.community_code) == household.community_code,
        col(Membership.household_id) == household.id,
        _IS_OPEN,
    )
    return (await session.execute(statement.order_by(col(Membership.id)))).scalars().all()


async def has_members(session: AsyncSession, household: Household) -> bool:
    statement = select(col(Membership.id)).where(
        col(Membership.community_code) == household.community_code,
        col(Membership.household_id) == household.id,
        _IS_OPEN,
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def lock_members(session: AsyncSession, household: Household) -> Sequence[Person]:
    """Everybody who lives there, held until the transaction ends, in the order in which all lock them."""
    statement = (
        select(Person)
        .where(
            col(Person.community_code) == household.community_code,
            col(Person.id).in_(
                select(col(Membership.person_id)).where(
                    col(Membership.community_code) == household.community_code,
                    col(Membership.household_id) == household.id,
                    _IS_OPEN,
                )
            ),
        )
        .order_by(col(Person.id))
        .with_for_update(of=Person)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalars().all()
