from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, select, update
from sqlmodel import col

from services.requests.attachments.models import Attachment
from services.requests.service_requests.models import Visibility
from shared.conditions import among
from shared.db import AsyncSession, count_changed


def attachments_of(community_code: str, subject_id: UUID, *, internal: bool) -> Select[Attachment]:
    """What was not withdrawn, the oldest first; without `internal` only what the requester may see."""
    statement = select(Attachment).where(
        col(Attachment.community_code) == community_code,
        col(Attachment.subject_id) == subject_id,
        col(Attachment.withdrawn_at).is_(None),
    )
    if not internal:
        is_shown = (col(Attachment.visibility) == Visibility.PUBLIC) & col(Attachment.redacted_at).is_(None)
        statement = statement.where(is_shown)
    return statement.order_by(col(Attachment.id))


async def list_attachments(
    session: AsyncSession, community_code: str, subject_id: UUID, *, internal: bool
) -> Sequence[Attachment]:
    return (await session.execute(attachments_of(community_code, subject_id, internal=internal))).scalars().all()


async def find_attachment(
    session: AsyncSession, community_code: str, subject_id: UUID, attachment_id: UUID, *, internal: bool
) -> Attachment | None:
    statement = attachments_of(community_code, subject_id, internal=internal)
    return (await session.execute(statement.where(col(Attachment.id) == attachment_id))).scalar_one_or_none()


async def count_attachments(session: AsyncSession, community_code: str, subject_id: UUID) -> int:
    kept = attachments_of(community_code, subject_id, internal=True).order_by(None).subquery()
    return (await session.execute(select(func.count()).select_from(kept))).scalar_one()


def _showable() -> ColumnElement[bool]:
    """What the requester may see."""
    return and_(
        col(Attachment.visibility) == Visibility.PUBLIC,
        col(Attachment.redacted_at).is_(None),
        col(Attachment.withdrawn_at).is_(None),
    )


async def find_released(session: AsyncSession, community_code: str, attachment_id: UUID) -> Attachment | None:
    """A photo that everybody may see, if everybody may know of its request."""
    statement = select(Attachment).where(
        col(Attachment.community_code) == community_code,
        col(Attachment.id) == attachment_id,
        col(Attachment.released_at).is_not(None),
        _showable(),
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def first_released(session: AsyncSession, community_code: str, request_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The first released photo of each of these requests that has one."""
    statement = (
        select(col(Attachment.subject_id), col(Attachment.id))
        .where(
            col(Attachment.community_code) == community_code,
            among(col(Attachment.subject_id), request_ids),
            col(Attachment.released_at).is_not(None),
            _showable(),
        )
        .order_by(col(Attachment.id).desc())
    )
    return {row.subject_id: row.id for row in await session.execute(statement)}


async def release_photos(
    session: AsyncSession, community_code: str, request_id: UUID, ids: Sequence[UUID], at: datetime
) -> int:
    """Let everybody see these public photos of a request; returns how many there are."""
    return await count_changed(
        session,
        update(Attachment)
        .where(
            col(Attachment.community_code) == community_code,
            col(Attachment.request_id) == request_id,
            among(col(Attachment.id), ids),
            _showable(),
        )
        .values(released_at=at)
        .execution_options(synchronize_session=False),
    )


async def take_photos_back(session: AsyncSession, community_code: str, request_id: UUID) -> int:
    statement = (
        update(Attachment)
        .where(
            col(Attachment.community_code) == community_code,
            col(Attachment.request_id) == request_id,
            col(Attachment.released_at).is_not(None),
        )
        .values(released_at=None)
        .execution_options(synchronize_session=False)
    )
    return await count_changed(session, statement)


async def withdraw_of_key(session: AsyncSession, community_code: str, key_subject_id: UUID, at: datetime) -> None:
    """Take out of use what a destroyed key had sealed."""
    await session.execute(
        update(Attachment)
        .where(
            col(Attachment.community_code) == community_code,
            col(Attachment.key_subject_id) == key_subject_id,
            col(Attachment.withdrawn_at).is_(None),
        )
        .values(withdrawn_at=at)
        .execution_options(synchronize_session=False)
    )


async def lock_withdrawn(session: AsyncSession, limit: int) -> Sequence[Attachment]:
    statement = (
        select(Attachment)
        .where(col(Attachment.withdrawn_at).is_not(None))
        .order_by(col(Attachment.withdrawn_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


async def delete_rows(session: AsyncSession, attachments: Sequence[Attachment]) -> int:
    """Remove these rows; returns how many."""
    statement = delete(Attachment).where(
        col(Attachment.community_code).in_({each.community_code for each in attachments}),
        among(col(Attachment.id), [each.id for each in attachments]),
    )
    return await count_changed(session, statement.execution_options(synchronize_session=False))


async def known(session: AsyncSession, community_code: str, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these have a row."""
    statement = select(col(Attachment.id)).where(
        col(Attachment.community_code) == community_code, among(col(Attachment.id), ids)
    )
    return set((await session.execute(statement)).scalars())
