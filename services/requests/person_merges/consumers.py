"""Requests follow the people whose records the registry merges, and go back when a merge is undone.

What was said stays sealed under the key that it was sealed under: `key_subject_id` does not change, and erasing the
kept person erases the merged record as well, key by key.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col

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
    for name, column in _COLUMNS.items():
        setattr(merge, name, await _move(session, community_code, column, event.merged_person_id, event.person_id))
    session.add(merge)


async def follow_merge_undone(session: AsyncSession, envelope: Envelope) -> None:
    """`residents.person_merge_undone.v1`. Heard first, it is remembered."""
    event, community_code = Merged.model_validate(envelope.data), envelope.community
    merge = await session.get(FollowedMerge, (community_code, event.merge_id), with_for_update=True)
    if merge is None:
        session.add(FollowedMerge(community_code=community_code, merge_id=event.merge_id, is_undone=True))
        return
    for name, column in _COLUMNS.items():
        moved = getattr(merge, name)
        await _move(session, community_code, column, event.person_id, event.merged_person_id, among_ids=moved)
    merge.is_undone = True


_COLUMNS = {
    "requested": col(ServiceRequest.requester_person_id),
    "concerned": col(ServiceRequest.concerned_person_id),
}


async def _move(
    session: AsyncSession,
    community_code: str,
    column: Any,
    source: UUID,
    target: UUID,
    *,
    among_ids: Sequence[UUID] | None = None,
) -> list[UUID]:
    """Requests that name `source` in the column name `target` from now on; returns which."""
    statement = update(ServiceRequest).where(col(ServiceRequest.community_code) == community_code, column == source)
    if among_ids is not None:
        statement = statement.where(among(col(ServiceRequest.id), among_ids))
    moved = statement.values({column: target, col(ServiceRequest.version): col(ServiceRequest.version) + 1})
    found = await session.execute(moved.returning(col(ServiceRequest.id)).execution_options(synchronize_session=False))
    return list(found.scalars())
