"""Every select and update of guardianships."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlmodel import col

from services.residents.guardians.models import Guardianship
from services.residents.people.models import Person
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import NotFound

_IS_OPEN = col(Guardianship.ended_on).is_(None)


def of_ward(ward: Person) -> Select[Guardianship]:
    return select(Guardianship).where(
        col(Guardianship.community_code) == ward.community_code, col(Guardianship.ward_id) == ward.id
    )


async def all_guardians(session: AsyncSession, ward: Person) -> Sequence[Guardianship]:
    """Those who answer, or answered, for the person; the latest first."""
    statement = of_ward(ward).order_by(col(Guardianship.began_on).desc(), col(Guardianship.id).desc()).limit(100)
    return (await session.execute(statement)).scalars().all()


async def get_guardianship(session: AsyncSession, ward: Person, guardianship_id: UUID) -> Guardianship:
    statement = of_ward(ward).where(col(Guardianship.id) == guardianship_id).with_for_update()
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def find_between(session: AsyncSession, ward: Person, guardian_id: UUID) -> Guardianship | None:
    """The guardianship of this guardian that has not been ended. A minor's may have lapsed all the same."""
    statement = of_ward(ward).where(col(Guardianship.guardian_id) == guardian_id, _IS_OPEN)
    return (await session.execute(statement.limit(1))).scalar_one_or_none()


async def end_guardianships(session: AsyncSession, person: Person, on: date) -> None:
    """Of whomever this person guarded, or was guarded by."""
    statement = (
        update(Guardianship)
        .where(
            col(Guardianship.community_code) == person.community_code,
            (col(Guardianship.ward_id) == person.id) | (col(Guardianship.guardian_id) == person.id),
            _IS_OPEN,
        )
        .values(
            ended_on=func.greatest(col(Guardianship.began_on), on),
            version=col(Guardianship.version) + 1,
            updated_at=utc_now(),
        )
    )
    await session.execute(statement, execution_options={"synchronize_session": False})
