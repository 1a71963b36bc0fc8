"""What one client is sent: first what it missed, then what happens; only of requests that it may read just then."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence

from fastapi.sse import ServerSentEvent
from sqlmodel import col

from services.requests.service_requests import repository
from services.requests.service_requests.models import ServiceRequest
from services.requests.stream.changes import Change
from services.requests.stream.feed import Feed, Listener
from services.requests.views.filters import is_followed
from shared.conditions import among
from shared.db import Database
from shared.following import StreamReplaced

RETRY_MS = 2_000
GATHER_SECONDS = 0.1
"""Changes that come close together are checked by one query."""
QUIET_SECONDS = 15.0
"""After which a client is told how far the stream has gone, so that it need not go through all of it again."""
_ID = re.compile(r"([0-9a-f]{1,16})-([0-9]{1,18})")


class Following:
    """One client's stream, until its token expires, the process stops, or it cannot keep up."""

    def __init__(
        self, feed: Feed, listener: Listener, database: Database, draining: asyncio.Event, *, followed: bool = False
    ) -> None:
        self._feed, self._listener, self._database, self._draining = feed, listener, database, draining
        self._expires_at, self._followed = listener.principal.expires_at, followed
        self._epoch = feed.epoch
        self._place = listener.place

    async def events(self, last_event_id: str | None) -> AsyncIterator[ServerSentEvent]:
        try:
            async for each in self._missed(last_event_id):
                yield each
        except StreamReplaced:
            self._place = self._listener.place
            yield self._event("reset", {})
        while (why := self._ended()) is None:
            changes = await self._next()
            if changes:
                for each in await self._told(changes):
                    yield each
            elif self._place < self._feed.position and not self._listener.has_more:
                self._place = self._feed.position
                yield ServerSentEvent(id=self._id(self._place))
        yield self._event(why, {}, numbered=False)

    async def _missed(self, last_event_id: str | None) -> AsyncIterator[ServerSentEvent]:
        """What happened behind the client's last event; a client that is new begins now."""
        start, place = self._listener.place, self._listener.place
        if last_event_id:
            found = _ID.fullmatch(last_event_id)
            if found is None or found[1] != self._epoch or not await self._feed.reaches(int(found[2])):
                raise StreamReplaced
            place = int(found[2])
        self._place = place
        yield self._event("ready", {})
        if place < start:
            async for changes in self._feed.since(place, start, self._listener.principal):
                for each in await self._told(changes):
                    yield each
            self._place = start

    async def _next(self) -> list[Change]:
        """What comes, or nothing after a while, or once there is an end."""
        taking = asyncio.ensure_future(self._listener.take())
        stopping = asyncio.ensure_future(self._draining.wait())
        left = max(0.0, min(QUIET_SECONDS, self._expires_at - time.time()))
        try:
            await asyncio.wait((taking, stopping), timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                return []
            await asyncio.wait((stopping,), timeout=GATHER_SECONDS)
            return [*taking.result(), *self._listener.take_now()]
        finally:
            taking.cancel()
            stopping.cancel()

    async def _told(self, changes: Sequence[Change]) -> list[ServerSentEvent]:
        """The events of those requests that the caller may read now, behind what another process told them already."""
        changes = [change for change in changes if change.sequence > self._place]
        if not changes:
            return []
        readable = await self._readable(changes)
        told = []
        for change in changes:
            self._place = change.sequence
            if change.request_id in readable:
                told.append(self._event(change.name, change.as_data()))
        return told

    async def _readable(self, changes: Sequence[Change]) -> set[object]:
        principal = self._listener.principal
        statement = repository.readable(principal).with_only_columns(col(ServiceRequest.id))
        statement = statement.where(among(col(ServiceRequest.id), {change.request_id for change in changes}))
        if self._followed:
            statement = statement.where(is_followed(principal))
        async with self._database.transaction(principal.area, role=principal.role) as session:
            return set((await session.execute(statement)).scalars())

    def _ended(self) -> str | None:
        if self._draining.is_set():
            return "closing"
        if self._listener.is_lost:
            return "reset"
        if self._listener.is_behind:
            return "behind"
        return "expired" if time.time() >= self._expires_at else None

    def _event(self, name: str, data: object, *, numbered: bool = True) -> ServerSentEvent:
        retry = RETRY_MS if name in ("ready", "reset") else None
        return ServerSentEvent(event=name, data=data, id=self._id(self._place) if numbered else None, retry=retry)

    def _id(self, place: int) -> str:
        return f"{self._epoch}-{place}"
