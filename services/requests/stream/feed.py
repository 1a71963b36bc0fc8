"""One reader of this service's own events per process, and everybody in it who follows what changes."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import nats.errors
import structlog

from services.requests.stream.changes import Change
from services.requests.stream.errors import StreamUnavailable, TooManyStreams
from shared.auth import Principal
from shared.backoff import jittered
from shared.bus import Bus, Extent
from shared.following import Stored, StreamReplaced, follow

SERVICE = "requests"
EVERYTHING = "kaiyuan.requests.>"
STREAMS_AT_MOST = 1_000
STREAMS_EACH = 5
REMEMBERED = 5_000
"""Changes kept in memory, so that clients who come back soon are served without asking NATS."""
WAITING_AT_MOST = 1_000
"""Changes that a slow client may leave unread; then it is let go, and resumes when it can."""
REPLAYED_AT_MOST = 50_000
"""Events, of all communities, behind which a client is told to load its lists anew instead."""
READY_SECONDS = 4.0

log = structlog.get_logger(__name__)


class Listener:
    """Somebody who follows: what has come for them since they were last asked."""

    def __init__(self, principal: Principal, place: int) -> None:
        self.principal = principal
        self.place = place
        """Everything behind it comes by `take`, everything up to it does not."""
        self.is_behind = False
        self.is_lost = False
        self._waiting: list[Change] = []
        self._woken = asyncio.Event()

    def offer(self, change: Change) -> None:
        if len(self._waiting) >= WAITING_AT_MOST:
            self.is_behind = True
        if not self.is_behind:
            self._waiting.append(change)
        self._woken.set()

    def lose(self) -> None:
        """The stream is another one: what was missed cannot be known."""
        self.is_lost = True
        self._woken.set()

    async def take(self) -> list[Change]:
        """What has come, in order; waits for it. Empty once the listener is behind or lost and has had the rest."""
        await self._woken.wait()
        return self.take_now()

    @property
    def has_more(self) -> bool:
        """Whether something has come, or can come no more."""
        return self._woken.is_set()

    def take_now(self) -> list[Change]:
        if not (self.is_behind or self.is_lost):
            self._woken.clear()
        taken, self._waiting = self._waiting, []
        return taken


class Feed:
    """Reads the stream from when the first listener comes, and hands on what it reads."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._listeners: set[Listener] = set()
        self._open: Counter[str] = Counter()
        self._recent: deque[Change] = deque(maxlen=REMEMBERED)
        self._known_from = 0
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self.epoch = ""
        self.position = 0

    @asynccontextmanager
    async def listening(self, principal: Principal) -> AsyncIterator[Listener]:
        """Follow from now on. Raises TooManyStreams, and StreamUnavailable while NATS is away from the start."""
        if self._open.total() >= STREAMS_AT_MOST or self._open[principal.subject] >= STREAMS_EACH:
            raise TooManyStreams
        self._open[principal.subject] += 1
        try:
            await self._start()
            listener = Listener(principal, self.position)
            self._listeners.add(listener)
            try:
                yield listener
            finally:
                self._listeners.discard(listener)
        finally:
            self._open[principal.subject] -= 1
            if not self._open[principal.subject]:
                del self._open[principal.subject]

    async def reaches(self, place: int) -> bool:
        """Whether the stream has gone as far as that; another process may have read further than this one."""
        if place <= self.position:
            return True
        try:
            return place <= (await self._bus.extent(SERVICE)).last
        except (nats.errors.Error, TimeoutError, OSError):
            return False

    async def since(self, place: int, upto: int, principal: Principal) -> AsyncIterator[list[Change]]:
        """What came for the caller behind `place`, up to `upto`: from memory, or from NATS if it is longer ago.

        Raises StreamReplaced if that is too long ago.
        """
        if place >= self._known_from:
            yield [each for each in self._recent if place < each.sequence <= upto and each.may_concern(principal)]
            return
        if upto - place > REPLAYED_AT_MOST:
            raise StreamReplaced
        own = f"kaiyuan.requests.{principal.area[:12]}.>" if len(principal.area) >= 12 else EVERYTHING
        async for batch in follow(self._bus, SERVICE, self.epoch, place, subject=own, until=upto):
            yield [each for each in _changes(batch) if each.may_concern(principal)]

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _start(self) -> None:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(self._read())
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._ready.wait()
        except TimeoutError as error:
            raise StreamUnavailable from error

    async def _read(self) -> None:
        failures = 0
        await self._bus.declare_stream(SERVICE)
        while True:
            try:
                self._begin(await self._bus.extent(SERVICE))
                failures = 0
                async for batch in follow(self._bus, SERVICE, self.epoch, self.position, subject=EVERYTHING):
                    self._hand_on(batch)
            except StreamReplaced:
                log.warning("stream_replaced")
            except (nats.errors.Error, TimeoutError, OSError) as error:
                log.warning("feed_waits", error=type(error).__name__)
            await asyncio.sleep(jittered(failures))
            failures += 1

    def _begin(self, extent: Extent) -> None:
        """Read from the end of what there is; whoever followed another stream has lost their place."""
        if self.epoch:
            for listener in self._listeners:
                listener.lose()
        self.epoch, self.position = extent.epoch, extent.last
        self._known_from = extent.last
        self._recent.clear()
        self._ready.set()

    def _hand_on(self, batch: list[Stored]) -> None:
        for change in _changes(batch):
            if len(self._recent) == REMEMBERED:
                self._known_from = self._recent[0].sequence
            self._recent.append(change)
            for listener in self._listeners:
                if change.may_concern(listener.principal):
                    listener.offer(change)
        self.position = batch[-1].sequence


def _changes(batch: list[Stored]) -> Iterator[Change]:
    for stored in batch:
        change = Change.of(stored.sequence, stored.payload)
        if change is not None:
            yield change
