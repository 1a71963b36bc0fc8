"""Files of photos that were removed are deleted, and files that a crash left without a row."""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID

from services.residents.photos import repository
from services.residents.photos.service import FOLDER, PhotoSize, path_of
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.files import FileStore
from shared.timers import Timer

BATCH = 100
UNNAMED_FOR = timedelta(days=1)
"""Longer than any transaction may take: an older file without a row will never get one."""


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
    await files.delete([path_of(photo, size) for photo in photos for size in PhotoSize])
    await repository.delete_rows(session, photos)
    return len(photos)


async def delete_unnamed(session: AsyncSession, files: FileStore) -> int:
    """Delete old files that no row names; returns how many."""
    by_community: dict[str, dict[str, UUID]] = defaultdict(dict)
    for path in await files.older_than(utc_now() - UNNAMED_FOR, FOLDER):
        _, community_code, name = path.split("/")
        by_community[community_code][path] = UUID(name.partition(".")[0])
    deleted = 0
    for community_code, named in by_community.items():
        known = await repository.known(session, community_code, list(set(named.values())))
        unnamed = [path for path, photo_id in named.items() if photo_id not in known]
        await files.delete(unnamed)
        deleted += len(unnamed)
    return deleted
