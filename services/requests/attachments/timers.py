"""Files of photos that were withdrawn are deleted, and files that a crash left without a row."""

from datetime import timedelta
from functools import partial

from services.requests.attachments import repository
from services.requests.attachments.service import FILES
from shared.db import AsyncSession
from shared.files import FileStore
from shared.timers import Timer

BATCH = 100


def attachment_timers(files: FileStore) -> list[Timer]:
    async def forget(session: AsyncSession) -> int:
        return await delete_withdrawn(session, files)

    async def tidy(session: AsyncSession) -> int:
        await FILES.delete_unnamed(files, partial(repository.known, session))
        return 0  # one look at the folder a day, however much it found

    return [
        Timer("attachments_withdrawn", timedelta(seconds=20), forget),
        Timer("attachments_unnamed", timedelta(days=1), tidy),
    ]


async def delete_withdrawn(session: AsyncSession, files: FileStore) -> int:
    """Delete files first and rows after: a crash in between is made good by the next sweep."""
    attachments = await repository.lock_withdrawn(session, BATCH)
    if not attachments:
        return 0
    await FILES.delete(files, [(each.community_code, each.id) for each in attachments])
    return await repository.delete_rows(session, attachments)
