"""Every select and update of the queue of possible duplicates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Boolean, LargeBinary, Select, String, Uuid, and_, delete, or_, select, text, update
from sqlmodel import col

from services.residents.duplicates.models import (
    CandidateState,
    DuplicateCandidate,
    DuplicateCheck,
    DuplicateKind,
)
from services.residents.people import repository as people
from services.residents.people.models import Person
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


_FORGET = text("""
    DELETE FROM duplicate_candidate AS known
    WHERE known.community_code = :community_code AND known.state = 'open' AND known.kind <> 'reported'
      AND (known.person_id = ANY (CAST(:people AS uuid[])) OR known.other_id = ANY (CAST(:people AS uuid[])))
      AND NOT EXISTS (SELECT FROM unnest(CAST(:first AS uuid[]), CAST(:second AS uuid[])) AS pair (first, second)
                      WHERE pair.first = known.person_id AND pair.second = known.other_id)
""")


async def forget_except(
    session: AsyncSession, community_code: str, person_ids: Sequence[UUID], rows: Sequence[Mapping[str, object]]
) -> None:
    """What was suspected of these people and does not hold any more leaves the queue; what was reported stays."""
    parameters = {
        "community_code": community_code,
        "people": list(person_ids),
        "first": [row["person_id"] for row in rows],
        "second": [row["other_id"] for row in rows],
    }
    await session.execute(_FORGET, parameters)


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


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is filed whole under this token, anywhere or in one building, is like this person for this reason."""

    person_id: UUID
    token: bytes
    kind: DuplicateKind
    compound: str | None = None
    building: str | None = None


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody on record who is like a person, with what is still to be compared."""

    person_id: UUID
    other_id: UUID
    kind: DuplicateKind
    has_identity_number: bool
    birth_on: bytes | None


_FIND_ALIKE = text("""
    SELECT asked.person_id, asked.kind, other.id AS other_id,
           other.identity_index IS NOT NULL AS has_identity_number, other.birth_on
    FROM unnest(CAST(:people AS uuid[]), CAST(:tokens AS bytea[]), CAST(:kinds AS text[]),
                CAST(:compounds AS text[]), CAST(:buildings AS text[]))
         AS asked (person_id, token, kind, compound, building)
    CROSS JOIN LATERAL (
        SELECT person.id, person.identity_index, person.birth_on
        FROM person_token AS filed
        JOIN person ON person.community_code = filed.community_code AND person.id = filed.person_id
        JOIN household ON household.community_code = person.community_code AND household.id = person.household_id
        WHERE filed.community_code = :community_code AND filed.token = asked.token AND filed.fit = :whole
          AND person.id <> asked.person_id AND person.erased_at IS NULL AND person.merged_into IS NULL
          AND person.state <> 'died'
          AND (asked.compound IS NULL
               OR household.compound = asked.compound AND household.building = asked.building)
        LIMIT :most
    ) AS other
""").columns(person_id=Uuid(), kind=String(), other_id=Uuid(), has_identity_number=Boolean(), birth_on=LargeBinary())


async def find_alike(session: AsyncSession, community_code: str, asked: Sequence[Asked]) -> list[Alike]:
    """Everybody on record who is like one of these people: one look-up in the index a token."""
    if not asked:
        return []
    parameters = {
        "community_code": community_code,
        "whole": int(Fit.WHOLE),
        "most": MOST_ALIKE,
        "people": [each.person_id for each in asked],
        "tokens": [each.token for each in asked],
        "kinds": [each.kind.value for each in asked],
        "compounds": [each.compound for each in asked],
        "buildings": [each.building for each in asked],
    }
    return [
        Alike(row.person_id, row.other_id, DuplicateKind(row.kind), row.has_identity_number, row.birth_on)
        for row in await session.execute(_FIND_ALIKE, parameters)
    ]


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
