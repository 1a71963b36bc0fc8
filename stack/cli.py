"""The command line: `kaiyuan up` and everything else an operator does. Each command lives in `stack/commands/`."""

import sys

import typer

from stack.commands.options import CommandFailed, errors
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


def app() -> None:
    """Run a command; what the user can put right is one line and exit status 1, not a traceback."""
    try:
        commands()
    except (Refused, NotStarted, EnvironmentMissing, CommandFailed) as failure:
        errors.print(str(failure), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    app()
