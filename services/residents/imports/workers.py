"""Another process for what keeps a processor busy: a sheet of 100,000 rows must not make anybody's phone wait.

It is started with the first piece of work, holds the service's keys as this process does, and ends with it, however
this one ends.
"""

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Annotated, TypeVar, TypeVarTuple

from fastapi import Depends
from starlette.requests import Request

from shared.crypto import Keyring
from shared.settings import CommonSettings

Ts = TypeVarTuple("Ts")
T = TypeVar("T")

_held: list[Keyring] = []


class Workers:
    """One process beside this one; pieces of work are done in the order given."""

    def __init__(self, settings: CommonSettings) -> None:
        keys, index_key = settings.key_encryption_keys.get_secret_value(), settings.index_key.get_secret_value()
        self._secrets = (keys, index_key, settings.key_file)
        self._pool: ProcessPoolExecutor | None = None

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """`work(*args)` over there. Both must be picklable, as must what it returns or raises.

        A process that died, as of too much memory, is replaced once; BrokenProcessPool if the work kills that too.
        """
        for attempt in (1, 2):
            pool = self._pool = self._pool or self._start()
            try:
                return await asyncio.get_running_loop().run_in_executor(pool, work, *args)
            except BrokenProcessPool:
                self._drop(pool)
                if attempt == 2:
                    raise
        raise AssertionError

    async def close(self) -> None:
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
            self._pool = None

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=self._secrets)

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        if self._pool is pool:
            self._pool = None
        pool.shutdown(wait=False)


def keyring() -> Keyring:
    """The keys of the service, within the other process."""
    return _held[0]


def _begin(key_encryption_keys: str, index_key: str, key_file: str) -> None:
    """The keyring follows the key file as the one of the service does."""
    _held[:] = [Keyring.from_settings(key_encryption_keys, index_key, key_file)]
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A pool's process does not notice by itself that the one that uses it was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


async def _workers(request: Request) -> Workers:
    return request.app.state.workers


WorkersDep = Annotated[Workers, Depends(_workers)]
