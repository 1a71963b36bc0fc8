"""Use cases of memberships. They flush and never commit: the edge does. Whoever calls holds the person's row."""

from datetime import date

from sqlalchemy.exc import IntegrityError

from services.residents.memberships import repository
from services.residents.memberships.errors import HeadExists
from services.residents.memberships.models import EndReason, HouseholdRelation, Membership
from services.residents.people.models import Person
from shared.clock import china_today
from shared.db import AsyncSession


async def begin_membership(
    session: AsyncSession, person: Person, relation: HouseholdRelation, began_on: date
) -> Membership:
    """The person belongs to the household that they are filed under, from a day on. HeadExists if it has a head."""
    membership = Membership(
        community_code=person.community_code,
        household_id=person.household_id,
        person_id=person.id,
        relation=relation,
        is_head=relation is HouseholdRelation.HEAD,
        began_on=began_on,
    )
    session.add(membership)
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_membership_head" in str(error.orig):
            raise HeadExists from error
        raise
    return membership


async def correct_membership(session: AsyncSession, person: Person) -> None:
    """The person never belonged where they were filed, but to their household of now, since the same day.

    Who headed the wrong household heads the right one only when someone says so.
    """
    wrong = await repository.find_open(session, person)
    relation = wrong.relation if wrong and not wrong.is_head else HouseholdRelation.OTHER
    began_on = wrong.began_on if wrong else china_today()
    await repository.end_open(session, person, began_on, EndReason.CORRECTED)
    await begin_membership(session, person, relation, began_on)
