"""Finding someone by what is known of them, for a named purpose, and writing down who was shown."""

from dataclasses import replace
from datetime import date
from typing import Any

from services.residents.consents.catalogue import rests_on_consent
from services.residents.consents.repository import consenting
from services.residents.people.access import disclose
from services.residents.people.ages import age_on
from services.residents.people.models import TagKind
from services.residents.people.records import open_columns
from services.residents.people.schemas import PersonField
from services.residents.reviews.service import Access, note_access
from services.residents.search import repository
from services.residents.search.criteria import understood
from services.residents.search.schemas import REVEALED_AT_ONCE, FoundPersonRow, PersonSearch
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import china_today
from shared.crypto import Signer, WrappedKey
from shared.db import AsyncSession
from shared.identity import mask_name
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
    """People who fit all of the query, the likeliest first. Whoever is shown can find out that they were.

    For a purpose that rests on consent, only those who consent to it.
    """
    if query.reveal:
        page = replace(page, limit=min(page.limit, REVEALED_AT_ONCE))
    today = china_today()
    statement, order_by = await understood(session, vault.keyring, principal, query, today)
    if rests_on_consent(query.purpose):
        statement = statement.where(consenting(query.purpose))
    found = await paginate(session, statement, order_by=order_by, page=page, to_item=dict)
    relevant = _RELEVANT.get(query.purpose, frozenset())
    rows = [_shown(vault, principal, each, relevant, today) for each in found.items]
    if query.reveal:
        await _reveal(session, vault, principal, query.reveal, rows)
    await _write_down(session, vault, signer, principal, query, rows)
    found.items = rows
    return found


def _shown(
    vault: Vault, principal: Principal, selected: dict[str, Any], relevant: frozenset[TagKind], today: date
) -> FoundPersonRow:
    """One result, masked; the row was read with its key."""
    stored = WrappedKey(selected.pop("key_id"), selected.pop("wrapped"))
    key = vault.open_stored(stored, principal.community_code, selected["id"])
    known = open_columns(key, selected["id"], {name: selected.pop(name) for name in ("name", "birth_on", "sex")})
    tags = sorted(kind for kind in map(TagKind, selected.pop("tags")) if kind in relevant)
    return FoundPersonRow(
        **selected,
        name=mask_name(known.name or ""),
        age=age_on(known.birth_on, today) if known.birth_on else None,
        sex=known.sex,
        tags=tags,
    )


async def _reveal(
    session: AsyncSession, vault: Vault, principal: Principal, fields: set[PersonField], rows: list[FoundPersonRow]
) -> None:
    people = await repository.people_by_id(session, principal, [row.id for row in rows])
    for row in rows:
        row.revealed = await disclose(session, vault, *people[row.id], fields)


async def _write_down(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    principal: Principal,
    query: PersonSearch,
    shown: list[FoundPersonRow],
) -> None:
    """One entry for the search and one for each person shown, linked by the search's id; a review in an emergency."""
    community_code = principal.community_code
    criteria = query.model_fields_set - {"purpose", "reveal", "reason", "found_person_id"}
    common = {"community_code": community_code, "action": "people.search", "purpose": query.purpose}
    people = [(row.id, row.grid_code) for row in shown]
    access = Access(
        **common, people=people, fields=criteria, reason=query.reason, found_person_id=query.found_person_id
    )
    noted = await note_access(session, vault, principal, access)
    search_id = new_id()
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
    for reviewed in (False, True):
        ids = [person_id for person_id, _ in people if (person_id in noted.people) is reviewed]
        await audit.record_many(
            session,
            signer,
            principal,
            subject_type="person",
            subject_ids=ids,
            fields=[field.value for field in query.reveal],
            detail={"search": str(search_id)} | (noted.detail(ids[0]) if ids else {}),
            **common,
        )
