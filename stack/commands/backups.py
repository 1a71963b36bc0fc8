"""`kaiyuan backup` and `kaiyuan restore`."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from shared.clock import CHINA
from stack.archive import ArchiveDamaged, Manifest
from stack.commands.options import DEFAULT_DATA, CommandFailed, DataFolderOption, console, settings


def backup(
    target: Annotated[Path | None, typer.Argument(help="备份文件 · The tar file; default: kaiyuan-<time>.tar.")] = None,
    data: DataFolderOption = DEFAULT_DATA,
) -> None:
    """备份 · Dump all five databases, as of one moment, into one file. Nobody has to stop working."""
    from stack.backup import BackupFailed, make_backup  # noqa: PLC0415

    target = target or Path(f"kaiyuan-{datetime.now(CHINA):%Y%m%d-%H%M%S}.tar")
    variables = settings(data)
    try:
        with console.status("备份中 · backing up …") as status:
            asyncio.run(make_backup(variables, target.resolve(), status.update))
    except BackupFailed as error:
        raise CommandFailed(str(error)) from error
    console.print(
        f"已备份到 {target}。密钥不在其中,请另行妥善保管 environment(或 .env)文件。\n"
        f"Backed up to {target}. The keys are not in it: keep a copy of the environment (or .env) file elsewhere.",
        highlight=False,
    )
    _tell_of_buckets(
        variables,
        "不在备份中的文件 (对象存储): 请开启其版本管理, 保留期不短于备份。",
        "Files that are not in the backup: let these buckets keep versions for as long as you keep backups.",
    )


def restore(
    source: Annotated[Path, typer.Argument(help="备份文件 · The tar file.", exists=True, dir_okay=False)],
    data: DataFolderOption = DEFAULT_DATA,
    force: Annotated[bool, typer.Option("--force", help="覆盖现有数据 · Replace data that is there.")] = False,
    erasures_from: Annotated[
        Path | None,
        typer.Option(help="较新的备份,重做其中的删除 · A newer backup whose erasures are repeated.", exists=True),
    ] = None,
) -> None:
    """恢复 · Put a backup back. The applications must not be running; an older backup is migrated."""
    from stack.backup import BackupFailed  # noqa: PLC0415

    try:
        with console.status("恢复中 · restoring …") as status:
            manifest = asyncio.run(_restore(source, data, force, erasures_from, status.update))
    except ArchiveDamaged as error:
        raise CommandFailed(
            f"备份文件不完整或已损坏:{error}。/ The backup is incomplete or damaged: {error}."
        ) from error
    except BackupFailed as error:
        raise CommandFailed(str(error)) from error
    console.print(f"已恢复到 {manifest.made_at} 的状态。/ Restored as of {manifest.made_at}.", highlight=False)
    _tell_of_buckets(
        settings(data),
        f"对象存储未恢复: 请恢复到不早于 {manifest.made_at} 的版本。",
        f"Not restored, bring these buckets back to no earlier than {manifest.made_at}:",
    )


async def _restore(source: Path, data: Path, force: bool, erasures_from: Path | None, report) -> Manifest:
    from stack.backup import restore_backup  # noqa: PLC0415
    from stack.supervisor import running_databases  # noqa: PLC0415

    if "OPERATOR_DATABASE_URL" in os.environ:
        return await restore_backup(dict(os.environ), source, force=force, erasures_from=erasures_from, report=report)
    settings(data)  # without the keys a restore is useless: say so before anything is started
    async with running_databases(data) as stack:
        manifest = await restore_backup(
            stack.environment, source, force=force, erasures_from=erasures_from, report=report
        )
        shutil.rmtree(stack.folder.nats, ignore_errors=True)  # streams are made again from the outboxes
        stack.folder.mark(demo=False)
        return manifest


def _tell_of_buckets(variables: Mapping[str, str], *words: str) -> None:
    """A backup is believed to be whole: what is not in it is said by name."""
    from stack.kept_files import buckets  # noqa: PLC0415
    from stack.topology import APPLICATIONS  # noqa: PLC0415

    if kept_elsewhere := buckets(variables, APPLICATIONS):
        console.print("\n".join((*words, *(f"  {each}" for each in kept_elsewhere))), highlight=False, markup=False)
