"""The file store: what was put is there, whatever else happens."""

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from shared.clock import utc_now
from shared.files import FileMissing, FileStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "files"


@pytest.fixture
def files(folder: Path) -> FileStore:
    return FileStore.from_url(folder.as_uri())


async def test_what_was_put_is_got(files: FileStore) -> None:
    data = os.urandom(300_000)
    await files.put("150207007005/one", data)
    assert await files.get("150207007005/one") == data


async def test_what_was_never_put_or_was_deleted_is_missing(files: FileStore) -> None:
    await files.put("150207007005/one", b"1")
    await files.delete(["150207007005/one", "150207007005/never"])
    for path in ("150207007005/one", "150207007005/never"):
        with pytest.raises(FileMissing):
            await files.get(path)


async def test_only_the_owner_looks_into_the_folder(files: FileStore, folder: Path) -> None:
    await files.put("one", b"1")
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700  # noqa: PTH116 - one look at a local folder


async def test_a_store_opened_again_still_holds_its_files(files: FileStore, folder: Path) -> None:
    await files.put("150207007005/one", b"1")
    assert await FileStore.from_url(folder.as_uri()).get("150207007005/one") == b"1"


async def test_old_files_are_listed_by_prefix_and_age(files: FileStore) -> None:
    for path in ("150207007005/one", "150207007005/two", "150207007006/three"):
        await files.put(path, b"1")
    later, earlier = utc_now() + timedelta(minutes=1), utc_now() - timedelta(minutes=1)
    assert sorted(await files.older_than(later, "150207007005")) == ["150207007005/one", "150207007005/two"]
    assert len(await files.older_than(later)) == 3
    assert await files.older_than(earlier) == []


async def test_no_path_leads_out_of_the_folder(files: FileStore, folder: Path) -> None:
    (folder.parent / "outside").write_bytes(b"secret")
    with pytest.raises(Exception, match=r"(?i)invalid|path"):
        await files.get("../outside")
