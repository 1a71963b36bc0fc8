from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, any_, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import col

from services.residents.photos.models import Photo, PhotoKind
from shared.db import AsyncSession, count_changed


def photos_of(community_code: str, subject_id: UUID) -> Select[Photo]:
    """What was not removed, the oldest first."""
    return (
        select(Photo)
        .where(
            col(Photo.community_code) == community_code,
            col(Photo.subject_id) == subject_id,
            col(Photo.removed_at).is_(None),
        )
        .order_by(col(Photo.id))
    )


async def find_portrait(session: AsyncSession, community_code: str, person_id: UUID) -> Photo | None:
    statement = photos_of(community_code, person_id).where(col(Photo.kind) == PhotoKind.PORTRAIT)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_photo(session: AsyncSession, community_code: str, subject_id: UUID, photo_id: UUID) -> Photo | None:
    statement = photos_of(community_code, subject_id).where(col(Photo.id) == photo_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def list_photos(session: AsyncSession, community_code: str, subject_id: UUID) -> Sequence[Photo]:
    return (await session.execute(photos_of(community_code, subject_id))).scalars().all()


async def mark_removed(
    session: AsyncSession, community_code: str, subject_id: UUID, at: datetime, kind: PhotoKind | None = None
) -> int:
    """Take the subject's photos (of one kind) out of use; returns how many."""
    statement = update(Photo).where(
        col(Photo.community_code) == community_code,
        col(Photo.subject_id) == subject_id,
        col(Photo.removed_at).is_(None),
    )
    if kind is not None:
        statement = statement.where(col(Photo.kind) == kind)
    changed = statement.values(removed_at=at).execution_options(synchronize_session=False)
    return await count_changed(session, changed)


async def lock_removed(session: AsyncSession, limit: int) -> Sequence[Photo]:
    statement = select(Photo).where(col(Photo.removed_at).is_not(None)).order_by(col(Photo.removed_at)).limit(limit)
    return (await session.execute(statement.with_for_update(skip_locked=True))).scalars().all()


async def delete_rows(session: AsyncSession, photos: Sequence[Photo]) -> None:
    for community_code in {photo.community_code for photo in photos}:
        ids = [photo.id for photo in photos if photo.community_code == community_code]
        await session.execute(
            delete(Photo)
            .where(col(Photo.community_code) == community_code, col(Photo.id).in_(ids))
            .execution_options(synchronize_session=False)
        )


async def known(session: AsyncSession, community_code: str, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these have a row."""
    wanted = bindparam("ids", list(ids), type_=ARRAY(PgUuid(as_uuid=True)))
    statement = select(col(Photo.id)).where(col(Photo.community_code) == community_code, col(Photo.id) == any_(wanted))
    return set((await session.execute(statement)).scalars())
