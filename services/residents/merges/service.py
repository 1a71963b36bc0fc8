"""Making two records one, and undoing it. Both histories stay: nothing of the merged record is deleted.

The merged record keeps its sealed values and gives up what must be unique: what it is found by, its document's index,
its place in a household. What hangs on it moves (`moving.py`). They flush and never commit: the edge does.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import col

from services.residents.duplicates import repository as queue
from services.residents.duplicates.models import CandidateState, DismissReason, DuplicateCandidate
from services.residents.duplicates.schemas import MergeWanted
from services.residents.events import PersonMerged, PersonMergeUndone
from services.residents.household_cards.derive import derive_households
from services.residents.households.models import Household
from services.residents.memberships.models import EndReason
from services.residents.memberships.repository import end_open, find_open
from services.residents.merges import belongings, moving, repository
from services.residents.merges.errors import KeepWhoLivesHere, MergeNotUndoable, NotOfThisPair
from services.residents.merges.models import MergeState, PersonMerge
from services.residents.merges.moving import Side
from services.residents.people import repository as people
from services.residents.people.models import Person, PersonState
from services.residents.people.records import PersonalData, open_person
from services.residents.people.service import file_person, index_documents, personal_data, write_person
from shared import audit, outbox
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.crypto import DataKey, Signer
from shared.db import AsyncSession
from shared.errors import NotFound, WrongState
from shared.files import FileStore
from shared.identity import Sex
from shared.vault import Vault


async def merge_people(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    signer: Signer,
    principal: Principal,
    candidate: DuplicateCandidate,
    wanted: MergeWanted,
) -> PersonMerge:
    """Keep one record of the held pair; the other's id leads to it from now on."""
    kept, merged = await _lock_pair(session, principal, candidate, wanted.keep)
    if merged.state is PersonState.RESIDING and kept.state is not PersonState.RESIDING:
        raise KeepWhoLivesHere
    sides = await _sides(vault, kept, merged)
    known, others = open_person(sides[0].key, kept), open_person(sides[1].key, merged)
    merge = PersonMerge(
        community_code=kept.community_code,
        kept_id=kept.id,
        merged_id=merged.id,
        taken=sorted(wanted.take),
        merged_by=principal.subject,
    )
    membership = await _give_up_place(session, merged)
    merge.membership_id = membership
    await _withdraw(session, merged, kept)
    taken = personal_data(asdict(known) | _chosen(others, wanted.take))
    merge.taken = sorted(name for name in asdict(known) if getattr(taken, name) != getattr(known, name))
    merge.before = _seal(sides[0].key, merge.id, {name: _text(getattr(known, name)) for name in merge.taken})
    await _rewrite(session, vault, principal, kept, known, taken)
    merge.moved = await _move(session, vault, files, sides, kept, merged)
    await _renumber(session, kept)
    session.add(merge)
    await _settle(session, principal, merge, CandidateState.MERGED)
    await queue.forget_person(session, merge.community_code, merged.id)
    await derive_households(session, vault, kept.community_code, {kept.household_id, merged.household_id})
    event = PersonMerged(merge_id=merge.id, person_id=kept.id, merged_person_id=merged.id)
    await _tell(session, signer, principal, kept, merged, event, "people.merge")
    return merge


async def undo_merge(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    signer: Signer,
    principal: Principal,
    person_id: UUID,
    merge_id: UUID,
) -> PersonMerge:
    """They are two people after all: both records are what they were. MergeNotUndoable says what stands in the way."""
    person, _ = await people.get_person(session, principal, person_id)
    merge = await repository.find_merge(session, person.community_code, merge_id)
    if merge is None or person_id not in (merge.kept_id, merge.merged_id):
        raise NotFound
    if merge.undone_at is not None:
        raise WrongState(MergeState.UNDONE, [MergeState.MERGED])
    kept, merged = await _lock_records(session, merge)
    sides = await _sides(vault, kept, merged)
    known, others = open_person(sides[0].key, kept), open_person(sides[1].key, merged)
    await _refuse_if_in_the_way(session, merge, kept, merged, known, others)
    restored = PersonalData(**(asdict(known) | _open(sides[0].key, merge)))
    await _rewrite(session, vault, principal, kept, known, restored)
    await _bring_back(session, vault, merge, merged, others)
    await moving.move_back(session, merge.moved, source=sides[0], target=sides[1])
    await belongings.give_back(session, vault, files, merge.moved, kept, merged)
    for each in (kept, merged):
        await _renumber(session, each)
    merge.undone_at, merge.undone_by = utc_now(), principal.subject
    await _settle(session, principal, merge, CandidateState.DISMISSED, DismissReason.UNDONE)
    await derive_households(session, vault, kept.community_code, {kept.household_id, merged.household_id})
    event = PersonMergeUndone(merge_id=merge.id, person_id=kept.id, merged_person_id=merged.id)
    await _tell(session, signer, principal, kept, merged, event, "people.undo_merge")
    return merge


async def _lock_pair(
    session: AsyncSession, principal: Principal, candidate: DuplicateCandidate, keep: UUID
) -> tuple[Person, Person]:
    """(kept, merged), locked in the order of their ids."""
    pair = (candidate.person_id, candidate.other_id)
    if keep not in pair:
        raise NotOfThisPair
    locked = {each: (await people.get_person(session, principal, each, lock=True))[0] for each in pair}
    return locked[keep], locked[pair[1] if keep == pair[0] else pair[0]]


async def _lock_records(session: AsyncSession, merge: PersonMerge) -> tuple[Person, Person]:
    """(kept, merged) of a merge, locked in the order of their ids; MergeNotUndoable if one was erased."""
    first, second = sorted((merge.kept_id, merge.merged_id))
    locked = {each: await repository.lock_record(session, merge.community_code, each) for each in (first, second)}
    if any(person.erased_at is not None for person in locked.values()):
        raise MergeNotUndoable(["erased"])
    return locked[merge.kept_id], locked[merge.merged_id]


async def _sides(vault: Vault, kept: Person, merged: Person) -> tuple[Side, Side]:
    keys = await vault.keys_for(kept.community_code, [kept.id, merged.id])
    if len(keys) < 2:
        raise NotFound
    return (
        Side(kept.community_code, kept.id, keys[kept.id]),
        Side(merged.community_code, merged.id, keys[merged.id]),
    )


async def _give_up_place(session: AsyncSession, merged: Person) -> UUID | None:
    membership = await find_open(session, merged)
    if membership is None:
        return None
    await end_open(session, merged, max(china_today(), membership.began_on), EndReason.MERGED)
    return membership.id


async def _withdraw(session: AsyncSession, merged: Person, kept: Person) -> None:
    """From here on the record is found by nothing, and its documents' indexes are free for the kept one."""
    merged.merged_into = kept.id
    merged.identity_index = merged.passport_index = None
    _touch(merged)
    await session.flush()
    await people.forget_tokens(session, merged)
    await people.unlist_phone(session, merged)


async def _bring_back(
    session: AsyncSession, vault: Vault, merge: PersonMerge, merged: Person, known: PersonalData
) -> None:
    merged.merged_into = None
    index_documents(vault.keyring, merged, known)
    _touch(merged)
    await session.flush()
    await file_person(session, vault, merged, None, known)
    if merge.membership_id is not None:
        membership = await repository.find_membership(session, merge.community_code, merge.membership_id)
        assert membership is not None
        membership.ended_on = membership.end_reason = None
        membership.version += 1
        membership.updated_at = utc_now()
        await session.flush()


async def _refuse_if_in_the_way(
    session: AsyncSession, merge: PersonMerge, kept: Person, merged: Person, known: PersonalData, others: PersonalData
) -> None:
    obstacles = [] if kept.merged_into is None else ["kept_was_merged"]
    obstacles += [f"field:{name}" for name in merge.taken if getattr(known, name) != getattr(others, name)]
    if merge.membership_id is not None:
        membership = await repository.find_membership(session, merge.community_code, merge.membership_id)
        home = await session.get_one(Household, (merged.community_code, merged.household_id))
        if membership is None or home.ended_on is not None:
            obstacles.append("household")
        elif membership.is_head and await repository.has_head(session, home.community_code, home.id):
            obstacles.append("head")
    if obstacles:
        raise MergeNotUndoable(obstacles)


async def _rewrite(
    session: AsyncSession, vault: Vault, principal: Principal, kept: Person, known: PersonalData, wanted: PersonalData
) -> None:
    _touch(kept)
    if wanted != known:
        await write_person(session, vault, principal, kept, known, wanted)


async def _move(
    session: AsyncSession, vault: Vault, files: FileStore, sides: tuple[Side, Side], kept: Person, merged: Person
) -> dict[str, list[str]]:
    revoked = await belongings.free_places(session, merged, kept)
    moved = await moving.move_all(session, source=sides[1], target=sides[0])
    return moved | revoked | await belongings.take_over(session, vault, files, merged, kept)


async def _renumber(session: AsyncSession, person: Person) -> None:
    """Contacts are called 1, 2, 3 …; those that were moved come where their number puts them."""
    for position, contact in enumerate(await repository.contacts_in_order(session, person), start=1):
        contact.position = position
    await session.flush()


async def _settle(
    session: AsyncSession,
    principal: Principal,
    merge: PersonMerge,
    state: CandidateState,
    reason: DismissReason | None = None,
) -> None:
    await session.flush()
    pair = queue.pair_of(merge.kept_id, merge.merged_id)
    decided = {"decided_at": utc_now(), "decided_by": principal.subject}
    await queue.settle_pair(
        session, merge.community_code, pair, {"state": state, "dismissed_because": reason, **decided}
    )


async def _tell(
    session: AsyncSession,
    signer: Signer,
    principal: Principal,
    kept: Person,
    merged: Person,
    event: PersonMerged | PersonMergeUndone,
    action: str,
) -> None:
    await outbox.add(
        session, event, community_code=kept.community_code, subject=f"people/{kept.id}", version=kept.version
    )
    await audit.record_many(
        session,
        signer,
        principal,
        community_code=kept.community_code,
        action=action,
        purpose=Purpose.CORRECTION,
        subject_type="person",
        subject_ids=[kept.id, merged.id],
        detail={"merge": str(event.merge_id)},
    )


def _chosen(others: PersonalData, take: Iterable[str]) -> dict[str, Any]:
    """An identity number brings the birth date and the sex that it states."""
    fields = set(take)
    if "identity_number" in fields:
        fields |= {"birth_on", "sex"}
    return {name: getattr(others, name) for name in fields}


def _touch(person: Person) -> None:
    person.version += 1
    person.updated_at = utc_now()


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _seal(key: DataKey, merge_id: UUID, before: dict[str, str | None]) -> bytes | None:
    if not before:
        return None
    return key.seal(json.dumps(before, ensure_ascii=False), table="person_merge", column="before", row_id=merge_id)


def _open(key: DataKey, merge: PersonMerge) -> dict[str, Any]:
    if merge.before is None:
        return {}
    values = json.loads(key.open(merge.before, table="person_merge", column="before", row_id=merge.id))
    read = {"birth_on": date.fromisoformat, "sex": Sex}
    return {name: value if value is None else read.get(name, str)(value) for name, value in values.items()}


async def show_merges(session: AsyncSession, person: Person) -> Sequence[PersonMerge]:
    statement = repository.merges_of(person).order_by(col(PersonMerge.id))
    return (await session.execute(statement)).scalars().all()
