"""Finding someone by what is known of them, for a named purpose, and writing down who was shown."""

from collections.abc import Iterable
from typing import Any

from services.residents.households.models import Household
from services.residents.people import repository, tokens
from services.residents.people.ages import OLDEST
from services.residents.people.errors import NothingToSearchBy
from services.residents.people.models import Person, TagKind
from services.residents.people.schemas import FoundPersonRow, PersonSearch
from services.residents.people.service import show
from services.residents.people.tokens import Alternatives
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import china_today
from shared.crypto import Keyring, Signer
from shared.db import AsyncSession
from shared.ids import new_id
from shared.pagination import Page, PageQuery, paginate
from shared.vault import Vault

CARE = frozenset({TagKind.DEMENTIA, TagKind.DISABLED, TagKind.LIMITED_MOBILITY, TagKind.LIVING_ALONE})
"""What whoever meets the person should know of."""
_RELEVANT: dict[Purpose, frozenset[TagKind]] = {
    Purpose.LOST_PERSON: CARE,
    Purpose.EMERGENCY: CARE,
    Purpose.FAMILY_CONTACT: CARE,
    Purpose.VISIT: frozenset(TagKind),
    Purpose.SERVICE_DELIVERY: frozenset(TagKind),
    Purpose.ELIGIBILITY: frozenset(TagKind),
    Purpose.REGISTRATION: frozenset(TagKind),
    Purpose.CORRECTION: frozenset(TagKind),
}
"""Groups that a purpose has to do with; other purposes are told none."""


async def search_people(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    principal: Principal,
    query: PersonSearch,
    page: PageQuery,
) -> Page[FoundPersonRow]:
    """Masked people who fit all of the query, the likeliest first. Whoever is shown can find out that they were."""
    community_code = principal.community_code
    groups = _criteria(vault.keyring, query)
    statement = repository.matching(repository.readable(principal), community_code, groups)
    if query.age_from is not None or query.age_to is not None:
        oldest = OLDEST if query.age_to is None else query.age_to
        ages = tokens.ages(vault.keyring, query.age_from or 0, oldest, china_today())
        statement = repository.also_having(statement, ages)
    places = {"compound": query.compound, "building": query.building, "unit": query.unit}
    for column, value in places.items():
        if value is not None:
            statement = statement.where(getattr(Household, column) == value)
    order_by: list[Any] = [Person.id]
    if query.name is not None:
        order_by.insert(0, repository.rank(*tokens.name_ranks(vault.keyring, query.name)))
    found = await paginate(session, statement, order_by=order_by, page=page, to_item=repository.at_home)
    shown = await show(session, vault, principal, found.items)
    relevant = _RELEVANT.get(query.purpose, frozenset())
    units = {person.id: household.unit for person, household in found.items}
    rows = [
        FoundPersonRow(
            **person.model_dump(include=_SHOWN),
            unit=units[person.id],
            tags=[tag for tag in person.tags if tag in relevant],
        )
        for person in shown
    ]
    await _write_down(session, signer, principal, community_code, query, rows)
    found.items = rows
    return found


_SHOWN = {"id", "household_id", "grid_code", "compound", "building", "name", "age", "sex", "has_cautions"}


def _criteria(keyring: Keyring, query: PersonSearch) -> list[Alternatives]:
    """Groups of tokens that a person must match all of; NothingToSearchBy if nobody in particular is described."""
    groups: list[Alternatives] = []
    if query.name is not None:
        named = tokens.name_query(keyring, query.name)
        if not named:
            raise NothingToSearchBy
        groups += named
    if query.phone is not None:
        groups.append([tokens.index_phone(keyring, query.phone)])
    if query.last_four is not None:
        groups.append(tokens.last_four(keyring, query.last_four))
    if query.identity_number is not None:
        groups.append([tokens.index_identity_number(keyring, query.identity_number)])
    if not groups and not (query.compound and query.building):
        raise NothingToSearchBy
    return groups


async def _write_down(
    session: AsyncSession,
    signer: Signer,
    principal: Principal,
    community_code: str,
    query: PersonSearch,
    rows: Iterable[FoundPersonRow],
) -> None:
    """One entry for the search and one for each person shown, linked by the search's id."""
    search_id = new_id()
    shown = [row.id for row in rows]
    criteria = sorted(query.model_fields_set - {"purpose"})
    common = {"community_code": community_code, "action": "people.search", "purpose": query.purpose}
    await audit.record(
        session,
        signer,
        principal,
        subject_type="search",
        subject_id=search_id,
        fields=criteria,
        detail={"shown": len(shown)},
        **common,
    )
    await audit.record_many(
        session,
        signer,
        principal,
        subject_type="person",
        subject_ids=shown,
        detail={"search": str(search_id)},
        **common,
    )
