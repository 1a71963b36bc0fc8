"""Reading a stream in order from a place, by one process for itself: no gap, nothing twice, whatever NATS goes through.

Unlike a consumer it leaves no trace: nothing is acknowledged, and the place is the reader's to remember.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import nats.errors
import structlog
from nats.aio.msg import Msg

from shared.backoff import jittered
from shared.bus import Bus, PullSubscription, unsubscribe

BATCH = 500
FETCH_SECONDS = 2.0

_NATS_ERRORS = (nats.errors.Error, TimeoutError, OSError)

log = structlog.get_logger()


class StreamReplaced(Exception):
    """The stream is another one, or no longer holds what comes next: places in the old one mean nothing here."""


class _Missed(Exception):
    """The reader was sent less than it should have been, or nothing though there is more."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One message and its place in the stream."""

    sequence: int
    payload: bytes


async def follow(
    bus: Bus, service: str, epoch: str, after: int, *, subject: str, until: int | None = None
) -> AsyncIterator[list[Stored]]:
    """What the stream of `service` holds about `subject` behind `after`, and then what comes; in order, in batches.

    With `until`: only as far as that sequence. Raises StreamReplaced; waits through every outage of NATS.
    """
    failures = 0
    while True:
        try:
            if until is None or after < until:
                await _check(bus, service, epoch, after)
                reader, waiting = await bus.read_from(service, after + 1, subject)
                async for batch in _read(bus, service, epoch, reader, waiting, after, until):
                    after, failures = batch[-1].sequence, 0
                    yield batch
            return
        except (*_NATS_ERRORS, _Missed) as error:
            log.warning("following_interrupted", stream=service, error=type(error).__name__)
        await asyncio.sleep(jittered(failures))
        failures += 1


async def _check(bus: Bus, service: str, epoch: str, after: int) -> None:
    extent = await bus.extent(service)
    if extent.epoch != epoch or not extent.first - 1 <= after <= extent.last:
        raise StreamReplaced


async def _read(
    bus: Bus, service: str, epoch: str, reader: PullSubscription, waiting: int, after: int, until: int | None
) -> AsyncIterator[list[Stored]]:
    """Batches, until all that was waiting has come if there is an end, else for ever."""
    expected = 1
    try:
        while until is None or (waiting > 0 and after < until):
            try:
                # No more than there is: a fetch that waits for the rest keeps back what it has.
                messages = await reader.fetch(max(1, min(BATCH, waiting)), timeout=FETCH_SECONDS)
            except TimeoutError:
                extent = await bus.extent(service)
                if extent.epoch != epoch:
                    raise StreamReplaced from None
                if waiting > 0 or extent.last > after:
                    raise _Missed from None
                continue
            batch: list[Stored] = []
            for message in messages:
                if message.metadata.sequence.consumer != expected:
                    raise _Missed
                expected += 1
                waiting = message.metadata.num_pending
                batch.append(_stored(message))
            if until is not None:
                batch = [each for each in batch if each.sequence <= until]
            if not batch:
                return
            after = batch[-1].sequence
            yield batch
    finally:
        await unsubscribe(reader)


def _stored(message: Msg) -> Stored:
    return Stored(message.metadata.sequence.stream, message.data)
