"""The servers of a test run: one PostgreSQL for all of it, one NATS per worker, a database per worker and service.

PostgreSQL is started by the pytest process that the user started and is known to xdist's workers by the environment
variable below. Both servers ask the kernel to end them with the process that started them, however that ends.
"""

import asyncio
import json
import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from shared.migrate import upgrade
from stack import nats, postgres, processes
from stack.topology import OPERATOR, SERVICES, Application

VARIABLE = "KAIYUAN_TEST_POSTGRES"
PASSWORD = "p" + secrets.token_hex(16) if VARIABLE not in os.environ else json.loads(os.environ[VARIABLE])["password"]
RELAXED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300", "scram_iterations=1")
"""Test data need not survive a power failure."""


@dataclass(frozen=True)
class PostgresServer:
    port: int
    password: str
    """The superuser's, and here every other role's as well."""

    @property
    def dsn(self) -> str:
        """For asyncpg, as superuser."""
        return self.database_dsn("postgres")

    def database_dsn(self, database: str) -> str:
        return f"postgresql://{postgres.SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def url(self, role: str, database: str) -> str:
        return f"postgresql+asyncpg://{role}:{self.password}@127.0.0.1:{self.port}/{database}"

    def as_superuser(self) -> postgres.Server:
        return postgres.Server("127.0.0.1", self.port, self.password)

    def as_variable(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of_this_run(cls) -> "PostgresServer | None":
        """The one that the controlling process started, if it did."""
        return cls(**json.loads(os.environ[VARIABLE])) if VARIABLE in os.environ else None


@contextmanager
def running_postgres():
    """A throw-away PostgreSQL, known to child processes by the environment variable."""
    folder = Path(tempfile.mkdtemp(prefix="kaiyuan-test-"))
    folder.chmod(0o711)
    log = folder / "postgres.log"
    postgres.initialise(folder / "postgres", password=PASSWORD, log=log, sync=False)
    data = folder / "postgres"
    program = postgres.program(data, port=processes.free_port(), log=log, settings=RELAXED)
    process = program.start()
    try:
        processes.wait_until(lambda: postgres.is_ready(data, process.pid), program, process, seconds=30)
        server = PostgresServer(program.port, PASSWORD)
        os.environ[VARIABLE] = server.as_variable()
        yield server
    finally:
        os.environ.pop(VARIABLE, None)
        process.send_signal(program.death_signal)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class NatsServer:
    url: str
    password: str
    """Every user's."""


@contextmanager
def running_nats():
    """A throw-away nats-server with the shipped configuration."""
    folder = Path(tempfile.mkdtemp(prefix="kaiyuan-test-nats-"))
    password = "p" + secrets.token_hex(16)
    passwords = dict.fromkeys((*(each.name for each in SERVICES), OPERATOR), password)
    program = nats.program(folder, port=processes.free_port(), passwords=passwords, log=folder / "nats.log")
    process = program.start()
    try:
        processes.wait_until(lambda: processes.is_listening(program.port), program, process, seconds=30)
        yield NatsServer(f"nats://127.0.0.1:{program.port}", password)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def build_template(server: PostgresServer, application: Application) -> str:
    """The migrated database that tests clone; the first worker to ask builds it, the others wait."""
    template = f"{application.name}_template"
    connection = await asyncpg.connect(server.dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", template)
        if not await connection.fetchval("SELECT datistemplate FROM pg_database WHERE datname = $1", template):
            await asyncio.to_thread(
                postgres.create_database,
                application,
                server.as_superuser(),
                owner_password=server.password,
                app_password=server.password,
                database=template,
            )
            await upgrade(application.package, server.url(application.owner_role, template))
            await connection.execute(f'ALTER DATABASE "{template}" IS_TEMPLATE true')
    finally:
        await connection.close()
    return template


async def clone(server: PostgresServer, application: Application, database: str) -> tuple[str, str]:
    """A migrated, empty database called `database`: (application role's URL, owner's URL)."""
    template = await build_template(server, application)
    connection = await asyncpg.connect(server.dsn)
    try:
        await connection.execute(f'CREATE DATABASE "{database}" OWNER "{application.owner_role}" TEMPLATE "{template}"')
    finally:
        await connection.close()
    return server.url(application.app_role, database), server.url(application.owner_role, database)


async def drop(server: PostgresServer, url: str) -> None:
    """Drop the database that `url` points to, whoever is still connected."""
    connection = await asyncpg.connect(server.dsn)
    try:
        await connection.execute(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')
    finally:
        await connection.close()
