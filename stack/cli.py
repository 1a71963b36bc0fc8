"""The command line: `kaiyuan up` and everything else an operator does. Each command lives in `stack/commands/`."""

import sys

import typer

from stack.commands.accounts import accounts
from stack.commands.audits import audits
from stack.commands.backups import backup, restore
from stack.commands.demo import demo
from stack.commands.documents import asyncapi, openapi
from stack.commands.events import events
from stack.commands.keys import keys
from stack.commands.options import CommandFailed, errors
from stack.commands.search import search
from stack.commands.setup import make_env, migrate
from stack.commands.up import up
from stack.environment import EnvironmentMissing
from stack.folder import Refused
from stack.processes import NotStarted

commands = typer.Typer(
    name="kaiyuan",
    help="开元 · Kaiyuan: a backend for the everyday governance of urban communities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
commands.command()(up)
commands.command()(migrate)
commands.command("env")(make_env)
commands.command()(backup)
commands.command()(restore)
commands.add_typer(demo, name="demo")
commands.add_typer(accounts, name="accounts")
commands.add_typer(events, name="events")
commands.add_typer(audits, name="audit")
commands.add_typer(keys, name="keys")
commands.add_typer(search, name="search")
commands.add_typer(openapi, name="openapi")
commands.add_typer(asyncapi, name="asyncapi")


def app() -> None:
    """Run a command; what the user can put right is one line and exit status 1, not a traceback."""
    try:
        commands()
    except (Refused, NotStarted, EnvironmentMissing, CommandFailed) as failure:
        errors.print(str(failure), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    app()
