"""Requests and mediations follow the people whose records the registry merges, and go back when a merge is undone.

What was said stays sealed under the key that it was sealed under: `key_subject_id` does not change, and erasing the
kept person erases the merged record as well, key by key.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col

from services.requests.mediations.models import MediationParty
from services.requests.person_merges.models import FollowedMerge
from services.requests.service_requests.models import ServiceRequest
from shared.conditions import among
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload


class Merged(Payload):
    merge_id: UUID
    person_id: UUID
    """The record that is kept."""
    merged_person_id: UUID


async def follow_merged(session: AsyncSession, envelope: Envelope) -> None:
    """`residents.person_merged.v1`. Heard after its own undoing, it moves nothing."""
    event, community_code = Merged.model_validate(envelope.data), envelope.community
    if await session.get(FollowedMerge, (community_code, event.merge_id)) is not None:
        return
    merge = FollowedMerge(community_code=community_code, merge_id=event.merge_id)
    for name, (table, column) in _COLUMNS.items():
        moved = await _move(session, community_code, table, column, event.merged_person_id, event.person_id)
        setattr(merge, name, moved)
    session.add(merge)


async def follow_merge_undone(session: AsyncSession, envelope: Envelope) -> None:
    """`residents.person_merge_undone.v1`. Heard first, it is remembered."""
    event, community_code = Merged.model_validate(envelope.data), envelope.community
    merge = await session.get(FollowedMerge, (community_code, event.merge_id), with_for_update=True)
    if merge is None:
        session.add(FollowedMerge(community_code=community_code, merge_id=event.merge_id, is_undone=True))
        return
    for name, (table, column) in _COLUMNS.items():
        moved = getattr(merge, name)
        await _move(session, community_code, table, column, event.person_id, event.merged_person_id, among_ids=moved)
    merge.is_undone = True


_COLUMNS: dict[str, tuple[type[Any], Any]] = {
    "requested": (ServiceRequest, col(ServiceRequest.requester_person_id)),
    "concerned": (ServiceRequest, col(ServiceRequest.concerned_person_id)),
    "parties": (MediationParty, col(MediationParty.person_id)),
}


async def _move(
    session: AsyncSession,
    community_code: str,
    table: type[Any],
    column: Any,
    source: UUID,
    target: UUID,
    *,
    among_ids: Sequence[UUID] | None = None,
) -> list[UUID]:
    """Rows that name `source` in the column name `target` from now on; returns which."""
    statement = update(table).where(col(table.community_code) == community_code, column == source)
    if among_ids is not None:
        statement = statement.where(among(col(table.id), among_ids))
    changed = {column: target} | ({col(table.version): col(table.version) + 1} if hasattr(table, "version") else {})
    moved = statement.values(changed).returning(col(table.id)).execution_options(synchronize_session=False)
    return list((await session.execute(moved)).scalars())
