"""Sealed photos in the file store: two files a photo, named by ids, so that a folder tells nobody anything."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from shared.clock import utc_now
from shared.crypto import DataKey
from shared.files import FileStore
from shared.photos import CleanPhoto

UNNAMED_FOR = timedelta(days=1)
"""Longer than any transaction may take: an older file without a row will never get one."""

Known = Callable[[str, Sequence[UUID]], Awaitable[set[UUID]]]
"""Which of a community's photos have a row."""


class PhotoSize(StrEnum):
    FULL = "full"
    """At most 1,600 pixels on its longer side."""
    THUMBNAIL = "thumbnail"
    """At most 320."""


@dataclass(frozen=True, slots=True)
class PhotoFolder:
    """The photos of one table: `photos/150207007005/<id>.full`."""

    name: str
    table: str
    """Whose rows name the files; the seal is bound to it."""

    def path_of(self, community_code: str, photo_id: UUID, size: PhotoSize) -> str:
        return f"{self.name}/{community_code}/{photo_id}.{size}"

    async def put(
        self, files: FileStore, key: DataKey, community_code: str, photo_id: UUID, picture: CleanPhoto
    ) -> int:
        """Seal and store both sizes, before the row that names them commits; returns the bytes of the full one."""
        for size, data in ((PhotoSize.FULL, picture.jpeg), (PhotoSize.THUMBNAIL, picture.thumbnail)):
            sealed = key.seal_bytes(data, table=self.table, column=size, row_id=photo_id)
            await files.put(self.path_of(community_code, photo_id, size), sealed)
        return len(picture.jpeg)

    async def get(self, files: FileStore, key: DataKey, community_code: str, photo_id: UUID, size: PhotoSize) -> bytes:
        """The JPEG; FileMissing if it was deleted."""
        sealed = await files.get(self.path_of(community_code, photo_id, size))
        return key.open_bytes(sealed, table=self.table, column=size, row_id=photo_id)

    async def delete(self, files: FileStore, photos: Iterable[tuple[str, UUID]]) -> None:
        """Delete the files of these (community, id), before their rows: a crash in between is made good later."""
        await files.delete([self.path_of(*photo, size) for photo in photos for size in PhotoSize])

    async def delete_unnamed(self, files: FileStore, known: Known) -> int:
        """Delete old files that no row names; returns how many."""
        by_community: dict[str, dict[str, UUID]] = defaultdict(dict)
        for path in await files.older_than(utc_now() - UNNAMED_FOR, self.name):
            _, community_code, name = path.split("/")
            by_community[community_code][path] = UUID(name.partition(".")[0])
        deleted = 0
        for community_code, named in by_community.items():
            with_row = await known(community_code, list(set(named.values())))
            unnamed = [path for path, photo_id in named.items() if photo_id not in with_row]
            await files.delete(unnamed)
            deleted += len(unnamed)
        return deleted
