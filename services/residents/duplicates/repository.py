"""Every select and update of the queue of possible duplicates."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, and_, delete, exists, or_, select, text, update
from sqlmodel import col

from services.residents.duplicates.models import (
    CandidateState,
    DuplicateCandidate,
    DuplicateCheck,
    DuplicateKind,
)
from services.residents.households.models import Household
from services.residents.people import repository as people
from services.residents.people.models import Person, PersonToken
from shared.auth import Principal
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.names import Fit

MOST_ALIKE = 50
"""More people than this under one phone or of one sound in a building are not looked at."""

Pair = tuple[UUID, UUID]
"""Two people, the smaller id first."""


def pair_of(one: UUID, other: UUID) -> Pair:
    return (one, other) if one < other else (other, one)


def readable(principal: Principal) -> Select[DuplicateCandidate]:
    """Pairs of people both of whom this principal may see."""
    statement = select(DuplicateCandidate)
    for column in (DuplicateCandidate.person_id, DuplicateCandidate.other_id):
        reached = people.readable(principal).with_only_columns(col(Person.community_code), col(Person.id)).subquery()
        statement = statement.join(
            reached,
            and_(reached.c.community_code == col(DuplicateCandidate.community_code), reached.c.id == col(column)),
        )
    return statement


async def get_candidate(
    session: AsyncSession, principal: Principal, candidate_id: UUID, *, lock: bool = False
) -> DuplicateCandidate:
    statement = readable(principal).where(col(DuplicateCandidate.id) == candidate_id)
    if lock:
        statement = statement.with_for_update(of=DuplicateCandidate)
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def find_pair(session: AsyncSession, community_code: str, pair: Pair) -> DuplicateCandidate | None:
    statement = select(DuplicateCandidate).where(
        col(DuplicateCandidate.community_code) == community_code,
        col(DuplicateCandidate.person_id) == pair[0],
        col(DuplicateCandidate.other_id) == pair[1],
    )
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


_REMEMBER = text("""
    INSERT INTO duplicate_candidate AS known
        (community_code, id, person_id, other_id, kind, strength, state, version, created_at, updated_at)
    VALUES (:community_code, :id, :person_id, :other_id, :kind, :strength, 'open', 1, :at, :at)
    ON CONFLICT (community_code, person_id, other_id) DO UPDATE
    SET kind = excluded.kind, strength = excluded.strength, state = 'open', dismissed_because = NULL,
        decided_at = NULL, decided_by = NULL, version = known.version + 1, updated_at = excluded.updated_at
    WHERE known.state <> 'merged' AND excluded.strength < known.strength
       OR known.state = 'open' AND known.kind <> 'reported' AND excluded.strength <> known.strength
""")


async def remember(session: AsyncSession, rows: Sequence[Mapping[str, object]]) -> None:
    """Put pairs into the queue. A dismissed one comes back for a stronger reason only."""
    if rows:
        await session.execute(_REMEMBER, [dict(row) for row in rows])


async def forget_except(session: AsyncSession, community_code: str, person_id: UUID, others: Iterable[UUID]) -> None:
    """What was suspected of this person and does not hold any more leaves the queue; what somebody reported stays."""
    await session.execute(
        delete(DuplicateCandidate).where(
            _concerns(community_code, person_id),
            col(DuplicateCandidate.state) == CandidateState.OPEN,
            col(DuplicateCandidate.kind) != DuplicateKind.REPORTED,
            col(DuplicateCandidate.person_id).not_in([*others]) | (col(DuplicateCandidate.person_id) == person_id),
            col(DuplicateCandidate.other_id).not_in([*others]) | (col(DuplicateCandidate.other_id) == person_id),
        )
    )


async def forget_person(session: AsyncSession, community_code: str, person_id: UUID) -> None:
    """Nothing is suspected any more of someone who was merged or erased."""
    await session.execute(
        delete(DuplicateCandidate).where(
            _concerns(community_code, person_id), col(DuplicateCandidate.state) == CandidateState.OPEN
        )
    )


def _concerns(community_code: str, person_id: UUID):
    return and_(
        col(DuplicateCandidate.community_code) == community_code,
        or_(col(DuplicateCandidate.person_id) == person_id, col(DuplicateCandidate.other_id) == person_id),
    )


async def find_by_tokens(
    session: AsyncSession, person: Person, tokens: Sequence[bytes], household: Household | None = None
) -> Sequence[Person]:
    """Others on record filed whole under one of these tokens; with `household`, only those of its building."""
    filed = exists().where(
        col(PersonToken.community_code) == col(Person.community_code),
        col(PersonToken.person_id) == col(Person.id),
        col(PersonToken.fit) == int(Fit.WHOLE),
        col(PersonToken.token).in_(tokens),
    )
    statement = select(Person).where(
        col(Person.community_code) == person.community_code,
        col(Person.erased_at).is_(None),
        col(Person.id) != person.id,
        filed,
    )
    if household is not None:
        lives_there = and_(
            col(Household.community_code) == col(Person.community_code), col(Household.id) == col(Person.household_id)
        )
        statement = statement.join(Household, lives_there).where(
            col(Household.compound) == household.compound, col(Household.building) == household.building
        )
    return (await session.execute(statement.order_by(col(Person.id)).limit(MOST_ALIKE))).scalars().all()


async def take_due(session: AsyncSession, limit: int) -> tuple[str, Sequence[UUID]] | None:
    """Up to `limit` people of one community who are to be compared, taken off the list; None when there are none."""
    first = select(col(DuplicateCheck.community_code)).order_by(col(DuplicateCheck.community_code)).limit(1)
    community_code = (await session.execute(first)).scalar_one_or_none()
    if community_code is None:
        return None
    due = (
        select(col(DuplicateCheck.id))
        .where(col(DuplicateCheck.community_code) == community_code)
        .order_by(col(DuplicateCheck.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        delete(DuplicateCheck)
        .where(col(DuplicateCheck.community_code) == community_code, col(DuplicateCheck.id).in_(due))
        .returning(col(DuplicateCheck.person_id))
        .execution_options(synchronize_session=False)
    )
    return community_code, sorted(set((await session.execute(taken)).scalars()))


async def people_of(
    session: AsyncSession, community_code: str, candidates: Sequence[DuplicateCandidate]
) -> dict[UUID, people.PersonAtHome]:
    """Everybody in these pairs, with their households."""
    ids = {each for candidate in candidates for each in (candidate.person_id, candidate.other_id)}
    found = await people.people_at_home(session, community_code, ids)
    return {person.id: (person, household) for person, household in found}


async def settle_pair(session: AsyncSession, community_code: str, pair: Pair, values: Mapping[str, object]) -> None:
    """Decide what the queue holds of this pair, if it holds it."""
    await session.execute(
        update(DuplicateCandidate)
        .where(
            col(DuplicateCandidate.community_code) == community_code,
            col(DuplicateCandidate.person_id) == pair[0],
            col(DuplicateCandidate.other_id) == pair[1],
        )
        .values(**values, updated_at=utc_now(), version=col(DuplicateCandidate.version) + 1)
        .execution_options(synchronize_session=False)
    )
