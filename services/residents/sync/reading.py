"""The selects behind a page of the copy. Only what lives, and in whatever grid it is to be seen today."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import and_, or_, select, text
from sqlmodel import col

from services.residents.contact_cards.models import ContactCard
from services.residents.guardians.models import Guardianship
from services.residents.household_cards.models import HouseholdCard
from services.residents.households.models import Household
from services.residents.memberships.models import HouseholdRelation, Membership
from services.residents.people.models import FamilyContact, Person, PersonState, PersonTag
from shared.conditions import among
from shared.db import AsyncSession

_IN_USE = text("contact_card.state IN ('issued', 'delivered')")
"""In these words, so that the indexes of the cards in use serve it."""


class PersonRow(Protocol):
    """A person, the grid of their household, and what they are in it."""

    Person: Person
    grid_code: str
    relation: HouseholdRelation | None
    is_head: bool | None
    began_on: date | None


async def households(session: AsyncSession, community_code: str, ids: Sequence[UUID]) -> Sequence[Any]:
    columns = (Household.id, Household.version, Household.compound, Household.building, Household.unit)
    more = (Household.room, Household.tenure, Household.grid_code, HouseholdCard.colour, HouseholdCard.override_until)
    statement = (
        select(*(col(column) for column in (*columns, *more)))
        .outerjoin(
            HouseholdCard,
            and_(
                col(HouseholdCard.community_code) == col(Household.community_code),
                col(HouseholdCard.household_id) == col(Household.id),
            ),
        )
        .where(
            col(Household.community_code) == community_code,
            among(col(Household.id), ids),
            col(Household.grid_code).is_not(None),
            col(Household.ended_on).is_(None),
        )
    )
    return (await session.execute(statement)).all()


async def people(session: AsyncSession, community_code: str, ids: Sequence[UUID]) -> Sequence[PersonRow]:
    statement = (
        select(
            Person,
            col(Household.grid_code),
            col(Membership.relation),
            col(Membership.is_head),
            col(Membership.began_on),
        )
        .join(
            Household,
            and_(
                col(Household.community_code) == col(Person.community_code),
                col(Household.id) == col(Person.household_id),
            ),
        )
        .outerjoin(
            Membership,
            and_(
                col(Membership.community_code) == col(Person.community_code),
                col(Membership.person_id) == col(Person.id),
                col(Membership.ended_on).is_(None),
            ),
        )
        .where(
            col(Person.community_code) == community_code,
            among(col(Person.id), ids),
            col(Person.state) == PersonState.RESIDING,
            col(Person.merged_into).is_(None),
            col(Person.erased_at).is_(None),
            col(Household.grid_code).is_not(None),
            col(Household.ended_on).is_(None),
        )
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).all()  # pyright: ignore[reportReturnType]


async def tags(session: AsyncSession, community_code: str, ids: Sequence[UUID], today: date) -> Sequence[PersonTag]:
    """That hold or will hold."""
    statement = (
        select(PersonTag)
        .where(
            col(PersonTag.community_code) == community_code,
            among(col(PersonTag.person_id), ids),
            col(PersonTag.revoked_at).is_(None),
            or_(col(PersonTag.valid_to).is_(None), col(PersonTag.valid_to) >= today),
        )
        .order_by(col(PersonTag.id))
    )
    return (await session.execute(statement)).scalars().all()


async def family_contacts(session: AsyncSession, community_code: str, ids: Sequence[UUID]) -> Sequence[FamilyContact]:
    statement = (
        select(FamilyContact)
        .where(col(FamilyContact.community_code) == community_code, among(col(FamilyContact.person_id), ids))
        .order_by(col(FamilyContact.position), col(FamilyContact.id))
    )
    return (await session.execute(statement)).scalars().all()


async def guardians(
    session: AsyncSession, community_code: str, ids: Sequence[UUID], today: date
) -> Sequence[Guardianship]:
    statement = (
        select(Guardianship)
        .where(
            col(Guardianship.community_code) == community_code,
            among(col(Guardianship.ward_id), ids),
            or_(col(Guardianship.ended_on).is_(None), col(Guardianship.ended_on) > today),
        )
        .order_by(col(Guardianship.id))
    )
    return (await session.execute(statement)).scalars().all()


async def cards_of_households(session: AsyncSession, community_code: str, ids: Sequence[UUID]) -> Sequence[ContactCard]:
    """Cards of the household as such."""
    statement = (
        select(ContactCard)
        .where(
            col(ContactCard.community_code) == community_code,
            among(col(ContactCard.household_id), ids),
            col(ContactCard.person_id).is_(None),
            _IN_USE,
        )
        .order_by(col(ContactCard.id))
    )
    return (await session.execute(statement)).scalars().all()


async def cards_of_people(session: AsyncSession, community_code: str, ids: Sequence[UUID]) -> Sequence[ContactCard]:
    statement = (
        select(ContactCard)
        .where(
            col(ContactCard.community_code) == community_code,
            among(col(ContactCard.person_id), ids),
            _IN_USE,
        )
        .order_by(col(ContactCard.id))
    )
    return (await session.execute(statement)).scalars().all()
