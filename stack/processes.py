"""Programs that the stack runs: each in a session of its own, logging to a file, dying with whoever started it."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

LAUNCHER = Path(__file__).with_name("launch.py")
LOWEST_PORT = 10_000
LOG_LIMIT_BYTES = 20 * 1024 * 1024
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What every process is told beside its own variables; nothing else of the caller's environment leaks into it."""


class NotStarted(Exception):
    """A program ended, or did not answer in time, instead of becoming ready."""


@dataclass(frozen=True)
class Program:
    """What to run and how to end it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    port: int
    """Where it listens on 127.0.0.1 once it is up."""
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when its parent dies without having stopped it."""
    uid: int | None = None
    reach: bool = False
    directory: Path = field(default_factory=Path.cwd)

    def start(self) -> "subprocess.Popen[Any]":
        """Start it in a session of its own, so that Ctrl-C in the terminal reaches the supervisor alone.

        Call this from the main thread: the kernel takes the end of the calling thread for the end of the parent.
        """
        with open_log(self.log) as log:
            return subprocess.Popen(self.launch_command(), stdout=log, **self._options())

    async def start_async(self) -> asyncio.subprocess.Process:
        """The same, for an event loop that runs in the main thread."""
        with open_log(self.log) as log:
            return await asyncio.create_subprocess_exec(*self.launch_command(), stdout=log, **self._options())

    def _options(self) -> dict[str, Any]:
        return {
            "stdin": subprocess.DEVNULL,
            "stderr": subprocess.STDOUT,
            "env": inherited_environment() | dict(self.environment),
            "cwd": self.directory,
            "start_new_session": True,
        }

    def launch_command(self) -> list[str]:
        """The command line that steps down, asks to die with this process, and becomes the program."""
        options = ["--parent", str(os.getpid()), "--death-signal", str(int(self.death_signal))]
        if self.uid is not None:
            options += ["--uid", str(self.uid)]
        if self.reach:
            options.append("--reach")
        return [sys.executable, "-I", "-S", str(LAUNCHER), *options, "--", *self.command]

    def last_words(self) -> str:
        """The end of its log, for the message that says why it did not start."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-5:])


def inherited_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


def open_log(path: Path) -> IO[bytes]:
    """Append to `path`; a file past the limit is set aside first, replacing the one set aside before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".old.log"))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    return os.fdopen(descriptor, "ab")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now, and that no outgoing connection is ever given by the kernel.

    From the kernel's own range a port may be lost while its server restarts: to anybody's outgoing connection, even to
    the one that was looking for the server and, by chance, met itself.
    """
    taken = outgoing_ports()
    usable = [port for port in range(LOWEST_PORT, 65_536) if port not in taken]
    for port in random.sample(usable, min(len(usable), 100)):
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def outgoing_ports() -> range:
    """The ports from which the kernel takes those of outgoing connections; Linux's default where it does not say."""
    try:
        low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    except (OSError, ValueError):
        low, high = 32_768, 60_999
    return range(low, high + 1)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(
    ready: Callable[[], bool], program: Program, process: "subprocess.Popen[Any]", *, seconds: float
) -> None:
    """Block until `ready()`; NotStarted with the end of the program's log if it ends or takes longer."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotStarted(f"{program.name}: {program.last_words()}")
        time.sleep(0.01)
