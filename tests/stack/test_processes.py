"""Programs die with who started them, and PostgreSQL runs where its user may not even look."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from stack import postgres
from stack.folder import DataFolder, Refused
from stack.processes import NotStarted, Program, free_port, outgoing_ports, wait_until

ORPHAN = """
import sys, time
from pathlib import Path
from stack.processes import Program
sleeper = Program("sleeper", ("/bin/sleep", "300"), {}, Path(sys.argv[1]) / "log", 0)
print(sleeper.start().pid, flush=True)
time.sleep(300)
"""


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Running, and not just waiting for its parent to hear of its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _uid(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def test_a_program_dies_with_a_parent_that_is_killed(tmp_path: Path, repository_root: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=repository_root
    )
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
    assert is_alive(child)
    parent.kill()
    parent.wait()
    eventually(lambda: not is_alive(child))


def test_a_program_is_out_of_reach_of_ctrl_c(tmp_path: Path) -> None:
    sleeper = Program("sleeper", ("/bin/sleep", "300"), {}, tmp_path / "log", 0)
    process = sleeper.start()
    try:
        eventually(lambda: Path(f"/proc/{process.pid}/cmdline").read_text().startswith("/bin/sleep"))
        assert os.getpgid(process.pid) == process.pid != os.getpgrp()
    finally:
        process.kill()
        process.wait()


def test_nothing_of_the_callers_environment_leaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLERS_SECRET", "hidden")
    process = Program("env", ("/usr/bin/env",), {"OWN": "told"}, tmp_path / "log", 0).start()
    assert process.wait() == 0
    printed = (tmp_path / "log").read_text()
    assert "OWN=told" in printed
    assert "CALLERS_SECRET" not in printed


def test_the_end_of_the_log_says_why_a_program_did_not_start(tmp_path: Path) -> None:
    program = Program("broken", ("/bin/sh", "-c", "echo it is Tuesday; exit 3"), {}, tmp_path / "log", 0)
    with pytest.raises(NotStarted, match="broken: it is Tuesday"):
        wait_until(lambda: False, program, program.start(), seconds=10)


def test_a_long_log_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stack.processes.LOG_LIMIT_BYTES", 10)
    for line in ("the first run", "the second run"):
        Program("echo", ("/bin/echo", line), {}, tmp_path / "echo.log", 0).start().wait()
    assert (tmp_path / "echo.log").read_text() == "the second run\n"
    assert (tmp_path / "echo.old.log").read_text() == "the first run\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root steps down")
async def test_root_runs_postgres_in_a_folder_closed_to_everybody_else(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data, log, port = closed / "postgres", tmp_path / "log", free_port()
    postgres.initialise(data, password="secret", log=log, sync=False)
    program = postgres.program(data, port=port, log=log, settings=["fsync=off"])
    assert program.reach, "the folder above is closed, so permission alone does not do"
    process = program.start()
    try:
        wait_until(lambda: postgres.is_ready(data, process.pid), program, process, seconds=30)
        assert _uid(process.pid) == postgres.NOBODY
        connection = await asyncpg.connect(postgres.Server("127.0.0.1", port, "secret").dsn("postgres"))
        await connection.execute("CREATE TABLE kept (id int)")
        await connection.close()
        process.kill()
        process.wait()
        assert (data / "postmaster.pid").exists()
        process = program.start()  # recovers by itself
        wait_until(lambda: postgres.is_ready(data, process.pid), program, process, seconds=30)
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait()


def test_a_leftover_server_of_a_killed_run_is_ended(tmp_path: Path) -> None:
    data, log = tmp_path / "postgres", tmp_path / "log"
    postgres.initialise(data, password="secret", log=log, sync=False)
    program = postgres.program(data, port=free_port(), log=log, settings=["fsync=off"])
    process = program.start()
    try:
        wait_until(lambda: postgres.is_ready(data, process.pid), program, process, seconds=30)
        postgres.end_leftover(data)
        assert process.wait(10) == 0
    finally:
        process.kill()


def test_a_pid_file_whose_number_was_given_to_another_process_is_removed(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    postgres.end_leftover(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


def test_a_remembered_process_is_ended_unless_its_number_is_anothers(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    mine = subprocess.Popen(["/bin/sleep", "300"])
    others = subprocess.Popen(["/bin/sleep", "300"])
    try:
        folder.remember("nats", mine.pid)
        folder.remember("gateway", others.pid)
        record = tmp_path / "run" / "gateway.json"
        record.write_text(json.dumps(json.loads(record.read_text()) | {"started": "1"}))
        folder.end_leftovers()
        assert mine.wait(5) == -signal.SIGKILL
        assert others.poll() is None
    finally:
        for process in (mine, others):
            process.kill()
            process.wait()


def test_a_folder_is_held_by_one_stack_at_a_time(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.hold()
    with pytest.raises(Refused, match="already running"):
        second.hold()
    first.release()
    second.hold()
    second.release()


def test_a_folder_that_cannot_be_written_is_one_clear_line() -> None:
    with pytest.raises(Refused, match="cannot be written") as refused:
        DataFolder(Path("/proc/kaiyuan")).hold()
    assert "\n" not in str(refused.value)
    assert "不可写" in str(refused.value)


def test_a_free_port_is_none_that_an_outgoing_connection_may_get() -> None:
    """Else a server that is restarted may find its port taken, and somebody may connect to themself."""
    ports = {free_port() for _ in range(50)}
    assert len(ports) > 25
    assert ports.isdisjoint(outgoing_ports())
    with socket.socket() as client, socket.create_server(("127.0.0.1", 0)) as server:
        client.connect(server.getsockname())
        assert client.getsockname()[1] in outgoing_ports()
