"""SIGKILL for processes of a running stack, whose keepers start them again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from stack.keeper import Keeper
from stack.supervisor import Stack
from tests.toy.pair import eventually


async def kill(*keepers: Keeper) -> None:
    """End the present processes at the same moment, and wait until they are gone."""
    processes = [keeper.process for keeper in keepers if keeper.process is not None]
    for process in processes:
        with suppress(ProcessLookupError):
            process.kill()
    await asyncio.gather(*(process.wait() for process in processes))


@asynccontextmanager
async def held_down(keeper: Keeper) -> AsyncIterator[None]:
    """The program is dead meanwhile: whenever it is started again, it is killed again before it is up."""

    async def again_and_again() -> None:
        while True:
            await eventually(partial(_is_another, keeper, keeper.process))
            await kill(keeper)

    await kill(keeper)
    killing = asyncio.create_task(again_and_again())
    try:
        yield
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)


async def _is_another(keeper: Keeper, process: asyncio.subprocess.Process | None) -> bool:
    return keeper.process is not process


async def all_ready(stack: Stack) -> bool:
    return all(await asyncio.gather(*(keeper.is_ready() for keeper in stack.keepers.values())))
