"""What names a person follows the people whose records the registry merges, and goes back when a merge is undone.

What was said stays sealed under the key that it was sealed under: `key_subject_id` does not change, and erasing the
kept person erases the merged record as well, key by key.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import exists, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.requests.deliberations.models import Participant
from services.requests.knowledge.models import ArticleVote
from services.requests.mediations.models import MediationParty
from services.requests.person_merges.models import FollowedMerge
from services.requests.projects.models import Inspection
from services.requests.ratings.models import Rating
from services.requests.service_requests.models import RequestFollower, ServiceRequest
from shared.conditions import among
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload


class Merged(Payload):
    merge_id: UUID
    person_id: UUID
    """The record that is kept."""
    merged_person_id: UUID


class _Named(NamedTuple):
    """A column that names a person."""

    table: Any
    column: str
    once_in: tuple[str, ...] = ()
    """Columns within which nobody is named twice: where the kept person is named already, the merged one stays."""
    key: str = "id"
    """What tells the rows of one person apart."""


NAMED = {
    "requested": _Named(ServiceRequest, "requester_person_id"),
    "concerned": _Named(ServiceRequest, "concerned_person_id"),
    "votes": _Named(ArticleVote, "person_id", once_in=("article_id",)),
    "parties": _Named(MediationParty, "person_id"),
    "participations": _Named(Participant, "person_id", once_in=("deliberation_id",)),
    "followings": _Named(RequestFollower, "person_id", once_in=("request_id",), key="request_id"),
    "ratings": _Named(Rating, "person_id", once_in=("request_id", "round")),
    "inspections": _Named(Inspection, "person_id", once_in=("project_id", "round")),
}
"""By the column of `FollowedMerge` that remembers which rows were moved."""


async def follow_merged(session: AsyncSession, envelope: Envelope) -> None:
    """`residents.person_merged.v1`. Heard after its own undoing, it moves nothing."""
    event, community_code = Merged.model_validate(envelope.data), envelope.community
    if await session.get(FollowedMerge, (community_code, event.merge_id)) is not None:
        return
    merge = FollowedMerge(community_code=community_code, merge_id=event.merge_id)
    for name, named in NAMED.items():
        setattr(merge, name, await _move(session, community_code, named, event.merged_person_id, event.person_id))
    session.add(merge)


async def follow_merge_undone(session: AsyncSession, envelope: Envelope) -> None:
    """`residents.person_merge_undone.v1`. Heard first, it is remembered."""
    event, community_code = Merged.model_validate(envelope.data), envelope.community
    merge = await session.get(FollowedMerge, (community_code, event.merge_id), with_for_update=True)
    if merge is None:
        session.add(FollowedMerge(community_code=community_code, merge_id=event.merge_id, is_undone=True))
        return
    for name, named in NAMED.items():
        moved = getattr(merge, name)
        await _move(session, community_code, named, event.person_id, event.merged_person_id, among_ids=moved)
    merge.is_undone = True


async def _move(
    session: AsyncSession,
    community_code: str,
    named: _Named,
    source: UUID,
    target: UUID,
    *,
    among_ids: Sequence[UUID] | None = None,
) -> list[UUID]:
    """Rows that name `source` name `target` from now on; returns which."""
    table, column = named.table, col(getattr(named.table, named.column))
    statement = update(table).where(col(table.community_code) == community_code, column == source)
    if among_ids is not None:
        statement = statement.where(among(col(getattr(table, named.key)), among_ids))
    if named.once_in:
        other = aliased(table)
        same = [col(getattr(other, name)) == col(getattr(table, name)) for name in ("community_code", *named.once_in)]
        statement = statement.where(~exists().where(*same, col(getattr(other, named.column)) == target))
    changes: dict[Any, Any] = {column: target}
    if "version" in table.model_fields:
        changes[col(table.version)] = col(table.version) + 1
    statement = statement.values(changes).returning(col(getattr(table, named.key)))
    found = await session.execute(statement.execution_options(synchronize_session=False))
    return list(found.scalars())
