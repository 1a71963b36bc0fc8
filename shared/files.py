"""Files beside the database: photos, sheets. Sealed before they get here, so that a folder tells nobody anything.

A file is written before the row that names it commits, and deleted after the row that named it is gone: what a crash
leaves behind is a sealed file that no row names, never a row without its file. Paths are ids, never names.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self
from urllib.parse import unquote, urlsplit

from fastapi import Depends
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, S3Store
from starlette.requests import Request

if TYPE_CHECKING:
    from obstore.store import ClientConfig

_PAGE = 1_000
_PATIENCE: "ClientConfig" = {"connect_timeout": "3s", "timeout": "30s", "allow_http": True}
"""`http:` is for an object store beside the services; its address is the operator's, never a user's."""


class FileMissing(Exception):
    """No file under this path: it was deleted, or another folder was restored than the database."""


class FileStore:
    """A folder of this machine (`file:///var/lib/kaiyuan/files`), or a bucket (`s3://bucket/prefix`)."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    @classmethod
    def from_url(cls, url: str, options: str = "") -> Self:
        """`options`: for S3 a JSON object, e.g. of `endpoint`, `region`, `access_key_id`, `secret_access_key`.

        A local folder is created if it is missing; only its owner can look into it.
        """
        parts = urlsplit(url)
        if parts.scheme != "file":
            config = json.loads(options or "{}")
            return cls(S3Store.from_url(url, config=config, client_options=_PATIENCE))
        folder = Path(unquote(parts.path))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(LocalStore(prefix=folder), folder)

    async def put(self, path: str, data: bytes) -> None:
        """Store `data`; durable when this returns. A path is written once: ids make paths, and ids are not reused."""
        await self._store.put_async(path, data)
        if self._folder is not None:
            await asyncio.to_thread(_make_durable, self._folder, path)

    async def get(self, path: str) -> bytes:
        """The bytes stored under `path`; FileMissing if there are none."""
        try:
            answer = await self._store.get_async(path)
        except (NotFoundError, FileNotFoundError) as error:
            raise FileMissing from error
        return bytes(await answer.bytes_async())

    async def delete(self, paths: Sequence[str]) -> None:
        """Delete these files; those that are gone already are passed over."""
        for path in paths:
            try:
                await self._store.delete_async(path)
            except (NotFoundError, FileNotFoundError):
                continue

    async def older_than(self, moment: datetime, prefix: str = "") -> list[str]:
        """The paths below `prefix` that were last written before `moment`, for sweeping what no row names."""
        found: list[str] = []
        async for page in self._store.list(prefix or None, chunk_size=_PAGE):
            found += [each["path"] for each in page if each["last_modified"] < moment]
        return found


def _make_durable(folder: Path, path: str) -> None:
    """The store renames a finished file into place; only `fsync` of file and folders survives a power cut."""
    file = folder / path
    for each in (file, *(parent for parent in file.parents if parent.is_relative_to(folder))):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


async def _files(request: Request) -> FileStore:
    return request.app.state.files


FilesDep = Annotated[FileStore, Depends(_files)]
"""The file store of a service that keeps files."""
