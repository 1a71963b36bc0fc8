"""What several commands ask for, and how they speak."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stack import environment
from stack.environment import Environment
from stack.topology import APPLICATIONS, Application

console = Console()
errors = Console(stderr=True)

DataFolderOption = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="数据目录 · Data folder of the embedded stack.", show_default=True)
]
DEFAULT_DATA = Path("data")


class CommandFailed(Exception):
    """A command could not do what was asked; the message says why, in words for people."""


def settings(data: Path) -> Environment:
    """The settings of the running system: from this process's environment, else from the data folder."""
    return environment.load(data.resolve())


def chosen(name: str) -> Application:
    """The application that the user named; CommandFailed lists the possible names."""
    for each in APPLICATIONS:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in APPLICATIONS)
    raise CommandFailed(f"没有应用“{name}”,可选:{names} / There is no application {name!r}; choose among: {names}")
