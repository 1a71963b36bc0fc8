"""Two services joined by events, each with a database, a NATS user, and the kit's own relay and consumer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import SecretStr
from sqlalchemy import text

from shared import outbox
from shared.bus import Bus
from shared.codes import EVERYWHERE
from shared.consumer import Consumer, Handler, Handlers
from shared.db import AsyncSession, Database
from shared.envelope import Envelope, Event
from shared.relay import Relay

COMMUNITY = "150299001001"
OTHER_COMMUNITY = "150299001002"

_SEE = text(
    "INSERT INTO seen (community_code, subject, versions) VALUES (:community, :subject, ARRAY[cast(:version AS int)])"
    " ON CONFLICT (community_code, subject) DO UPDATE SET versions = seen.versions || EXCLUDED.versions"
)


class Happened(Event):
    """Something happened to an aggregate."""

    type: ClassVar[str] = "requests.happened.v1"
    number: int


class HappenedOtherwise(Event):
    type: ClassVar[str] = "requests.happened.v2"
    number: int


async def see(session: AsyncSession, event: Envelope) -> None:
    """Append the event's version to what was seen of its aggregate."""
    values = {"community": event.community, "subject": event.subject, "version": event.aggregateversion}
    await session.execute(_SEE, values)


@dataclass
class Pair:
    """The publisher's and the consumer's side. What runs is ended by `stop_all`."""

    source: Database
    target: Database
    source_bus: Bus
    target_bus: Bus
    running: list[tuple[asyncio.Event, asyncio.Task[None]]] = field(default_factory=list)

    def start(self, run: Callable[[asyncio.Event], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Run a relay or consumer until the returned function is awaited."""
        stop = asyncio.Event()
        task = asyncio.ensure_future(run(stop))
        entry = (stop, task)
        self.running.append(entry)

        async def end() -> None:
            stop.set()
            await asyncio.wait_for(task, 10)
            if entry in self.running:
                self.running.remove(entry)

        return end

    def start_relay(self) -> Callable[[], Awaitable[None]]:
        return self.start(Relay(self.source, self.source_bus, "requests").run)

    def start_consumer(self, handler: Handler = see, **options: object) -> Callable[[], Awaitable[None]]:
        return self.start(self.consumer({Happened.type: handler}, **options).run)

    def consumer(self, handlers: Handlers, **options: object) -> Consumer:
        return Consumer(
            self.target,
            self.target_bus,
            service="dispatch",
            source="requests",
            handlers=handlers,
            **options,  # pyright: ignore[reportArgumentType]
        )

    async def publish(self, subject: str, versions: range, *, community: str = COMMUNITY) -> None:
        """Commit one event for each version, in one transaction."""
        async with self.source.transaction(community) as session:
            for version in versions:
                event = Happened(number=version)
                await outbox.add(session, event, community_code=community, subject=subject, version=version)

    async def seen(self) -> dict[str, list[int]]:
        async with self.target.transaction(EVERYWHERE) as session:
            return {row.subject: row.versions for row in await session.execute(text("SELECT * FROM seen"))}

    async def unpublished(self) -> int:
        async with self.source.transaction(EVERYWHERE) as session:
            return (await session.execute(text("SELECT count(*) FROM outbox WHERE published_at IS NULL"))).scalar_one()

    async def stop_all(self) -> None:
        for stop, _ in self.running:
            stop.set()
        await asyncio.gather(*(task for _, task in self.running))


@asynccontextmanager
async def running_pair(source_url: str, target_url: str, nats_url: str, password: str) -> AsyncIterator[Pair]:
    pair = Pair(
        Database(SecretStr(source_url)),
        Database(SecretStr(target_url)),
        Bus(nats_url, "requests", password, name="toy-requests"),
        Bus(nats_url, "dispatch", password, name="toy-dispatch"),
    )
    try:
        yield pair
    finally:
        await pair.stop_all()
        for bus in (pair.source_bus, pair.target_bus):
            await bus.close()
        for database in (pair.source, pair.target):
            await database.close()


async def eventually(condition: Callable[[], Awaitable[object]], *, within: float = 20.0) -> None:
    """Wait until `condition` holds; fail when it does not within so many seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.02)
