"""The way from JetStream to a handler: once per event, in order within an aggregate, never lost without a trace."""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import nats.errors
import structlog
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind

from shared import inbox
from shared.backoff import jittered, pause, unless_stopped
from shared.bus import ACK_WAIT_SECONDS, Bus, PullSubscription, unsubscribe
from shared.db import AsyncSession, Database
from shared.envelope import Envelope
from shared.failures import describe, is_outage
from shared.metrics import CONSUMED
from shared.telemetry import span, trace_from

Handler = Callable[[AsyncSession, Envelope], Awaitable[None]]
"""Makes an event true in this service, inside the transaction that it is given; flushes, never commits.

It calls no other service: what it needs is in its own tables. An error rolls everything back and the event is
delivered again, later; an event that may arrive too early or too late is judged by `aggregateversion`.
"""

Handlers = Mapping[str, Handler]
"""By event type, e.g. `requests.request_submitted.v1`. Types and versions that are not here are passed over."""

RETRY_SECONDS = (1.0, 5.0, 30.0, 120.0, 300.0, 600.0, 900.0)
"""Before the second delivery, the third, … of an event whose handler failed."""
MAX_DELIVER = 8
CONCURRENCY = 8
FETCH_SECONDS = 2.0
"""A fetch that is in flight while NATS restarts stalls for as long."""
HANDLER_SECONDS = 60.0
STOP_SECONDS = 4.0
OUTAGES = 5
"""An event that meets so many outages in a row, though PostgreSQL answers in between, is held to cause them."""

_COMMUNITY = re.compile("[0-9]{12}")
_NATS_ERRORS = (nats.errors.Error, TimeoutError, OSError)

log = structlog.get_logger()


class Unreadable(ValueError):
    """A message that is not an event of its stream, and never will be."""


class HandlerTooSlow(Exception):
    """A handler took longer than `HANDLER_SECONDS`."""


class Consumer:
    """Reads what `source` publishes on behalf of `service`, as the durable consumer `<service>__<source>`.

    Several processes may run the same consumer; JetStream then shares the events out. Within one process the events
    of an aggregate are handled one after another. An event whose handler failed waits for its next delivery without
    holding up later ones of its aggregate.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        service: str,
        source: str,
        handlers: Handlers,
        concurrency: int = CONCURRENCY,
        max_deliver: int = MAX_DELIVER,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        if not handlers:
            raise ValueError(f"{service} has no handler for any event of {source}")
        self.name = f"{service}__{source}"
        self._database, self._bus, self._source, self._handlers = database, bus, source, dict(handlers)
        self._slots = asyncio.Semaphore(concurrency)
        self._prefetch = concurrency * 4
        self._max_deliver, self._retry_seconds = max_deliver, tuple(retry_seconds)
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._held: dict[asyncio.Task[None], Msg] = {}

    @property
    def filter_subjects(self) -> list[str]:
        """The wire subjects of the handled types, in every community."""
        return sorted({subject_of(each) for each in self._handlers})

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`; then fetch no more, finish and acknowledge what was fetched, and return."""
        heartbeat = asyncio.ensure_future(self._keep_alive())
        failures = 0
        try:
            while not stop.is_set():
                declaring = self._bus.declare_consumer(self._source, self.name, self.filter_subjects)
                subscription = await unless_stopped(stop, declaring)
                if subscription is None:
                    break
                fetched = await self._pull(subscription, stop)
                failures = 0 if fetched else failures + 1
                await pause(stop, jittered(failures))
            await self._finish()
        finally:
            heartbeat.cancel()
            for task in self._held:
                task.cancel()
            await asyncio.gather(heartbeat, *self._held, return_exceptions=True)

    async def _pull(self, subscription: PullSubscription, stop: asyncio.Event) -> int:
        """Fetch and dispatch until `stop`, or until the subscription must be made anew; how many came."""
        fetched = 0
        try:
            while not stop.is_set():
                if len(self._held) >= self._prefetch:
                    await asyncio.wait(self._held, timeout=FETCH_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                    continue
                try:
                    # One at a time: a fetch of several waits to its end for the rest when its first message came by
                    # the request of the fetch before (nats.py issue 986), and the message waits with it.
                    messages = await unless_stopped(stop, subscription.fetch(1, timeout=FETCH_SECONDS))
                except TimeoutError:
                    continue
                for message in messages or ():
                    self._dispatch(message)
                    fetched += 1
        except _NATS_ERRORS as error:
            log.warning("fetch_failed", consumer=self.name, error=type(error).__name__)
        finally:
            await unsubscribe(subscription)
        return fetched

    def _dispatch(self, message: Msg) -> None:
        """Start on a message, behind those of its aggregate that are still in hand."""
        try:
            event = read(message, self._source)
        except Unreadable as error:
            task = asyncio.ensure_future(self._bury_unreadable(message, error))
        else:
            before = self._lanes.get(event.subject)
            task = asyncio.ensure_future(self._in_turn(before, message, event))
            self._lanes[event.subject] = task
            task.add_done_callback(lambda done: self._leave_lane(event.subject, done))
        self._held[task] = message
        task.add_done_callback(lambda done: self._held.pop(done, None))

    def _leave_lane(self, subject: str, task: asyncio.Task[None]) -> None:
        if self._lanes.get(subject) is task:
            del self._lanes[subject]

    async def _in_turn(self, before: asyncio.Task[None] | None, message: Msg, event: Envelope) -> None:
        if before is not None:
            await asyncio.wait((before,))
        async with self._slots:
            with trace_from(event.traceparent):
                await self._deliver(message, event)

    async def _deliver(self, message: Msg, event: Envelope) -> None:
        handler = self._handlers.get(event.type)
        if handler is None:
            await self._settle(message.ack(), "ignored")
            return
        try:
            first = await self._handle(event, handler)
        except Exception as error:  # whatever a handler raises, the event must be tried again and in the end be kept
            await self._fail(message, event, error)
        else:
            await self._settle(message.ack(), "handled" if first else "duplicate")

    async def _handle(self, event: Envelope, handler: Handler) -> bool:
        """Handle once, waiting out outages of PostgreSQL here: they are not the event's fault and not counted."""
        for outages in range(OUTAGES + 1):
            try:
                with span(f"consume {event.type}", kind=SpanKind.CONSUMER):
                    return await handle_once(self._database, self.name, handler, event)
            except Exception as error:
                if outages == OUTAGES or not is_outage(error):
                    raise
                log.warning("consumer_waits", consumer=self.name, error=describe(error))
            await self._await_database()
        raise AssertionError("unreachable")

    async def _await_database(self) -> None:
        failures = 0
        while True:
            await asyncio.sleep(jittered(failures))
            failures += 1
            try:
                if await self._database.is_ready():
                    return
            except Exception as error:
                if not is_outage(error):
                    raise

    async def _fail(self, message: Msg, event: Envelope, error: Exception) -> None:
        attempts = message.metadata.num_delivered
        told = describe(error)
        log.warning(
            "event_failed", consumer=self.name, event_id=str(event.id), type=event.type, attempt=attempts, error=told
        )
        if attempts < self._max_deliver:
            await self._settle(message.nak(delay=self._delay(attempts)), "failed")
            return
        await self._bury(
            message,
            community_code=event.community,
            event_id=event.id,
            type=event.type,
            subject=event.subject,
            envelope=event.model_dump(mode="json", exclude_none=True),
            error=told,
        )

    async def _bury_unreadable(self, message: Msg, error: Unreadable) -> None:
        community = (message.subject.split(".") + [""] * 3)[2]
        await self._bury(
            message,
            community_code=community if _COMMUNITY.fullmatch(community) else inbox.NOWHERE,
            event_id=None,
            type="unreadable",
            subject=message.subject,
            envelope={"base64": base64.b64encode(message.data).decode()},
            error=describe(error.__cause__ or error),
        )

    async def _bury(self, message: Msg, *, community_code: str, **letter: Any) -> None:
        """Write the dead letter, and only then end the message's deliveries."""
        meta = message.metadata
        try:
            async with self._database.transaction(community_code) as session:
                await inbox.bury(
                    session,
                    community_code=community_code,
                    consumer=self.name,
                    attempts=meta.num_delivered,
                    message=f"{meta.stream}/{meta.sequence.stream}",
                    **letter,
                )
        except Exception as error:  # it is delivered once more, and buried then
            log.error("dead_letter_failed", consumer=self.name, error=describe(error))
            await self._settle(message.nak(delay=self._delay(2)), "failed")
            return
        log.error("dead_letter", consumer=self.name, type=letter["type"], error=letter["error"])
        await self._settle(message.term(), "dead")

    def _delay(self, attempts: int) -> float:
        return self._retry_seconds[min(attempts, len(self._retry_seconds)) - 1]

    async def _settle(self, answer: Awaitable[None], outcome: str) -> None:
        """Tell JetStream. If that fails the message comes again, and the inbox knows it."""
        CONSUMED.labels(self.name, outcome).inc()
        try:
            await answer
        except _NATS_ERRORS as error:
            log.info("acknowledgement_failed", consumer=self.name, error=type(error).__name__)

    async def _keep_alive(self) -> None:
        """Report what is in hand as in progress, so that a slow handler's event is not delivered a second time."""
        while True:
            await asyncio.sleep(ACK_WAIT_SECONDS / 3)
            for message in list(self._held.values()):
                try:
                    await message.in_progress()
                except _NATS_ERRORS:
                    break

    async def _finish(self) -> None:
        if self._held:
            await asyncio.wait(self._held, timeout=STOP_SECONDS)


async def handle_once(database: Database, consumer: str, handler: Handler, event: Envelope) -> bool:
    """Handle `event` in one transaction with its inbox row; False when it had been handled before."""
    async with database.transaction(event.community) as session:
        if not await inbox.claim(session, community_code=event.community, consumer=consumer, event_id=event.id):
            return False
        limit = asyncio.timeout(HANDLER_SECONDS)
        try:
            async with limit:
                await handler(session, event)
        except TimeoutError as error:
            if limit.expired():
                raise HandlerTooSlow from error
            raise
    return True


def read(message: Msg, source: str) -> Envelope:
    """The event in a message of `source`'s stream. Raises Unreadable when it is none, or claims to be elsewhere."""
    try:
        event = Envelope.model_validate_json(message.data)
        if not _COMMUNITY.fullmatch(event.community):
            raise Unreadable("community")
        if event.wire_subject != message.subject or not event.type.startswith(f"{source}."):
            raise Unreadable("subject")
    except Unreadable:
        raise
    except ValueError as error:
        raise Unreadable from error
    return event


def subject_of(event_type: str) -> str:
    """`requests.request_submitted.v1` → `kaiyuan.requests.*.request_submitted`"""
    service, name, _version = event_type.split(".")
    return f"kaiyuan.{service}.*.{name}"
