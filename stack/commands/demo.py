"""`kaiyuan demo …`: the invented community, and the stories played against it."""

import asyncio
import importlib
import tempfile
from pathlib import Path

import typer

from stack.commands.options import DEFAULT_DATA, DataFolderOption, console, settings

demo = typer.Typer(help="示范社区 · The invented community.", no_args_is_help=True)


@demo.command()
def load(data: DataFolderOption = DEFAULT_DATA) -> None:
    """载入示范社区 · Load the demo community into the running system. Harmless if it is there."""
    variables = settings(data)
    with console.status("…") as status:
        asyncio.run(importlib.import_module("stack.demo").load(variables, status.update))
    console.print("已载入 / loaded")


@demo.command()
def play() -> None:
    """演示三个故事 · Start a throw-away system, play three stories against it and narrate what the API answers."""
    with tempfile.TemporaryDirectory(prefix="kaiyuan-demo-") as folder:
        Path(folder).chmod(0o711)  # root's PostgreSQL runs as another user
        asyncio.run(_play(Path(folder) / "data"))


async def _play(data: Path) -> None:
    from stack.processes import free_port  # noqa: PLC0415
    from stack.supervisor import running_stack  # noqa: PLC0415

    status = console.status("启动中 · starting …")
    status.start()
    try:
        async with running_stack(data, free_port(), report=status.update) as stack:
            status.stop()
            await importlib.import_module("stack.demo").play(stack.environment, console)
    finally:
        status.stop()
