from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Select, and_, exists, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from services.residents.found_persons.models import FoundPerson
from services.residents.found_persons.trail_models import FoundPersonCandidate
from services.residents.household_cards.repository import valid_on
from services.residents.households.models import Household
from services.residents.people.models import Person, PersonState, PersonTag, TagKind
from services.residents.people.repository import PersonAtHome
from services.residents.people.tokens import Alternatives
from services.residents.search.repository import Wish, fitting
from shared.clock import china_today, utc_now
from shared.db import AsyncSession
from shared.names import Fit

POOL = 200
"""At most so many are looked at for each thing that is known."""


def _residents(case: FoundPerson) -> Select[Person, Household]:
    """Whoever lives in the case's community, whoever asks."""
    lives_there = and_(
        col(Household.community_code) == col(Person.community_code), col(Household.id) == col(Person.household_id)
    )
    return (
        select(Person, Household)
        .join(Household, lives_there)
        .where(
            col(Person.community_code) == case.community_code,
            col(Person.erased_at).is_(None),
            col(Person.merged_into).is_(None),
            col(Person.state) == PersonState.RESIDING,
        )
    )


async def named(
    session: AsyncSession, case: FoundPerson, wishes: Sequence[Wish], *, worst: Fit = Fit.WITHIN
) -> list[PersonAtHome]:
    """Residents whose name fits, at worst so."""
    statement, [fit, _] = fitting(_residents(case), case.community_code, wishes)
    return await _take(session, statement.where(fit <= int(worst)))


async def living_with(session: AsyncSession, case: FoundPerson, wishes: Sequence[Wish]) -> list[PersonAtHome]:
    """Residents of the households of somebody whose name fits."""
    households = {household.id for _, household in await named(session, case, wishes)}
    return await _take(session, _residents(case).where(col(Person.household_id).in_(households))) if households else []


async def looked_after(
    session: AsyncSession, case: FoundPerson, kinds: Iterable[TagKind], ages: Alternatives, *, near: bool
) -> list[PersonAtHome]:
    """Residents of these groups, of such an age if one is known; `near`: of the case's grid only."""
    tagged = exists().where(
        col(PersonTag.community_code) == col(Person.community_code),
        col(PersonTag.person_id) == col(Person.id),
        col(PersonTag.kind).in_(kinds),
        valid_on(china_today()),
    )
    statement = _residents(case).where(tagged)
    if ages:
        statement, _ = fitting(statement, case.community_code, [Wish(ages)])
    if near:
        statement = statement.where(col(Household.grid_code) == case.grid_code)
    return await _take(session, statement)


async def _take(session: AsyncSession, statement: Select[Person, Household]) -> list[PersonAtHome]:
    rows = await session.execute(statement.order_by(col(Person.id)).limit(POOL))
    return [(person, household) for person, household in rows]


async def suggest(session: AsyncSession, case: FoundPerson, scores: dict[UUID, int]) -> None:
    """Remember whom the registry suggested; a later suggestion's score counts."""
    rows = [
        {
            "community_code": case.community_code,
            "found_person_id": case.id,
            "person_id": person_id,
            "score": score,
            "suggested_at": utc_now(),
        }
        for person_id, score in scores.items()
    ]
    if not rows:
        return
    statement = upsert(FoundPersonCandidate)
    statement = statement.on_conflict_do_update(
        index_elements=["community_code", "found_person_id", "person_id"],
        set_={"score": statement.excluded.score, "suggested_at": statement.excluded.suggested_at},
    )
    await session.execute(statement, rows)


async def suggested(session: AsyncSession, case: FoundPerson) -> Sequence[Person]:
    """Whom the registry suggested for this case, the likeliest first."""
    statement = (
        select(Person)
        .join(
            FoundPersonCandidate,
            (col(FoundPersonCandidate.community_code) == col(Person.community_code))
            & (col(FoundPersonCandidate.person_id) == col(Person.id)),
        )
        .where(
            col(FoundPersonCandidate.community_code) == case.community_code,
            col(FoundPersonCandidate.found_person_id) == case.id,
            col(Person.erased_at).is_(None),
            col(Person.merged_into).is_(None),
        )
        .order_by(col(FoundPersonCandidate.score).desc(), col(Person.id))
    )
    return (await session.execute(statement)).scalars().all()


async def is_suggested(session: AsyncSession, case: FoundPerson, person_id: UUID) -> bool:
    return await session.get(FoundPersonCandidate, (case.community_code, case.id, person_id)) is not None
