"""`kaiyuan keys …`: which keys wrap people's data keys, and changing them."""

import asyncio
import json
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from stack import environment
from stack.commands.options import DEFAULT_DATA, CommandFailed, DataFolderOption, console, settings
from stack.environment import Environment, key_encryption_keys
from stack.folder import DataFolder, Refused
from stack.topology import APPLICATIONS, Application

keys = typer.Typer(help="密钥 · The keys that protect personal data.", no_args_is_help=True)

SETTLED_AFTER = timedelta(hours=1)
"""Longer than any transaction: whatever was wrapped by an older key has been committed by then, and can be seen."""


@keys.command("list")
def list_keys(
    data: DataFolderOption = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="供程序读取 · For programs.")] = False,
) -> None:
    """列出密钥 · Each application's key ids (the first is active) and how many data keys each wraps."""

    async def count() -> dict[str, dict[str, int]]:
        variables = settings(data)
        used = {each.name: await _in_use(variables, each) for each in APPLICATIONS}
        return {
            each.name: {name: used[each.name].get(name, 0) for name in _ids(variables, each)} for each in APPLICATIONS
        }

    counted = asyncio.run(count())
    if as_json:
        return typer.echo(json.dumps(counted))
    table = Table("应用 application", "密钥 key", "使用 data keys")
    for application, counts in counted.items():
        for name, number in counts.items():
            table.add_row(application, name, str(number))
    console.print(table)


@keys.command()
def rotate(data: DataFolderOption = DEFAULT_DATA) -> None:
    """轮换密钥 · Make a new key-encryption key and rewrap every data key under it, while everything works.

    Running applications follow their key file. Each batch commits on its own: a rotation that was broken off is
    finished by the next one. Old keys stay until `keys retire`.
    """
    asyncio.run(with_databases(data, _rotate))
    console.print(
        "已完成。请重新备份密钥(environment 文件或 keys 卷)。\n"
        "Done. Copy the keys anew to where you keep them (the environment file, or the volume keys)."
    )


@keys.command()
def retire(data: DataFolderOption = DEFAULT_DATA) -> None:
    """弃用旧密钥 · Forget the keys that wrap nothing any more. Backups made under them can then not be restored."""
    asyncio.run(with_databases(data, _retire))
    console.print("已完成 / done")


async def with_databases(data: Path, work) -> None:
    """Run `work(variables, data folder or None, is running)`; a stopped stack's PostgreSQL is started for it."""
    variables = settings(data)
    if "RESIDENTS_DATABASE_URL" in os.environ:
        return await work(variables, None, is_running=True)
    from stack.supervisor import running_databases  # noqa: PLC0415

    if _is_running(data):
        return await work(variables, data, is_running=True)
    async with running_databases(data) as stack:
        await work(dict(stack.environment), data, is_running=False)


def _is_running(data: Path) -> bool:
    folder = DataFolder(data)
    try:
        folder.hold()
    except Refused:
        return True
    folder.release()
    return False


async def _rotate(variables: Environment, data: Path | None, *, is_running: bool) -> None:
    from shared.crypto import generate_key  # noqa: PLC0415

    for each in APPLICATIONS:
        known = key_encryption_keys(variables, each)
        _put_in_force(variables, data, each, f"{_next_id(variables, each)}:{generate_key()},{known}")
    await _rewrap(variables)


async def _retire(variables: Environment, data: Path | None, *, is_running: bool) -> None:
    for each in APPLICATIONS:
        known = key_encryption_keys(variables, each).split(",")
        if len(known) == 1:
            continue
        if is_running and time.time() - _active_since(variables, each) < SETTLED_AFTER.total_seconds():
            raise CommandFailed(
                "轮换不到一小时, 仍可能有未结束的事务使用旧密钥, 请稍后再试(或先停止系统)。\n"
                "The keys were rotated less than an hour ago and a transaction may still use an old one: try again"
                " later, or stop the stack first."
            )
        used = await _in_use(variables, each)
        kept = [part for position, part in enumerate(known) if position == 0 or part.partition(":")[0] in used]
        _put_in_force(variables, data, each, ",".join(kept))


def _put_in_force(variables: Environment, data: Path | None, application: Application, keys_in_force: str) -> None:
    """Where the stack starts from first, then where its processes look: a key is never used before it is kept."""
    if data is not None:
        variables[f"{application.prefix}KEY_ENCRYPTION_KEYS"] = keys_in_force
        environment.write(data / environment.FILE_NAME, variables)
    environment.write_keys(variables, application, keys_in_force)


async def _rewrap(variables: Environment) -> None:
    from shared.vault import rotate  # noqa: PLC0415
    from stack.connections import database_of, keyring_of  # noqa: PLC0415

    with console.status("…") as status:
        for each in APPLICATIONS:
            async with database_of(variables, each) as database:
                count = await rotate(
                    database, keyring_of(variables, each), progress=lambda done: status.update(f"{done} …")
                )
            console.print(f"{each.name}: {count}", highlight=False)


async def _in_use(variables: Environment, application: Application) -> dict[str, int]:
    from shared.codes import EVERYWHERE  # noqa: PLC0415
    from shared.vault import keys_in_use  # noqa: PLC0415
    from stack.connections import database_of  # noqa: PLC0415

    async with database_of(variables, application) as database, database.transaction(EVERYWHERE) as session:
        return await keys_in_use(session)


def _active_since(variables: Environment, application: Application) -> float:
    return Path(variables[f"{application.prefix}KEY_FILE"]).stat().st_mtime


def _ids(variables: Environment, application: Application) -> list[str]:
    return [part.strip().partition(":")[0] for part in key_encryption_keys(variables, application).split(",")]


def _next_id(variables: Environment, application: Application) -> str:
    numbers = [int(name[1:]) for name in _ids(variables, application) if name[1:].isdigit()]
    return f"k{max(numbers, default=0) + 1}"
