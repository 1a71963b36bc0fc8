"""`kaiyuan migrate` and `kaiyuan env`: what has to be there before the applications start."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from stack import environment
from stack.commands.options import DEFAULT_DATA, DataFolderOption, console, settings
from stack.topology import APPLICATIONS


def migrate(data: DataFolderOption = DEFAULT_DATA) -> None:
    """迁移数据库 · Bring all five databases to the newest revision; does nothing where they are."""
    from shared.migrate import upgrade  # noqa: PLC0415

    variables = settings(data)

    async def run() -> None:
        for each in APPLICATIONS:
            changed = await upgrade(each.package, variables[f"{each.prefix}OWNER_DATABASE_URL"])
            console.print(f"{each.name}: {'已迁移 migrated' if changed else '已是最新 up to date'}", highlight=False)

    asyncio.run(run())


def make_env(path: Annotated[Path, typer.Argument(help="文件 · The file.")] = Path(".env")) -> None:
    """生成 compose 所需的 .env · Write .env with new secrets for compose; an existing one is never touched."""
    if environment.compose(path):
        console.print(f"已生成 {path},请妥善保管。/ Wrote {path}; keep it secret, and keep a copy.", highlight=False)
    else:
        console.print(f"{path} 已存在,未作改动。/ {path} exists and was left as it is.", highlight=False)
