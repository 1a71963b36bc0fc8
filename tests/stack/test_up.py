"""The life of a whole system, as whoever types `make run` meets it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from stack import environment
from stack.processes import free_port
from stack.supervisor import answers_ready
from stack.topology import APPLICATIONS, RESIDENTS
from tests.stack.test_processes import eventually, is_alive

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.timeout(180)]

EVERYTHING = {"postgres", "nats", *(each.name for each in APPLICATIONS)}


@dataclass
class Installation:
    """One data folder, and the processes that run in it."""

    root: Path
    data: Path
    port: int

    def up(self, *, data: Path | None = None, port: int | None = None) -> "subprocess.Popen[str]":
        """`kaiyuan up`, as the leader of a process group of its own, as a terminal would start it."""
        command = [sys.executable, "-m", "stack.cli", "up", "--no-demo"]
        command += ["--data", str(data or self.data), "--port", str(port or self.port)]
        return subprocess.Popen(
            command, cwd=self.root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )

    def refused(self, **options: object) -> str:
        """What `kaiyuan up` says when it ends at once with status 1."""
        process = self.up(**options)  # type: ignore[arg-type]
        _, said = process.communicate(timeout=30)
        assert process.returncode == 1
        return said.strip()

    @property
    def pids(self) -> dict[str, int]:
        return {file.stem: json.loads(file.read_text())["pid"] for file in self.data.glob("run/*.json")}

    def is_ready(self) -> bool:
        ports = environment.known_ports(self.data)
        return set(self.pids) == EVERYTHING and all(
            asyncio.run(answers_ready(ports[each.name])) for each in APPLICATIONS
        )

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[str]"]:
        """Up and ready; whatever happens, nothing stays."""
        supervisor = self.up()
        try:
            eventually(lambda: supervisor.poll() is not None or self.is_ready(), seconds=60)
            assert supervisor.poll() is None, supervisor.communicate()
            yield supervisor
        finally:
            if supervisor.poll() is None:
                os.killpg(supervisor.pid, signal.SIGTERM)
            supervisor.communicate(timeout=30)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, repository_root: Path) -> Installation:
    return Installation(repository_root, tmp_path_factory.mktemp("stack") / "data", free_port())


def test_it_starts_heals_and_stops(installation: Installation) -> None:
    with installation.running() as supervisor:
        everything = installation.pids

        told = Path(f"/proc/{everything['residents']}/environ").read_text().split("\0")
        ours = {line.partition("=")[0] for line in told if line.startswith(tuple(each.prefix for each in APPLICATIONS))}
        assert all(name.startswith(RESIDENTS.prefix) for name in ours)
        assert not any("OWNER" in name for name in ours)

        assert "already running" in installation.refused(port=free_port())
        said = installation.refused(data=installation.data.with_name("other"))
        assert f"{installation.port}" in said
        assert len(said.splitlines()) == 1
        assert "PORT=" in said

        for victims in (["requests"], ["postgres", "nats"], ["gateway", "postgres"]):
            before = installation.pids
            for name in victims:
                os.kill(before[name], signal.SIGKILL)
            eventually(lambda gone=before, names=victims: all(installation.pids[n] != gone[n] for n in names), 20)
            eventually(installation.is_ready, 30)

        everything = installation.pids
        os.killpg(supervisor.pid, signal.SIGINT)  # as Ctrl-C does
        said, complaints = supervisor.communicate(timeout=60)
        assert (supervisor.returncode, complaints) == (0, "")
        assert f"http://127.0.0.1:{installation.port}" in said
        assert not [name for name, pid in everything.items() if is_alive(pid)]
        assert installation.pids == {}


def test_a_killed_supervisor_takes_everything_along_and_the_next_start_is_clean(installation: Installation) -> None:
    secrets = environment.read(installation.data / "environment")
    with installation.running() as supervisor:
        everything = installation.pids
        supervisor.kill()
        supervisor.wait()
        eventually(lambda: not [name for name, pid in everything.items() if is_alive(pid)], 15)
    with installation.running():
        again = environment.read(installation.data / "environment")
        assert {name for name in secrets if again[name] != secrets[name] and "KEY" in name} == set()


def test_a_folder_that_cannot_be_written_is_one_line(installation: Installation) -> None:
    said = installation.refused(data=Path("/proc/kaiyuan"))
    assert len(said.splitlines()) == 1
    assert "cannot be written" in said
