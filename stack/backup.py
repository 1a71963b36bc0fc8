"""Backup of all databases at one moment, with the files beside them, and restore.

All five dumps show the same moment: their snapshots are taken together before the first dump begins. Events that were
published shortly before are published again after a restore; consumers pass over what they have handled.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from stack import archive, kept_files
from stack.archive import DatabaseDump, Manifest
from stack.erasures import repeat_erasures
from stack.postgres import Server, create_database
from stack.topology import APPLICATIONS, RESIDENTS, Application

REPUBLISH = timedelta(hours=1)
"""How far back before the backup events are published again: generously more than a relay or a consumer lags."""

_ERASURES = "SELECT community_code, subject_id::text FROM data_key WHERE key_id = 'destroyed' ORDER BY 1, 2"
_ANCHORS = "SELECT community_code, seq, encode(hash, 'hex') AS hash FROM audit_head WHERE seq > 0"
_ERASE = """
    INSERT INTO data_key (community_code, subject_id, key_id, wrapped)
    SELECT community, subject::uuid, 'destroyed', ''::bytea FROM unnest($1::text[], $2::text[]) AS e(community, subject)
    ON CONFLICT (community_code, subject_id) DO UPDATE SET key_id = 'destroyed', wrapped = ''::bytea"""
_REPUBLISH = "UPDATE outbox SET published_at = NULL WHERE published_at > $1"

Report = Callable[[str], None]
Erasures = dict[str, list[list[str]]]


class BackupFailed(Exception):
    """A dump or a restore did not succeed; the message says which and why."""


@dataclass(frozen=True)
class _Snapshot:
    """One database, held at one moment by an open transaction."""

    id: str
    dump: DatabaseDump
    postgres: str


async def make_backup(variables: Mapping[str, str], target: Path, report: Report) -> Manifest:
    """Dump all databases into the tar file `target`; nobody has to stop working."""
    server = Server.from_url(variables["OPERATOR_DATABASE_URL"])
    made_at = datetime.now(UTC).isoformat()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as name:
        folder = Path(name)
        async with AsyncExitStack() as held:
            opening = (_hold_snapshot(server, each, held) for each in APPLICATIONS)
            snapshots = dict(zip((each.name for each in APPLICATIONS), await asyncio.gather(*opening), strict=True))
            dumps: dict[str, DatabaseDump] = {}
            for database, snapshot in snapshots.items():
                dumps[database] = await _dump(server, database, snapshot, folder)
                report(f"{database}: {dumps[database].bytes / 1_000_000:.1f} MB")
        files = await asyncio.to_thread(_copy_files, variables, folder)
        manifest = Manifest(
            made_at=made_at,
            postgres=next(iter(snapshots.values())).postgres,
            keys={each.name: archive.fingerprints(variables, each) for each in APPLICATIONS},
            databases=dumps,
            files=files,
        )
        await asyncio.to_thread(archive.pack, folder, manifest, target)
    return manifest


def _copy_files(variables: Mapping[str, str], folder: Path) -> dict[str, int]:
    copied: dict[str, int] = {}
    for each in APPLICATIONS:
        if (source := kept_files.folder_of(variables, each)) is not None:
            target = folder / kept_files.FOLDER / each.name
            target.mkdir(parents=True)
            copied[each.name] = kept_files.copy_out(source, target)
    return copied


async def _hold_snapshot(server: Server, application: Application, held: AsyncExitStack) -> _Snapshot:
    connection = await asyncpg.connect(server.dsn(application.name), timeout=10)
    held.push_async_callback(connection.close)
    await held.enter_async_context(connection.transaction(isolation="repeatable_read", readonly=True))
    snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
    anchors = {
        row["community_code"]: {"seq": row["seq"], "hash": row["hash"]} for row in await _rows(connection, _ANCHORS)
    }
    dump = DatabaseDump(
        file=f"{application.name}.dump",
        sha256="",
        bytes=0,
        revision=await connection.fetchval("SELECT version_num FROM alembic_version"),
        erasures=[list(row) for row in await _rows(connection, _ERASURES)],
        anchors=anchors,
    )
    return _Snapshot(snapshot, dump, await connection.fetchval("SHOW server_version"))


async def _rows(connection: asyncpg.Connection, query: str) -> list[asyncpg.Record]:
    """The rows, or none where the database has no such table."""
    table = query.partition("FROM ")[2].split()[0]
    return await connection.fetch(query) if await connection.fetchval("SELECT to_regclass($1)", table) else []


async def _dump(server: Server, database: str, snapshot: _Snapshot, folder: Path) -> DatabaseDump:
    path = folder / snapshot.dump.file
    options = ("--format=custom", f"--snapshot={snapshot.id}", f"--file={path}", "--lock-wait-timeout=10s")
    await _run(server, "pg_dump", database, *options)
    return replace(snapshot.dump, sha256=await asyncio.to_thread(archive.checksum, path), bytes=path.stat().st_size)


async def restore_backup(
    variables: Mapping[str, str],
    source: Path,
    *,
    force: bool,
    erasures_from: Path | None,
    report: Report,
) -> Manifest:
    """Replace all databases by those in `source`. No application may be running.

    Erasures are repeated: those of the databases that are replaced, and those of a newer backup, `erasures_from`.
    Raises BackupFailed, before anything is changed, if a database holds data and `force` is not given, if a key is
    missing, or if the backup was made by a newer version.
    """
    server = Server.from_url(variables["OPERATOR_DATABASE_URL"])
    with tempfile.TemporaryDirectory(prefix="kaiyuan-restore-") as name:
        folder = Path(name)
        manifest = await asyncio.to_thread(archive.unpack, source, folder)
        _check_keys(manifest, variables)
        _check_revisions(manifest)
        erasures = await _present_erasures(server, force)
        if erasures_from is not None:
            newer = archive.read_manifest(erasures_from)
            erasures = {key: erasures[key] + newer.databases[key].erasures for key in erasures}
        for each in APPLICATIONS:
            await _replace(server, each, variables, folder / manifest.databases[each.name].file)
            report(f"{each.name} ✓")
        for each in APPLICATIONS:
            await _settle(server, each, erasures[each.name], datetime.fromisoformat(manifest.made_at))
        await asyncio.to_thread(_put_files_back, variables, manifest, folder)
    await _migrate(variables)
    await repeat_erasures(variables, erasures[RESIDENTS.name])
    return manifest


def _put_files_back(variables: Mapping[str, str], manifest: Manifest, folder: Path) -> None:
    for each in APPLICATIONS:
        target = kept_files.folder_of(variables, each)
        if each.name in manifest.files and target is not None:
            kept_files.copy_in(folder / kept_files.FOLDER / each.name, target)


async def _migrate(variables: Mapping[str, str]) -> None:
    """The use cases that repeat erasures are those of this version."""
    from shared.migrate import upgrade  # noqa: PLC0415

    for each in APPLICATIONS:
        await upgrade(each.package, variables[f"{each.prefix}OWNER_DATABASE_URL"])


def _check_keys(manifest: Manifest, variables: Mapping[str, str]) -> None:
    if missing := archive.missing_keys(manifest, variables):
        raise BackupFailed(
            f"缺少密钥:{', '.join(missing)}。请先放回原系统的 environment(或 .env)文件。/ Keys are missing: put"
            " back the environment (or .env) file of the backed-up system first."
        )


def _check_revisions(manifest: Manifest) -> None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    from shared.migrate import configuration  # noqa: PLC0415

    for each in APPLICATIONS:
        known = {
            script.revision for script in ScriptDirectory.from_config(configuration(each.package)).walk_revisions()
        }
        if manifest.databases[each.name].revision not in known:
            raise BackupFailed(
                f"{each.name}:备份来自更新的版本,请先升级本程序。/ {each.name}: the backup was made by a newer version;"
                " upgrade this program first."
            )


async def _present_erasures(server: Server, force: bool) -> Erasures:
    """The erasures in the databases that are about to be replaced. BackupFailed if they hold data and not `force`."""
    erasures: Erasures = {}
    for each in APPLICATIONS:
        connection = await asyncpg.connect(server.dsn(each.name), timeout=10)
        try:
            tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            if tables and not force:
                raise BackupFailed(
                    f"数据库 {each.name} 不是空的;确要覆盖请加 --force。/ Database {each.name} is not empty;"
                    " --force replaces it."
                )
            erasures[each.name] = [list(row) for row in await _rows(connection, _ERASURES)]
        finally:
            await connection.close()
    return erasures


async def _replace(server: Server, application: Application, variables: Mapping[str, str], dump: Path) -> None:
    """As superuser: the tables' owners are bound by row-level security, and come back with the dump."""
    connection = await asyncpg.connect(server.dsn("postgres"), timeout=10)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{application.name}" WITH (FORCE)')
    finally:
        await connection.close()
    await asyncio.to_thread(
        create_database,
        application,
        server,
        owner_password=variables[f"{application.prefix}OWNER_PASSWORD"],
        app_password=variables[f"{application.prefix}APP_PASSWORD"],
    )
    await _run(server, "pg_restore", application.name, "--exit-on-error", "--single-transaction", str(dump))


async def _settle(server: Server, application: Application, erasures: list[list[str]], made_at: datetime) -> None:
    """Destroy again the keys destroyed since the backup; publish again what consumers may not have seen."""
    connection = await asyncpg.connect(server.dsn(application.name), timeout=10)
    try:
        if erasures:
            await connection.execute(_ERASE, [each[0] for each in erasures], [each[1] for each in erasures])
        if application.has_stream:
            await connection.execute(_REPUBLISH, made_at - REPUBLISH)
    finally:
        await connection.close()


async def _run(server: Server, name: str, database: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *server.command(name, database, *arguments),
        env=server.environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, output = await process.communicate()
    if process.returncode != 0:
        raise BackupFailed(f"{name} {database}: {output.decode(errors='replace').strip()}")


def read_anchors(source: Path) -> dict[str, dict[str, Any]]:
    """The audit chains' ends in a backup, by application and community."""
    manifest = archive.read_manifest(source)
    return {name: json.loads(json.dumps(dump.anchors)) for name, dump in manifest.databases.items()}
