"""Servers that a test kills with SIGKILL and starts again on the same data and port."""

import asyncio
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stack import nats, postgres, processes
from stack.processes import NotStarted, Program
from stack.topology import OPERATOR, SERVICES
from tests.servers import PostgresServer

SETTINGS = ("fsync=off", "max_connections=100", "scram_iterations=1")
"""A killed process loses nothing that it has written, so fsync may be off; synchronous_commit may not."""


class Killable:
    """One server. Both kinds die with the test run, however that ends."""

    def __init__(self, program: Program, is_up: Callable[[int], bool]) -> None:
        self._program, self._is_up = program, is_up
        self._process = program.start()
        self._await_start()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    async def restart(self, *, within: float = 20.0) -> None:
        """Start it again; PostgreSQL refuses until the last process of the killed one has noticed its end."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            self._process = self._program.start()
            try:
                await asyncio.to_thread(self._await_start)
            except NotStarted:
                self.kill()
                assert asyncio.get_running_loop().time() < deadline, "the server did not start again"
                await asyncio.sleep(0.05)
            else:
                return

    def _await_start(self) -> None:
        pid = self._process.pid
        processes.wait_until(lambda: self._is_up(pid), self._program, self._process, seconds=20)


@contextmanager
def killable_nats() -> Iterator[tuple[Killable, str, str]]:
    """The server, its URL, and every user's password."""
    password, port = "p" + secrets.token_hex(8), processes.free_port()
    passwords = dict.fromkeys((*(each.name for each in SERVICES), OPERATOR), password)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kaiyuan-faults-")))
        program = nats.program(folder / "store", port=port, passwords=passwords, log=folder / "nats.log")
        server = Killable(program, lambda _: processes.is_listening(port))
        stack.callback(server.kill)
        yield server, f"nats://127.0.0.1:{port}", password


@contextmanager
def killable_postgres() -> Iterator[tuple[Killable, PostgresServer]]:
    password, port = "p" + secrets.token_hex(8), processes.free_port()
    with ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="kaiyuan-faults-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(temporary))
        folder.chmod(0o711)
        data, log = folder / "postgres", folder / "postgres.log"
        postgres.initialise(data, password=password, log=log, sync=False)
        program = postgres.program(data, port=port, log=log, settings=SETTINGS)
        server = Killable(program, lambda pid: postgres.is_ready(data, pid))
        stack.callback(server.kill)
        yield server, PostgresServer(port, password)
