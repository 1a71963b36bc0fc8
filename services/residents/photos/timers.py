"""Files of photos that were removed are deleted, and files that a crash left without a row."""

from datetime import timedelta
from functools import partial

from services.residents.photos import repository
from services.residents.photos.service import FILES
from shared.db import AsyncSession
from shared.files import FileStore
from shared.timers import Timer

BATCH = 100


def photo_timers(files: FileStore) -> list[Timer]:
    async def forget(session: AsyncSession) -> int:
        return await delete_removed(session, files)

    async def tidy(session: AsyncSession) -> int:
        await delete_unnamed(session, files)
        return 0  # one look at the folder a day, however much it found

    return [
        Timer("photos_removed", timedelta(seconds=20), forget),
        Timer("photos_unnamed", timedelta(days=1), tidy),
    ]


async def delete_removed(session: AsyncSession, files: FileStore) -> int:
    """Delete files first and rows after: a crash in between is made good by the next sweep."""
    photos = await repository.lock_removed(session, BATCH)
    await FILES.delete(files, [(photo.community_code, photo.id) for photo in photos])
    await repository.delete_rows(session, photos)
    return len(photos)


async def delete_unnamed(session: AsyncSession, files: FileStore) -> int:
    """Delete old files that no row names; returns how many."""
    return await FILES.delete_unnamed(files, partial(repository.known, session))
