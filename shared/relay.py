"""The way from the outbox to JetStream: one leader per service, at least once, in order for each aggregate."""

import asyncio
import json
from collections import Counter as Tally
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

import asyncpg
import structlog
from opentelemetry.trace import SpanKind

from shared.backoff import jittered, pause, unless_stopped
from shared.bus import Bus, Outgoing, Refused
from shared.codes import EVERYWHERE
from shared.db import CONNECTION_SETTINGS, Database
from shared.failures import describe
from shared.metrics import OUTBOX_HELD, OUTBOX_OLDEST, OUTBOX_PENDING, PUBLISH_FAILURES, PUBLISHED
from shared.outbox import CHANNEL, RETENTION, envelope_of
from shared.telemetry import current_traceparent, span

BATCH = 200
POLL_SECONDS = 1.0
MEASURE_SECONDS = 5.0
PURGE_SECONDS = 60.0
PURGE_BATCH = 1_000
STEADY_SECONDS = 10.0
"""A failure after leading for so long is the first one, not one more."""
FLUSH_SECONDS = 4.0
LEADER_LOCK = 365_002
"""Session-level advisory lock; each service has a database of its own, so one number serves all."""

_KEEPALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
"""So that the lock of a leader whose machine vanished is free after 25 s."""

_NEXT = """
    SELECT community_code, id, event_id, type, subject, version, data, traceparent, occurred_at FROM outbox
    WHERE published_at IS NULL AND subject <> ALL($2::text[]) ORDER BY id LIMIT $1"""
_MARK = "UPDATE outbox SET published_at = now() WHERE published_at IS NULL AND id = ANY($1::bigint[])"
_MEASURE = """
    SELECT count(*), coalesce(extract(epoch FROM now() - min(occurred_at)), 0)::float8 FROM outbox
    WHERE published_at IS NULL"""
_PURGE = """
    DELETE FROM outbox WHERE (community_code, id) IN (
        SELECT community_code, id FROM outbox WHERE published_at < now() - $1::interval
        ORDER BY published_at LIMIT $2)"""

log = structlog.get_logger()


class OutboxRow(Protocol):
    """A row of the outbox as any driver returns it."""

    def __getitem__(self, column: Any, /) -> Any: ...


Row = TypeVar("Row", bound=OutboxRow)


class PublishFailed(Exception):
    """JetStream did not acknowledge a whole batch; what it did not acknowledge will be sent again."""


class Relay:
    """Publishes one service's outbox while it holds the leader's lock.

    Reads, marks and the lock share one connection, so a leader that lost its lock cannot mark anything. A row is
    marked only after JetStream's acknowledgement, hence a crash in between sends it again under the same id.
    """

    def __init__(self, database: Database, bus: Bus, service: str) -> None:
        self._database, self._bus, self._service = database, bus, service
        self._wake = asyncio.Event()
        self._held: set[str] = set()
        self._due = {"measure": 0.0, "purge": 0.0}

    async def run(self, stop: asyncio.Event) -> None:
        """Lead when nobody else does, until `stop`; then publish what is left, within `FLUSH_SECONDS`."""
        failures, now = 0, asyncio.get_running_loop().time
        while not stop.is_set():
            began = now()
            try:
                async with self._connection() as connection:
                    while not await _try_to_lead(connection):
                        if await pause(stop, jittered(0, first=POLL_SECONDS)):
                            return
                    log.info("relay_leads", service=self._service)
                    began = now()
                    await self._lead(connection, stop)
            except Exception as error:  # whatever went wrong, the outbox still holds the events
                log.warning("relay_lost", service=self._service, error=describe(error))
                failures = 0 if now() - began > STEADY_SECONDS else failures + 1
                await pause(stop, jittered(failures))

    async def flush(self) -> bool:
        """Publish what is pending, within `FLUSH_SECONDS`; whether nothing is left. For use where `run` does not."""
        try:
            async with asyncio.timeout(FLUSH_SECONDS), self._connection() as connection:
                await connection.execute("SELECT pg_advisory_lock($1)", LEADER_LOCK)
                await self._bus.declare_stream(self._service)
                await self._drain(connection)
            return True
        except (TimeoutError, PublishFailed, asyncpg.PostgresError):
            return False

    async def _lead(self, connection: asyncpg.Connection, stop: asyncio.Event) -> None:
        self._held.clear()
        failures, declared = 0, False
        while not stop.is_set():
            self._wake.clear()
            full = False
            try:
                if self._bus.is_connected:
                    if not declared:
                        await unless_stopped(stop, self._bus.declare_stream(self._service))
                        declared = True
                    full = await self._publish_batch(connection) == BATCH
                    failures = 0
                await self._housekeep(connection)
            except PublishFailed as error:
                PUBLISH_FAILURES.labels(self._service).inc()
                log.warning("publish_failed", service=self._service, error=str(error), failures=failures + 1)
                declared = False  # the stream itself may be gone
                await pause(stop, jittered(failures))
                failures += 1
                continue
            if not full:
                await self._sleep(stop)
        if self._bus.is_connected:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._drain(connection)

    async def _drain(self, connection: asyncpg.Connection) -> None:
        while await self._publish_batch(connection):
            pass

    async def _publish_batch(self, connection: asyncpg.Connection) -> int:
        """Publish the oldest rows and mark what was acknowledged; how many there were."""
        rows = await connection.fetch(_NEXT, BATCH, list(self._held))
        published: list[int] = []
        failure: Exception | None = None
        for wave in waves(rows):
            sending = self._sendable(wave)
            outcomes = await self._bus.publish(self._service, list(sending.values()))
            for row, outcome in zip(sending, outcomes, strict=True):
                if outcome is None:
                    published.append(row["id"])
                elif isinstance(outcome, Refused):
                    self._hold(row, outcome)
                else:
                    failure = outcome
            if failure:
                break
        if published:
            await connection.execute(_MARK, published)
            PUBLISHED.labels(self._service).inc(len(published))
        if failure:
            raise PublishFailed(type(failure).__name__)
        return len(rows)

    def _sendable(self, wave: list[asyncpg.Record]) -> dict[asyncpg.Record, Outgoing]:
        sending: dict[asyncpg.Record, Outgoing] = {}
        for row in wave:
            if row["subject"] not in self._held:
                try:
                    sending[row] = outgoing(self._service, row)
                except ValueError as error:
                    self._hold(row, error)
        return sending

    def _hold(self, row: asyncpg.Record, reason: Exception) -> None:
        """Leave out an aggregate until the next election: one impossible event must not stop all others."""
        self._held.add(row["subject"])
        why = describe(reason)
        log.error("event_refused", service=self._service, event_id=str(row["event_id"]), type=row["type"], error=why)

    async def _housekeep(self, connection: asyncpg.Connection) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._due["measure"]:
            self._due["measure"] = now + MEASURE_SECONDS
            for pending, oldest in await connection.fetch(_MEASURE):
                OUTBOX_PENDING.labels(self._service).set(pending)
                OUTBOX_OLDEST.labels(self._service).set(oldest)
            OUTBOX_HELD.labels(self._service).set(len(self._held))
        if now >= self._due["purge"]:
            done = await connection.execute(_PURGE, RETENTION, PURGE_BATCH)
            more = done == f"DELETE {PURGE_BATCH}"
            self._due["purge"] = now + (0 if more else PURGE_SECONDS)

    async def _sleep(self, stop: asyncio.Event) -> None:
        """Until the next notification, the next poll, or `stop`."""
        waits = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waits, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection outside the pool that sees all communities and hears of every new event."""
        url = self._database.engine.url
        settings = CONNECTION_SETTINGS | _KEEPALIVE | {"application_name": f"{self._service}-relay"}
        _, arguments = self._database.engine.dialect.create_connect_args(url)
        connection = await asyncpg.connect(**arguments, timeout=5, command_timeout=20, server_settings=settings)
        try:
            await connection.execute("SELECT set_config('app.scope', $1, false)", EVERYWHERE)
            await connection.add_listener(CHANNEL, self._on_notify)
            connection.add_termination_listener(self._on_notify)
            yield connection
        finally:
            connection.terminate() if connection.is_closed() else await _close(connection)

    def _on_notify(self, *_: Any) -> None:
        self._wake.set()


def outgoing(service: str, row: asyncpg.Record) -> Outgoing:
    """The message of an outbox row, whose trace goes on from here. Raises ValueError if the row is no event."""
    stored = {**row, "data": json.loads(row["data"])}
    if row["traceparent"]:
        with span(f"publish {row['type']}", kind=SpanKind.PRODUCER, traceparent=row["traceparent"]):
            stored["traceparent"] = current_traceparent()
    envelope = envelope_of(service, stored)
    return Outgoing(envelope.wire_subject, envelope.model_dump_json(exclude_none=True).encode(), str(row["event_id"]))


def waves(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows in publishing order, cut so that no wave holds two events of one aggregate.

    A wave is sent only after the one before is acknowledged: an event never overtakes an earlier one of its aggregate.
    """
    depth: Tally[tuple[str, str]] = Tally()
    result: list[list[Row]] = []
    for row in rows:
        aggregate = (row["community_code"], row["subject"])
        if depth[aggregate] == len(result):
            result.append([])
        result[depth[aggregate]].append(row)
        depth[aggregate] += 1
    return result


async def _try_to_lead(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK))


async def _close(connection: asyncpg.Connection) -> None:
    """Closing ends the session and with it the lock; a server that does not answer is not waited for."""
    try:
        await connection.close(timeout=2)
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
