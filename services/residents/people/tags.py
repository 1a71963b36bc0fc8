"""Use cases of tags: each one may change the household's card, at once."""

from uuid import UUID

from services.residents.events import PersonTagsChanged
from services.residents.household_cards.derive import derive_households
from services.residents.people import repository
from services.residents.people.models import Person, PersonTag, TagState
from services.residents.people.records import seal_evidence
from services.residents.people.schemas import TagGrant, TagRead
from shared import outbox
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession
from shared.errors import WrongState
from shared.vault import Vault


async def grant_tag(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, data: TagGrant
) -> PersonTag:
    """The person belongs to a group from a date on, until another or until revoked."""
    person, _ = await repository.get_person(session, principal, person_id, lock=True)
    tag = PersonTag(
        community_code=person.community_code,
        person_id=person.id,
        kind=data.kind,
        valid_from=data.valid_from or china_today(),
        valid_to=data.valid_to,
        granted_by=principal.subject,
    )
    key = await vault.key_for(person.community_code, person.id)
    tag.evidence = seal_evidence(key, tag.id, data.evidence)
    session.add(tag)
    await _tags_changed(session, vault, person)
    return tag


async def revoke_tag(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    person_id: UUID,
    tag_id: UUID,
    expected: int | None = None,
) -> PersonTag:
    """The tag no longer holds; it stays on record. `expected` is the version that the caller has seen."""
    person, _ = await repository.get_person(session, principal, person_id, lock=True)
    tag = await repository.lock_tag(session, person, tag_id)
    if expected is not None:
        check_version(tag.version, expected)
    if tag.revoked_at is not None:
        raise WrongState(TagState.REVOKED, [TagState.GRANTED])
    tag.revoked_at, tag.revoked_by = utc_now(), principal.subject
    tag.version += 1
    tag.updated_at = utc_now()
    await _tags_changed(session, vault, person)
    return tag


def show_tag(tag: PersonTag) -> TagRead:
    return TagRead(
        **tag.model_dump(
            include={"id", "kind", "valid_from", "valid_to", "granted_by", "revoked_at", "revoked_by", "version"}
        ),
        has_evidence=tag.evidence is not None,
    )


async def _tags_changed(session: AsyncSession, vault: Vault, person: Person) -> None:
    person.version += 1
    person.updated_at = utc_now()
    await session.flush()
    await derive_households(session, vault, person.community_code, [person.household_id])
    event = PersonTagsChanged(person_id=person.id, household_id=person.household_id)
    await outbox.add(
        session,
        event,
        community_code=person.community_code,
        subject=f"people/{person.id}",
        version=person.version,
    )
