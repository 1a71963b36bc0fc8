"""The data folder of an embedded stack: who holds it, what an earlier run left in it, whether the demo is in it."""

import contextlib
import fcntl
import json
import os
import signal
import time
from pathlib import Path

from stack import postgres
from stack.processes import NotStarted


class Refused(Exception):
    """The stack cannot run here; the message is one line for people, in Chinese and English."""


class DataFolder:
    """One folder, held by one running stack at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: int | None = None

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def nats(self) -> Path:
        return self.path / "nats"

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def hold(self) -> None:
        """Create the folder and take it; Refused if it cannot be written or another stack runs in it."""
        try:
            # Root's PostgreSQL runs as another user, who has to pass through this folder but need not list it.
            self.path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            (self.path / "logs").mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise Refused(
                f"数据目录 {self.path} 不可写({reason})。/ The data folder {self.path} cannot be written: {reason}."
                " DATA=… 可另选目录 / chooses another."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise Refused(
                f"数据目录 {self.path} 已有另一套系统在运行。/ Another stack is already running in {self.path}."
            ) from error

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def demo_is_pending(self) -> bool:
        """Whether the demo community has still to be loaded: the folder is new, or a first start was interrupted."""
        return not (self.path / "demo-loaded").exists() and not self.is_without_demo

    @property
    def is_without_demo(self) -> bool:
        return (self.path / "without-demo").exists()

    def mark(self, *, demo: bool) -> None:
        """Remember that the demo community is in, or that this folder was begun without it."""
        if demo:
            (self.path / "demo-loaded").touch()
            (self.path / "without-demo").unlink(missing_ok=True)
        elif not (self.path / "demo-loaded").exists():
            (self.path / "without-demo").touch()

    def remember(self, name: str, pid: int) -> None:
        """Write down a started process, so that the next start can end it if this run is killed."""
        file = self.path / "run" / f"{name}.json"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        building = file.with_suffix(".new")  # whoever reads it finds a whole record or none
        building.write_text(json.dumps({"pid": pid, "started": _start_time(pid)}))
        building.replace(file)

    def forget(self, name: str) -> None:
        (self.path / "run" / f"{name}.json").unlink(missing_ok=True)

    def end_leftovers(self) -> None:
        """End whatever an earlier, killed run left behind. The kernel has usually done so already."""
        for file in sorted(self.path.glob("run/*.json")):
            with contextlib.suppress(ValueError, KeyError):
                record = json.loads(file.read_text())
                if file.stem != "postgres" and record["started"] is not None:
                    _end(record["pid"], record["started"])
            file.unlink()
        postgres.end_leftover(self.postgres)


def _start_time(pid: int) -> str | None:
    """When a process began, in clock ticks since boot: with its number, what identifies it. None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _end(pid: int, started: str, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while _start_time(pid) == started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise NotStarted(f"an earlier process (pid {pid}) does not end")
        time.sleep(0.02)
