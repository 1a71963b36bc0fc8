"""Every select and update of merges."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlmodel import col

from services.residents.memberships.models import Membership
from services.residents.merges.models import PersonMerge
from services.residents.people.models import FamilyContact, Person
from shared.db import AsyncSession


def merges_of(person: Person) -> Select[PersonMerge]:
    """Every merge that this record was part of, undone or not."""
    return select(PersonMerge).where(
        col(PersonMerge.community_code) == person.community_code,
        or_(col(PersonMerge.kept_id) == person.id, col(PersonMerge.merged_id) == person.id),
    )


async def find_merge(session: AsyncSession, community_code: str, merge_id: UUID) -> PersonMerge | None:
    """The merge, held until the transaction ends."""
    return await session.get(PersonMerge, (community_code, merge_id), with_for_update=True)


async def lock_record(session: AsyncSession, community_code: str, person_id: UUID) -> Person:
    """A person's row as it is now, also of one who was merged."""
    return await session.get_one(Person, (community_code, person_id), with_for_update=True, populate_existing=True)


async def find_membership(session: AsyncSession, community_code: str, membership_id: UUID) -> Membership | None:
    return await session.get(Membership, (community_code, membership_id), with_for_update=True)


async def has_head(session: AsyncSession, community_code: str, household_id: UUID) -> bool:
    statement = select(col(Membership.id)).where(
        col(Membership.community_code) == community_code,
        col(Membership.household_id) == household_id,
        col(Membership.ended_on).is_(None),
        col(Membership.is_head),
    )
    return (await session.execute(statement)).first() is not None


async def merged_into(session: AsyncSession, community_code: str, person_id: UUID) -> Sequence[Person]:
    """Everybody whose record became this one's, directly or through another."""
    found: list[Person] = []
    wanted = [person_id]
    while wanted:
        statement = select(Person).where(
            col(Person.community_code) == community_code,
            col(Person.merged_into).in_(wanted),
            col(Person.erased_at).is_(None),
        )
        level = (await session.execute(statement)).scalars().all()
        found += level
        wanted = [person.id for person in level]
    return found


async def records_of(session: AsyncSession, person: Person) -> list[UUID]:
    """The person's own record and those that became it: their history is in all of them."""
    return [person.id, *(each.id for each in await merged_into(session, person.community_code, person.id))]


async def contacts_in_order(session: AsyncSession, person: Person) -> Sequence[FamilyContact]:
    statement = (
        select(FamilyContact)
        .where(col(FamilyContact.community_code) == person.community_code, col(FamilyContact.person_id) == person.id)
        .order_by(col(FamilyContact.position), col(FamilyContact.id))
    )
    return (await session.execute(statement.execution_options(populate_existing=True))).scalars().all()
