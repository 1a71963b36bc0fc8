"""What a backup is: one tar file with a dump of each database, the files beside them, and a manifest of both.

The keys of the installation are not in it (they are in `DATA/environment`, or `.env`); their fingerprints are, so that
a restore under other keys is refused instead of yielding noise.
"""

import hashlib
import json
import tarfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from stack import kept_files
from stack.environment import key_encryption_keys
from stack.topology import APPLICATIONS, Application

FORMAT = 1
MANIFEST = "manifest.json"
_KEYS = ("INDEX_KEY", "SIGNING_KEY")


class ArchiveDamaged(Exception):
    """备份文件已损坏 · The file is no backup, or not all of it."""


@dataclass(frozen=True)
class DatabaseDump:
    """One database in the archive."""

    file: str
    sha256: str
    bytes: int
    revision: str
    """Of its migrations."""
    erasures: list[list[str]] = field(default_factory=list)
    """[community, subject] of everybody whose key had been destroyed."""
    anchors: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The signed end of each community's audit chain, kept where the database's administrators cannot change it."""


@dataclass(frozen=True)
class Manifest:
    made_at: str
    """RFC 3339: the moment that all dumps show."""
    postgres: str
    keys: dict[str, list[str]]
    """Fingerprints of the keys in force, by application."""
    databases: dict[str, DatabaseDump]
    files: dict[str, int] = field(default_factory=dict)
    """How many files of each application that keeps files in a folder."""
    format: int = FORMAT

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=2, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        values = json.loads(text)
        if values.get("format") != FORMAT:
            raise ArchiveDamaged(f"format {values.get('format')!r}; this version reads {FORMAT}")
        dumps = {name: DatabaseDump(**each) for name, each in values.pop("databases").items()}
        return cls(databases=dumps, **values)


def fingerprints(variables: Mapping[str, str], application: Application) -> list[str]:
    """What tells an application's keys apart without telling them: `k1=3f9a…`, the first digits of a SHA-256."""
    encryption = key_encryption_keys(variables, application).split(",")
    keys = dict(each.strip().split(":", 1) for each in encryption)
    keys |= {name.lower(): variables[application.prefix + name] for name in _KEYS}
    return sorted(f"{name}={_digest(key)}" for name, key in keys.items())


def _digest(key: str) -> str:
    return hashlib.sha256(b"kaiyuan/fingerprint\0" + key.rstrip("=").encode()).hexdigest()[:16]


def missing_keys(manifest: Manifest, variables: Mapping[str, str]) -> list[str]:
    """The keys that the archive needs and `variables` do not hold, as `residents k1`."""
    missing = []
    for each in APPLICATIONS:
        held = set(fingerprints(variables, each))
        wanted = manifest.keys.get(each.name, [])
        missing += [f"{each.name} {name.partition('=')[0]}" for name in wanted if name not in held]
    return missing


def pack(folder: Path, manifest: Manifest, target: Path) -> None:
    """Write `target`, whole or not at all; readable by its owner alone."""
    (folder / MANIFEST).write_text(manifest.as_json())
    building = target.with_name(f".{target.name}.new")
    building.touch(mode=0o600)
    with tarfile.open(building, "w") as tar:
        for name in (MANIFEST, *(dump.file for dump in manifest.databases.values())):
            tar.add(folder / name, arcname=name)
        if manifest.files:
            tar.add(folder / kept_files.FOLDER, arcname=kept_files.FOLDER)
    building.replace(target)


def unpack(archive: Path, folder: Path) -> Manifest:
    """Extract `archive` into `folder` and check every byte of it; ArchiveDamaged says what is wrong."""
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        manifest = Manifest.from_json((folder / MANIFEST).read_text())
    except (tarfile.TarError, OSError, ValueError, TypeError, KeyError) as error:
        raise ArchiveDamaged(f"{archive.name}: {type(error).__name__}") from error
    for name, dump in manifest.databases.items():
        path = folder / dump.file
        if not path.is_file() or checksum(path) != dump.sha256:
            raise ArchiveDamaged(f"{archive.name}: {name}")
    for name, number in manifest.files.items():
        if kept_files.count(folder / kept_files.FOLDER / name) != number:
            raise ArchiveDamaged(f"{archive.name}: {kept_files.FOLDER}/{name}")
    return manifest


def read_manifest(archive: Path) -> Manifest:
    """The manifest alone; ArchiveDamaged if there is none."""
    try:
        with tarfile.open(archive) as tar:
            member = tar.extractfile(MANIFEST)
            assert member is not None
            return Manifest.from_json(member.read().decode())
    except (tarfile.TarError, OSError, KeyError, ValueError, TypeError) as error:
        raise ArchiveDamaged(f"{archive.name}: {type(error).__name__}") from error


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
