"""`kaiyuan keys …`: which keys wrap people's data keys, and changing them."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from stack import environment
from stack.commands.options import DEFAULT_DATA, DataFolderOption, console, settings
from stack.environment import Environment
from stack.topology import APPLICATIONS, Application

keys = typer.Typer(help="密钥 · The keys that protect personal data.", no_args_is_help=True)


@keys.command("list")
def list_keys(data: DataFolderOption = DEFAULT_DATA) -> None:
    """列出密钥 · Each application's key ids (the first is active) and how many data keys each wraps."""

    async def run() -> Table:
        table = Table("应用 application", "密钥 key", "使用 data keys")
        variables = settings(data)
        for each in APPLICATIONS:
            used = await _in_use(variables, each)
            for name in _ids(variables, each):
                table.add_row(each.name, name, str(used.get(name, 0)))
        return table

    console.print(asyncio.run(run()))


@keys.command()
def rotate(
    retire: Annotated[
        bool, typer.Option(help="弃用旧密钥 · Forget old keys. Backups made under them can then not be restored.")
    ] = False,
    data: DataFolderOption = DEFAULT_DATA,
) -> None:
    """轮换密钥 · Make a new key-encryption key and rewrap every data key under it.

    With a data folder: its stack must be stopped. With settings from the environment (compose): put the new key in
    front of <SERVICE>_KEY_ENCRYPTION_KEYS yourself, restart the applications, and run this to rewrap.
    """
    if "RESIDENTS_DATABASE_URL" in os.environ:
        asyncio.run(_rewrap(settings(data)))
    else:
        settings(data)
        asyncio.run(_rotate_stopped(data, retire))
    console.print("已完成 / done")


async def _rotate_stopped(data: Path, retire: bool) -> None:
    from shared.crypto import generate_key  # noqa: PLC0415
    from stack.supervisor import running_databases  # noqa: PLC0415

    async with running_databases(data) as stack:
        variables = dict(stack.environment)
        for each in APPLICATIONS:
            name = f"{each.prefix}KEY_ENCRYPTION_KEYS"
            variables[name] = f"{_next_id(variables, each)}:{generate_key()},{variables[name]}"
        path = stack.folder.path / environment.FILE_NAME
        environment.write(path, variables)  # before a single data key needs it
        await _rewrap(variables)
        if retire:
            for each in APPLICATIONS:
                name = f"{each.prefix}KEY_ENCRYPTION_KEYS"
                variables[name] = variables[name].split(",")[0]
            environment.write(path, variables)


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


def _ids(variables: Environment, application: Application) -> list[str]:
    configured = variables[f"{application.prefix}KEY_ENCRYPTION_KEYS"]
    return [part.strip().partition(":")[0] for part in configured.split(",")]


def _next_id(variables: Environment, application: Application) -> str:
    numbers = [int(name[1:]) for name in _ids(variables, application) if name[1:].isdigit()]
    return f"k{max(numbers, default=0) + 1}"
