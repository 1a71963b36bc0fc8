"""A client of Server-Sent Events, as a browser is one: it keeps the last id, which an event without data sets too."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

SECONDS = 20


@dataclass
class Event:
    name: str
    data: Any
    id: str


@dataclass
class EventStream:
    response: httpx.Response
    last_id: str = ""
    _lines: AsyncIterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self._lines = self.response.aiter_lines()

    async def next(self) -> Event | None:
        """The next event; None at the end of the stream."""
        async with asyncio.timeout(SECONDS):
            return await self._read()

    async def take(self, count: int) -> list[Event]:
        found = [await self.next() for _ in range(count)]
        assert None not in found, "the stream ended"
        return [each for each in found if each is not None]

    async def _read(self) -> Event | None:
        name, data = "message", ""
        async for line in self._lines:
            kind, _, value = line.partition(": ")
            if kind == "event":
                name = value
            elif kind == "data":
                data += value
            elif kind == "id":
                self.last_id = value
            elif not line and data:
                return Event(name, json.loads(data), self.last_id)
            elif not line:
                name = "message"
        return None


@asynccontextmanager
async def listening(url: str, headers: dict[str, str], last_id: str = "") -> AsyncIterator[EventStream]:
    """An open stream, whose first event (`ready` or `reset`) is still to be read."""
    resuming = {"Last-Event-ID": last_id} if last_id else {}
    async with (
        httpx.AsyncClient(timeout=SECONDS) as client,
        client.stream("GET", url, headers=headers | resuming) as response,
    ):
        assert response.status_code == 200, await response.aread()
        yield EventStream(response, last_id)
