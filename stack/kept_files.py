"""The files beside the databases: what a backup takes of them, and where a restore puts them.

Files are written once, before the row that names them commits, and never changed. So what lies in the folder after the
databases' moment holds every file that a row of that moment names, but for those whose row was removed since. What a
restore finds no row for is deleted by the service's own sweep. A bucket is not copied: its operator versions it.
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from stack.topology import Application

FOLDER = "files"
"""In the archive: `files/residents/…`."""


def folder_of(variables: Mapping[str, str], application: Application) -> Path | None:
    """Where the application keeps its files on this machine; None if it keeps none here."""
    parts = urlsplit(variables.get(f"{application.prefix}FILES_URL", ""))
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def buckets(variables: Mapping[str, str], applications: Iterable[Application]) -> list[str]:
    """`residents: s3://bucket/prefix` of each application whose files lie elsewhere, and so in no backup."""
    urls = {each.name: variables.get(f"{each.prefix}FILES_URL", "") for each in applications}
    return [f"{name}: {url}" for name, url in urls.items() if urlsplit(url).scheme not in ("", "file")]


def copy_out(source: Path, target: Path) -> int:
    """Copy every file below `source`, by link where the disk is the same; returns how many."""
    copied = 0
    for path in _files_below(source):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            _copy(path, place)
        except FileNotFoundError:
            continue  # removed since, with its row
        copied += 1
    return copied


def copy_in(source: Path, target: Path) -> None:
    """Put the files of a backup back beside those that are there, owned by whoever owns the folder."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = target.stat()
    for path in _files_below(source):
        place = target / path.relative_to(source)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        if os.geteuid() == 0:
            for each in (place, *(parent for parent in place.parents if parent.is_relative_to(target))):
                os.chown(each, owner.st_uid, owner.st_gid)


def count(folder: Path) -> int:
    return sum(1 for _ in _files_below(folder))


def _files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []


def _copy(path: Path, place: Path) -> None:
    try:
        os.link(path, place)
    except FileNotFoundError:
        raise
    except OSError:  # another disk, or one without links
        shutil.copyfile(path, place)
