"""A sheet at rest: parts of rows, compressed and sealed under the import's own key."""

import asyncio
import json
import zlib
from collections.abc import Sequence
from uuid import UUID

from services.residents.imports.models import ImportJob
from services.residents.imports.reading import Row
from shared.crypto import DataKey
from shared.files import FileStore

FOLDER = "imports"
PART_ROWS = 1000
"""Rows of one part, which is one transaction."""
_AT_ONCE = 16


def path_of(community_code: str, import_id: UUID, part: int) -> str:
    """`imports/150207007005/<id>.<part>`: ids only."""
    return f"{FOLDER}/{community_code}/{import_id}.{part}"


def paths_of(job: ImportJob) -> list[str]:
    return [path_of(job.community_code, job.id, part) for part in range(job.parts)]


def pack_rows(rows: Sequence[Row]) -> bytes:
    plain = json.dumps([[row.number, row.is_hidden, row.cells] for row in rows], ensure_ascii=False)
    return zlib.compress(plain.encode(), level=3)


def unpack_rows(packed: bytes) -> list[Row]:
    return [Row(number, cells, is_hidden) for number, is_hidden, cells in json.loads(zlib.decompress(packed))]


async def open_part(files: FileStore, key: DataKey, job: ImportJob, part: int) -> bytes:
    """The packed rows of a part. FileMissing when the file is gone, Tampered when it is another."""
    sealed = await files.get(path_of(job.community_code, job.id, part))
    return key.open_bytes(sealed, table="import_job", column=f"part-{part}", row_id=job.id)


async def keep_parts(files: FileStore, key: DataKey, job: ImportJob, packed: Sequence[bytes]) -> None:
    """Seal and store all parts; a few at a time, since each waits for the disk."""

    async def keep(part: int) -> None:
        sealed = key.seal_bytes(packed[part], table="import_job", column=f"part-{part}", row_id=job.id)
        await files.put(path_of(job.community_code, job.id, part), sealed)

    for start in range(0, len(packed), _AT_ONCE):
        await asyncio.gather(*(keep(part) for part in range(start, min(start + _AT_ONCE, len(packed)))))
