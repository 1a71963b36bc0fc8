"""`kaiyuan search …`: what residents are found by."""

import asyncio

import typer

from stack.commands.keys import with_databases
from stack.commands.options import DEFAULT_DATA, DataFolderOption, console
from stack.environment import Environment
from stack.topology import RESIDENTS

search = typer.Typer(help="检索 · What residents are found by.", no_args_is_help=True)


@search.command()
def reindex(data: DataFolderOption = DEFAULT_DATA) -> None:
    """重建索引 · File every household and person anew, where that differs from what is there.

    After an upgrade that says so, while everything works; after a change of RESIDENTS_INDEX_KEY, while the stack is
    stopped. What was broken off is finished by running it again.
    """
    asyncio.run(with_databases(data, _reindex))


async def _reindex(variables: Environment, *_: object, is_running: bool) -> None:
    from services.residents.search.reindexing import reindex as file_anew  # noqa: PLC0415
    from stack.connections import database_of, keyring_of  # noqa: PLC0415

    with console.status("…") as status:
        async with database_of(variables, RESIDENTS) as database:
            changed = await file_anew(
                database, keyring_of(variables, RESIDENTS), progress=lambda seen: status.update(f"{seen} …")
            )
    console.print(f"已更新 / filed anew: {changed}", highlight=False)
