"""Runs the whole system on one machine: PostgreSQL, NATS, the four services and the gateway, each in its own process.

Start: PostgreSQL → NATS → roles and databases → migrations → applications, side by side → demo community. Stop: the
reverse. Whatever dies in between is started again.
"""

import asyncio
import importlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from stack import environment, nats, postgres
from stack.environment import Environment
from stack.folder import DataFolder, Refused
from stack.keeper import Keeper, Probe, Report
from stack.processes import Program, free_port, is_free, is_listening
from stack.topology import APPLICATIONS, DEFAULT_PORT, GATEWAY, OPERATOR, SERVICES, Application

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = {"applications": 10.0, "nats": 1.5, "postgres": 3.0}
"""How long each may take to end by itself; then it ends abruptly, which loses nothing. Together below 15 s."""


class Stack:
    """A running system in one data folder. Use `running_stack`."""

    def __init__(self, folder: DataFolder, port: int, report: Report) -> None:
        self.folder = folder
        self.port = port
        self.report = report
        self.environment: Environment = {}
        self.keepers: dict[str, Keeper] = {}
        self.timings: dict[str, float] = {}
        """Seconds from the beginning until each step was done."""
        self.is_first_start = not (folder.postgres / "PG_VERSION").exists()
        self._began = time.monotonic()

    @property
    def gateway_url(self) -> str:
        return self.environment["GATEWAY_PUBLIC_URL"]

    async def start(self) -> None:
        """Bring everything up; NotStarted or Refused says in words what stood in the way."""
        if not is_free(self.port):
            raise Refused(
                f"端口 {self.port} 已被占用,请用 PORT=… 另选。/ Port {self.port} is taken; choose another with PORT=…"
            )
        await self.prepare()
        migrator = asyncio.create_task(asyncio.to_thread(importlib.import_module, "shared.migrate"))
        async with asyncio.TaskGroup() as starting:
            starting.create_task(self._start_postgres())
            starting.create_task(self._start_nats())
        self._lap("servers")
        await self._create_databases()
        self._lap("databases")
        await migrator
        await self._migrate_and_start()
        self._lap("ready")

    async def prepare(self) -> None:
        """End what an earlier run left behind and settle secrets and ports."""
        await asyncio.to_thread(self.folder.end_leftovers)
        self.environment = environment.embedded(self.folder.path, self._ports())

    async def start_databases(self) -> None:
        """PostgreSQL alone, with roles and databases: for work that no application may disturb."""
        await self.prepare()
        await self._start_postgres()
        await self._create_databases()

    async def load_demo(self) -> None:
        """Load the demo community. A load that was interrupted is begun again at the next start."""
        demo = importlib.import_module("stack.demo")
        await demo.load(self.environment, self.report)
        self.folder.mark(demo=True)
        self._lap("demo")

    async def stop(self) -> None:
        """Applications first, then NATS and PostgreSQL; nothing is left running."""
        applications = [self.keepers.pop(each.name) for each in APPLICATIONS if each.name in self.keepers]
        await asyncio.gather(*(each.stop(seconds=STOP_SECONDS["applications"]) for each in applications))
        for name in ("nats", "postgres"):
            if name in self.keepers:
                await self.keepers.pop(name).stop(seconds=STOP_SECONDS[name])

    def _ports(self) -> dict[str, int]:
        """Those of the last start where they are still free; the gateway's as asked for."""
        known = environment.known_ports(self.folder.path)
        ports: dict[str, int] = {}
        for name in ("postgres", "nats", *(each.name for each in SERVICES)):
            port = known.get(name, 0)
            usable = port and port != self.port and is_free(port)
            ports[name] = port if usable else _another_port({self.port, *ports.values()})
        return ports | {GATEWAY.name: self.port}

    async def _start_postgres(self) -> None:
        folder, port = self.folder.postgres, int(self.environment["POSTGRES_PORT"])
        log = self.folder.log("postgres")
        password = self.environment["POSTGRES_PASSWORD"]
        await asyncio.to_thread(postgres.initialise, folder, password=password, log=log)

        async def is_ready(pid: int) -> bool:
            return postgres.is_ready(folder, pid)

        await self._keep(postgres.program(folder, port=port, log=log), is_ready)

    async def _start_nats(self) -> None:
        port = int(self.environment["NATS_PORT"])
        users = (*(each.name for each in SERVICES), OPERATOR)
        passwords = {user: self.environment[nats.password_variable(user)] for user in users}

        async def is_ready(_pid: int) -> bool:
            return is_listening(port)

        program = nats.program(self.folder.nats, port=port, passwords=passwords, log=self.folder.log("nats"))
        await self._keep(program, is_ready)

    async def _create_databases(self) -> None:
        await asyncio.gather(*(asyncio.to_thread(self._create_database, each) for each in APPLICATIONS))

    def _create_database(self, application: Application) -> None:
        postgres.create_database(
            application,
            postgres.Server.from_url(self.environment["OPERATOR_DATABASE_URL"]),
            owner_password=self.environment[f"{application.prefix}OWNER_PASSWORD"],
            app_password=self.environment[f"{application.prefix}APP_PASSWORD"],
        )

    async def _migrate_and_start(self) -> None:
        """Migrate one database after the other (Alembic's context is global) and start each application behind it."""
        from shared.migrate import upgrade  # noqa: PLC0415 - imported in a thread while PostgreSQL was starting

        async with asyncio.TaskGroup() as starting:
            for each in APPLICATIONS:
                if await upgrade(each.package, self.environment[f"{each.prefix}OWNER_DATABASE_URL"]):
                    self.report(f"{each.name}: 数据库已迁移 / migrated")
                starting.create_task(self._start_application(each))

    async def _start_application(self, application: Application) -> None:
        port = int(self.environment[f"{application.prefix}PORT"])
        program = application_program(application, self.environment, port, self.folder.log(application.name))

        async def is_ready(_pid: int) -> bool:
            return await answers_ready(port)

        await self._keep(program, is_ready)

    async def _keep(self, program: Program, probe: Probe) -> None:
        keeper = Keeper(program, probe, self.folder, self.report)
        self.keepers[program.name] = keeper
        await keeper.start()

    def _lap(self, step: str) -> None:
        self.timings[step] = time.monotonic() - self._began


def _another_port(taken: set[int]) -> int:
    while (port := free_port()) in taken:
        continue
    return port


def application_program(application: Application, variables: Environment, port: int, log: Path) -> Program:
    """One service or the gateway under uvicorn, told its own variables only."""
    return Program(
        name=application.name,
        command=(sys.executable, "-m", "stack.serve", application.name, "--port", str(port)),
        environment=environment.for_process(variables, application),
        log=log,
        port=port,
        directory=ROOT,
    )


async def answers_ready(port: int) -> bool:
    """Whether `/health/ready` on this port answers 200 within a second."""
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                status = await reader.readline()
            finally:
                writer.close()
            with suppress(OSError):
                await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return status.split()[1:2] == [b"200"]


async def _first_failure(start: Awaitable[None]) -> None:
    """Of several programs that did not start, name the first: the others were cancelled because of it."""
    try:
        await start
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from failures


@asynccontextmanager
async def running_stack(
    data: Path, port: int = DEFAULT_PORT, *, demo: bool = True, report: Report = lambda _line: None
) -> AsyncIterator[Stack]:
    """A system that runs as long as the block does; `demo` loads the demo community into a new folder."""
    folder = DataFolder(data)
    folder.hold()
    stack = Stack(folder, port, report)
    try:
        await _first_failure(stack.start())
        if not demo:
            folder.mark(demo=False)
        elif folder.demo_is_pending:
            await stack.load_demo()
        yield stack
    finally:
        await asyncio.shield(stack.stop())
        folder.release()


@asynccontextmanager
async def running_databases(data: Path, report: Report = lambda _line: None) -> AsyncIterator[Stack]:
    """Only PostgreSQL, in a folder that no stack is running in. Refused if one is."""
    folder = DataFolder(data)
    folder.hold()
    stack = Stack(folder, environment.known_ports(folder.path).get(GATEWAY.name, DEFAULT_PORT), report)
    try:
        await stack.start_databases()
        yield stack
    finally:
        await asyncio.shield(stack.stop())
        folder.release()
