"""Use cases of the queue of possible duplicates. They flush and never commit: the edge does."""

from collections.abc import Sequence
from uuid import UUID

from services.residents.duplicates import repository
from services.residents.duplicates.errors import SamePerson
from services.residents.duplicates.finding import candidate_rows
from services.residents.duplicates.models import CandidateState, DismissReason, DuplicateCandidate, DuplicateKind
from services.residents.duplicates.schemas import (
    DuplicateDetail,
    DuplicateRead,
    DuplicateReport,
    FieldCompared,
    Likeness,
    Takeable,
)
from services.residents.people import repository as people
from services.residents.people.models import Person
from services.residents.people.records import open_person
from services.residents.people.service import show as show_people
from shared.auth import Principal
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import WrongState
from shared.vault import Vault


async def report_duplicate(session: AsyncSession, principal: Principal, data: DuplicateReport) -> DuplicateCandidate:
    """Somebody takes two records for one person's, whatever the records say."""
    if data.person_id == data.other_id:
        raise SamePerson
    for person_id in (data.person_id, data.other_id):
        person, _ = await people.get_person(session, principal, person_id)
    rows = candidate_rows(person.community_code, {data.person_id: {data.other_id: DuplicateKind.REPORTED}})
    await repository.remember(session, rows)
    pair = repository.pair_of(data.person_id, data.other_id)
    candidate = await repository.find_pair(session, person.community_code, pair)
    assert candidate is not None
    if candidate.state is not CandidateState.OPEN:  # whoever says so again has a reason that nobody knew
        candidate.state, candidate.kind = CandidateState.OPEN, DuplicateKind.REPORTED
        candidate.strength, candidate.updated_at = candidate.kind.strength, utc_now()
        candidate.dismissed_because = candidate.decided_at = candidate.decided_by = None
        candidate.version += 1
        await session.flush()
    return candidate


async def dismiss_duplicate(
    session: AsyncSession, principal: Principal, candidate_id: UUID, reason: DismissReason
) -> DuplicateCandidate:
    """They are two people. The pair comes back only for a stronger reason than this one."""
    candidate = await hold_open(session, principal, candidate_id)
    candidate.state, candidate.dismissed_because = CandidateState.DISMISSED, reason
    candidate.decided_at = candidate.updated_at = utc_now()
    candidate.decided_by = principal.subject
    candidate.version += 1
    await session.flush()
    return candidate


async def hold_open(session: AsyncSession, principal: Principal, candidate_id: UUID) -> DuplicateCandidate:
    """The pair, held until the transaction ends; WrongState once it is decided."""
    candidate = await repository.get_candidate(session, principal, candidate_id, lock=True)
    if candidate.state is not CandidateState.OPEN:
        raise WrongState(candidate.state, [CandidateState.OPEN])
    return candidate


async def show_candidates(
    session: AsyncSession, vault: Vault, principal: Principal, candidates: Sequence[DuplicateCandidate]
) -> list[DuplicateRead]:
    """In the order given, all of one community."""
    if not candidates:
        return []
    found = await repository.people_of(session, candidates[0].community_code, candidates)
    shown = {each.id: each for each in await show_people(session, vault, principal, list(found.values()))}
    return [
        DuplicateRead(
            **candidate.model_dump(include={"id", "kind", "state", "dismissed_because", "decided_at", "version"}),
            people=[shown[each] for each in (candidate.person_id, candidate.other_id) if each in shown],
            found_at=candidate.created_at,
        )
        for candidate in candidates
    ]


async def show_candidate(
    session: AsyncSession, vault: Vault, principal: Principal, candidate: DuplicateCandidate
) -> DuplicateDetail:
    """The pair, compared field by field."""
    [shown] = await show_candidates(session, vault, principal, [candidate])
    found = await repository.people_of(session, candidate.community_code, [candidate])
    both = [found[each][0] for each in (candidate.person_id, candidate.other_id) if each in found]
    fields = await _compare(vault, *both) if len(both) == 2 else []
    return DuplicateDetail(**shown.model_dump(), fields=fields)


async def _compare(vault: Vault, one: Person, other: Person) -> list[FieldCompared]:
    keys = await vault.keys_for(one.community_code, [one.id, other.id])
    if len(keys) < 2:
        return []
    known, others = open_person(keys[one.id], one), open_person(keys[other.id], other)
    compared = []
    for field in Takeable:
        left, right = getattr(known, field), getattr(others, field)
        missing = one.id if left is None else other.id
        likeness = _likeness(left, right)
        compared.append(
            FieldCompared(
                field=field, likeness=likeness, missing_in=missing if likeness is Likeness.ONE_IS_MISSING else None
            )
        )
    return compared


def _likeness(left: object, right: object) -> Likeness:
    if left is None and right is None:
        return Likeness.BOTH_ARE_MISSING
    if left is None or right is None:
        return Likeness.ONE_IS_MISSING
    return Likeness.EQUAL if left == right else Likeness.DIFFERENT
