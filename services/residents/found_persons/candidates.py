"""Who a found person may be: the registry searched by what they can say and what they look like, and written down."""

from uuid import UUID

from services.residents.found_persons import candidates_repository, service
from services.residents.found_persons.models import EntryKind, FoundPerson
from services.residents.found_persons.sealing import key_of, open_description
from services.residents.found_persons.states import Verb
from services.residents.found_persons.trail_schemas import Candidate, Candidates, Description, Fits
from services.residents.people.ages import OLDEST
from services.residents.people.models import TagKind
from services.residents.people.repository import PersonAtHome
from services.residents.people.schemas import PersonRead
from services.residents.people.service import show
from services.residents.people.tokens import Tokens
from services.residents.reviews.service import Access, note_access
from services.residents.search.repository import Wish
from services.residents.search.service import CARE
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import china_today
from shared.crypto import Keyring, Signer
from shared.db import AsyncSession
from shared.names import Fit
from shared.vault import Vault

ACTION = "found_persons.suggest_candidates"
WEIGHT = {
    Fits.NAME: 40,
    Fits.WHOLE_NAME: 20,
    Fits.RELATIVE: 30,
    Fits.PLACE: 15,
    Fits.GRID: 10,
    Fits.AGE: 15,
    Fits.SEX: 10,
    Fits.DEMENTIA: 20,
    Fits.CARE: 5,
    Fits.OTHER_AGE: -20,
    Fits.OTHER_SEX: -30,
}
"""A name that was said outweighs what was seen; a sex that does not fit outweighs an age, which is guessed."""
AGE_SLACK = 5
"""Years by which a guess of somebody's age may be wrong."""


async def suggest_candidates(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, case_id: UUID, limit: int
) -> Candidates:
    """The likeliest residents, of the whole community: whoever is shown can find out that they were, and by whom.

    Those outside the caller's own grids are marked as a look that only the emergency allows, and reviewed.
    """
    case = await service.hold_case(session, principal, case_id, Verb.LOOK_FOR)
    known = Description.model_validate(open_description(await key_of(vault, case), case))
    pools = await _pools(session, vault.keyring, case, known)
    everybody = {person.id: (person, household) for pool in pools.values() for person, household in pool}
    shown = await show(session, vault, principal, list(everybody.values()))
    reasons = {row.id: _fits(case, known, row, pools) for row in shown}
    scores = {person_id: sum(WEIGHT[each] for each in fits) for person_id, fits in reasons.items()}
    likely = sorted((row for row in shown if scores[row.id] > 0), key=lambda row: (-scores[row.id], row.id))[:limit]
    await candidates_repository.suggest(session, case, {row.id: scores[row.id] for row in likely})
    service.move(case, Verb.LOOK_FOR)
    detail = {"shown": str(len(likely))}
    await service.add_entry(session, vault, case, EntryKind.CANDIDATES_SUGGESTED, principal.subject, detail)
    await _write_down(session, vault, signer, principal, case, known, likely)
    units = {person.id: household.unit for person, household in everybody.values()}
    return Candidates(items=[_candidate(row, units[row.id], scores[row.id], reasons[row.id]) for row in likely])


async def _pools(
    session: AsyncSession, keyring: Keyring, case: FoundPerson, known: Description
) -> dict[Fits, list[PersonAtHome]]:
    """Who comes into question, by what they were found."""
    pools: dict[Fits, list[PersonAtHome]] = {}
    tokens = Tokens(keyring, case.community_code)
    if known.name and (wishes := [Wish(each) for each in tokens.names(known.name)]):
        pools[Fits.NAME] = await candidates_repository.named(session, case, wishes)
        whole = [Wish(tokens.whole_name(known.name))]
        pools[Fits.WHOLE_NAME] = await candidates_repository.named(session, case, whole, worst=Fit.WHOLE)
    if known.relative_name and (wishes := [Wish(each) for each in tokens.names(known.relative_name)]):
        pools[Fits.RELATIVE] = await candidates_repository.living_with(session, case, wishes)
    ages = list[bytes]()
    if known.age_from is not None or known.age_to is not None:
        youngest, oldest = max((known.age_from or 0) - AGE_SLACK, 0), min((known.age_to or OLDEST) + AGE_SLACK, OLDEST)
        ages = tokens.ages(youngest, oldest, china_today())
    for kinds in ((TagKind.DEMENTIA,), CARE):
        fits = Fits.CARE if len(kinds) > 1 else Fits.DEMENTIA
        pools[fits] = await candidates_repository.looked_after(session, case, kinds, ages, near=False)
    if case.grid_code is not None:
        pools[Fits.GRID] = await candidates_repository.looked_after(session, case, CARE, ages, near=True)
    return pools


def _fits(case: FoundPerson, known: Description, row: PersonRead, pools: dict[Fits, list[PersonAtHome]]) -> list[Fits]:
    by_pool = (Fits.NAME, Fits.WHOLE_NAME, Fits.RELATIVE, Fits.DEMENTIA, Fits.CARE)
    fits = [each for each in by_pool if any(person.id == row.id for person, _ in pools.get(each, ()))]
    if known.place_words and row.compound in known.place_words:
        fits.append(Fits.PLACE)
    if case.grid_code is not None and row.grid_code == case.grid_code:
        fits.append(Fits.GRID)
    if known.sex is not None and row.sex is not None:
        fits.append(Fits.SEX if row.sex is known.sex else Fits.OTHER_SEX)
    if row.age is not None and (known.age_from is not None or known.age_to is not None):
        youngest, oldest = (known.age_from or 0) - AGE_SLACK, (known.age_to or OLDEST) + AGE_SLACK
        fits.append(Fits.AGE if youngest <= row.age <= oldest else Fits.OTHER_AGE)
    return fits


def _candidate(row: PersonRead, unit: str, score: int, fits: list[Fits]) -> Candidate:
    return Candidate(
        **row.model_dump(include=_SHOWN),
        unit=unit,
        tags=[tag for tag in row.tags if tag in CARE],
        score=score,
        fits=fits,
    )


_SHOWN = {"id", "household_id", "grid_code", "compound", "building", "name", "age", "sex", "has_cautions", "state"}


async def _write_down(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    principal: Principal,
    case: FoundPerson,
    known: Description,
    shown: list[PersonRead],
) -> None:
    """One entry for the search, one for each person shown, and a review of those outside the caller's grids."""
    common = {"community_code": case.community_code, "action": ACTION, "purpose": Purpose.LOST_PERSON}
    searched_by = sorted(known.model_dump(exclude_none=True))
    detail = {"found_person_id": str(case.id)}
    await audit.record(
        session,
        signer,
        principal,
        subject_type="found_person",
        subject_id=case.id,
        fields=searched_by,
        detail={"shown": len(shown)},
        **common,
    )
    noted = await note_access(
        session,
        vault,
        principal,
        Access(
            case.community_code,
            ACTION,
            Purpose.LOST_PERSON,
            [(row.id, row.grid_code) for row in shown],
            searched_by,
            found_person_id=case.id,
        ),
    )
    for row in shown:
        await audit.record(
            session,
            signer,
            principal,
            subject_type="person",
            subject_id=row.id,
            detail=detail | noted.detail(row.id),
            **common,
        )
