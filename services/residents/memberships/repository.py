"""Every select and update of memberships."""

from datetime import date

from sqlalchemy import Select, select, update
from sqlmodel import col

from services.residents.memberships.models import EndReason, Membership
from services.residents.people.models import Person
from shared.clock import utc_now
from shared.db import AsyncSession, count_changed


async def find_open(session: AsyncSession, person: Person) -> Membership | None:
    """The household to which the person belongs today; None after they left or died."""
    statement = of_person(person).where(col(Membership.ended_on).is_(None))
    return (await session.execute(statement)).scalar_one_or_none()


def of_person(person: Person) -> Select[Membership]:
    return select(Membership).where(
        col(Membership.community_code) == person.community_code, col(Membership.person_id) == person.id
    )


async def end_open(session: AsyncSession, person: Person, on: date, reason: EndReason) -> int:
    """End the person's open membership, if there is one."""
    statement = (
        update(Membership)
        .where(
            col(Membership.community_code) == person.community_code,
            col(Membership.person_id) == person.id,
            col(Membership.ended_on).is_(None),
        )
        .values(ended_on=on, end_reason=reason, version=col(Membership.version) + 1, updated_at=utc_now())
    )
    return await count_changed(session, statement)
