"""Keeps one program running: starts it, waits until it is ready, starts it again when it dies."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable

from stack.folder import DataFolder
from stack.processes import NotStarted, Program

FIRST_BACKOFF_SECONDS = 0.2
LONGEST_BACKOFF_SECONDS = 5.0
ABRUPT_SECONDS = 6.0
"""PostgreSQL gives its children five seconds to end at once, and then kills them."""
CALM_SECONDS = 30.0
"""After running this long, the next crash is treated as the first."""

Probe = Callable[[int], Awaitable[bool]]
"""Whether the program, running with this process id, is ready."""
Report = Callable[[str], None]


class Keeper:
    """A program that is to be up until `stop`. Its process may change; `process` is the present one."""

    def __init__(self, program: Program, probe: Probe, folder: DataFolder, report: Report) -> None:
        self.program = program
        self.process: asyncio.subprocess.Process | None = None
        self.restarts = 0
        self._probe = probe
        self._folder = folder
        self._report = report
        self._guard: asyncio.Task[None] | None = None

    async def start(self, *, seconds: float = 60) -> None:
        """Start the program and wait until it is ready; from then on it is restarted when it ends.

        NotStarted, with the end of its log, if it ends or is not ready in time.
        """
        process = await self._spawn()
        await self._ready(process, seconds)
        self._guard = asyncio.create_task(self._keep(process), name=f"keep {self.program.name}")

    async def is_ready(self) -> bool:
        """Whether it is running now, and ready."""
        process = self.process
        return process is not None and process.returncode is None and await self._probe(process.pid)

    async def stop(self, *, seconds: float) -> None:
        """Ask it to end and wait; end it abruptly when `seconds` have passed. Nothing of it runs on afterwards."""
        if self._guard is not None:
            self._guard.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._guard
        if self.process is not None:
            await self._end(self.process, seconds)
        self._folder.forget(self.program.name)

    async def _end(self, process: asyncio.subprocess.Process, seconds: float) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.program.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), seconds)
        except TimeoutError:
            await self._end_abruptly(process)

    async def _end_abruptly(self, process: asyncio.subprocess.Process) -> None:
        """By the signal that takes its children along, if it has one: PostgreSQL's still write when it is killed."""
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.program.death_signal)
        try:
            await asyncio.wait_for(process.wait(), ABRUPT_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _spawn(self) -> asyncio.subprocess.Process:
        # Shielded: a start that is interrupted by Ctrl-C must not lose sight of a process that exists.
        spawning = asyncio.ensure_future(self.program.start_async())
        try:
            await asyncio.shield(spawning)
        finally:
            process = self.process = await spawning
        self._folder.remember(self.program.name, process.pid)
        return process

    async def _ready(self, process: asyncio.subprocess.Process, seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while not await self._probe(process.pid):
            if process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                raise NotStarted(f"{self.program.name}: {self.program.last_words()}")
            await asyncio.sleep(0.05)

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        backoff = FIRST_BACKOFF_SECONDS
        while True:
            began = asyncio.get_running_loop().time()
            status = await process.wait()
            if asyncio.get_running_loop().time() - began > CALM_SECONDS:
                backoff = FIRST_BACKOFF_SECONDS
            self._report(f"{self.program.name}: {_describe(status)}; {backoff:.1f} s …")
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)
            self.restarts += 1
            with contextlib.suppress(OSError):  # no memory or disk: retry
                await self._spawn()
            process = self.process or process


def _describe(status: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"
