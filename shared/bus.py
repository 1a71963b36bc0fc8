"""NATS JetStream: one connection per process, streams and consumers kept as they are declared here.

Uses only the subjects that the service's NATS user is granted (`deploy/nats.conf`): its own stream, its own durable
consumers of other streams, and inboxes under `_INBOX_<user>`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import TypeVar

import nats.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, BadRequestError

from shared.backoff import jittered
from shared.failures import describe

STREAM_AGE = timedelta(days=30)
DUPLICATE_WINDOW = timedelta(minutes=2)
ACK_WAIT_SECONDS = 10.0
"""A message that is neither acknowledged nor reported in progress for so long is delivered again."""
REQUEST_SECONDS = 5.0
FLUSH_SECONDS = 2.0
READER_SECONDS = 30.0
"""After which NATS forgets a reader that no longer asks."""
MAX_ACK_PENDING = 10_000
"""Includes failed events that wait for their next delivery; those must not keep new ones from coming."""

_STREAM_EXISTS_OTHERWISE = 10058
_MESSAGE_TOO_LARGE = 10054

T = TypeVar("T")
PullSubscription = JetStreamContext.PullSubscription

log = structlog.get_logger()


class Refused(Exception):
    """JetStream will never take this message, however often it is sent."""


class ConnectionLost(Exception):
    """The connection went away before the acknowledgement came: the message may or may not have been stored."""


@dataclass(frozen=True)
class Extent:
    """What a stream holds: sequences from `first` to `last`. Another `epoch` is another stream of the same name."""

    epoch: str
    first: int
    last: int


@dataclass(frozen=True)
class Outgoing:
    """One message; `message_id` makes sending it again harmless within the duplicate window."""

    subject: str
    payload: bytes
    message_id: str


def stream_of(service: str) -> str:
    return service.upper()


class Bus:
    """One process's connection. Once made it is kept for ever: after any loss it is made again."""

    def __init__(self, url: str, user: str, password: str, *, name: str, replicas: int = 1) -> None:
        self._url, self._user, self._password, self._name = url, user, password, name
        self._replicas = replicas
        self._client: Client | None = None
        self._jetstream: JetStreamContext | None = None
        self._connected = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        self._unacknowledged: set[asyncio.Future[api.PubAck]] = set()
        self._closing = False
        self._last_error = ""

    def connect(self) -> None:
        """Begin to connect, in the background and for ever, unless that was begun before."""
        if self._connecting is None and not self._closing:
            self._connecting = asyncio.ensure_future(self._open())

    async def is_ready(self) -> bool:
        """Whether a connection was made and is kept; one that is being regained counts, for the outbox remembers."""
        self.connect()
        return self._client is not None and not self._client.is_closed

    @property
    def is_connected(self) -> bool:
        self.connect()
        return self._connected.is_set()

    async def jetstream(self) -> JetStreamContext:
        """The JetStream context of a live connection; waits until there is one."""
        self.connect()
        await self._connected.wait()
        if self._jetstream is None:
            raise nats.errors.ConnectionClosedError
        return self._jetstream

    async def close(self) -> None:
        """Send what is buffered, within `FLUSH_SECONDS`, and disconnect. Everything else has stopped before."""
        self._closing = True
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._client is None or self._client.is_closed:
            return
        if self._client.is_connected:
            try:
                await asyncio.wait_for(self._client.flush(), FLUSH_SECONDS)
            except (TimeoutError, nats.errors.Error, OSError) as error:
                log.warning("bus_flush_failed", error=describe(error))
        await self._client.close()

    async def declare_stream(self, service: str) -> None:
        """Create the stream of `service`, or change it to what is written here. Waits for NATS, however long."""
        config = api.StreamConfig(
            name=stream_of(service),
            subjects=[f"kaiyuan.{service}.>"],
            storage=api.StorageType.FILE,
            retention=api.RetentionPolicy.LIMITS,
            max_age=STREAM_AGE.total_seconds(),
            duplicate_window=DUPLICATE_WINDOW.total_seconds(),
            num_replicas=self._replicas,
        )

        async def declare(jetstream: JetStreamContext) -> None:
            try:
                await jetstream.add_stream(config)
            except BadRequestError as error:
                if error.err_code != _STREAM_EXISTS_OTHERWISE:
                    raise
                await jetstream.update_stream(config)

        await self._until_done(declare, stream=config.name)

    async def declare_consumer(self, source: str, durable: str, filter_subjects: Sequence[str]) -> PullSubscription:
        """Create or change `durable` on the stream of `source` and subscribe to it. Waits until the stream exists.

        Deliveries are not limited here: the consumer counts them itself, so that no message is given up while the
        database that should hold its dead letter is away.
        """
        config = api.ConsumerConfig(
            name=durable,
            durable_name=durable,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            max_deliver=-1,
            max_ack_pending=MAX_ACK_PENDING,
            filter_subjects=sorted(filter_subjects),
        )

        async def declare(jetstream: JetStreamContext) -> PullSubscription:
            await jetstream.add_consumer(stream_of(source), config)
            return await jetstream.pull_subscribe_bind(durable=durable, stream=stream_of(source))

        return await self._until_done(declare, stream=stream_of(source), consumer=durable)

    async def extent(self, service: str) -> Extent:
        """What the stream of `service` holds now. Raises nats.errors.Error or TimeoutError when NATS does not say."""
        info = await (await self.jetstream()).stream_info(stream_of(service))
        created = info.created.timestamp() if info.created else 0
        return Extent(f"{int(created * 1000):x}", info.state.first_seq, info.state.last_seq)

    async def read_from(self, service: str, sequence: int, subject: str) -> tuple[PullSubscription, int]:
        """A reader of the own stream's messages about `subject` from `sequence` on, and how many wait for it.

        It belongs to this process alone, acknowledges nothing, and is forgotten by NATS soon after it was last used.
        Raises nats.errors.Error or TimeoutError.
        """
        config = api.ConsumerConfig(
            name=f"{service}-{token_hex(8)}",
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=sequence,
            ack_policy=api.AckPolicy.NONE,
            filter_subject=subject,
            inactive_threshold=READER_SECONDS,
            mem_storage=True,
            num_replicas=1,
        )
        jetstream = await self.jetstream()
        info = await jetstream.add_consumer(stream_of(service), config)
        return await jetstream.pull_subscribe_bind(config.name, stream=stream_of(service)), info.num_pending or 0

    async def publish(self, service: str, messages: Sequence[Outgoing]) -> list[Exception | None]:
        """Send all, then await all acknowledgements: None for each message that is stored, else why it may not be.

        `Refused` is for ever; anything else may be sent again with the same id.
        """
        jetstream = self._jetstream
        if not self.is_connected or jetstream is None:
            return [ConnectionLost() for _ in messages]
        sent: list[asyncio.Future[api.PubAck] | Exception] = []
        for message in messages:
            broken = sent[-1] if sent and isinstance(sent[-1], Exception) else None
            if broken and not isinstance(broken, Refused):
                sent.append(broken)
            else:
                sent.append(await self._send(jetstream, stream_of(service), message))
        waiting = {each for each in sent if isinstance(each, asyncio.Future)}
        self._unacknowledged |= waiting
        try:
            if waiting:
                await asyncio.wait(waiting, timeout=REQUEST_SECONDS)
            return [_outcome(each) for each in sent]
        finally:
            self._unacknowledged -= waiting
            for future in waiting:
                future.cancel()

    async def _send(
        self, jetstream: JetStreamContext, stream: str, message: Outgoing
    ) -> "asyncio.Future[api.PubAck] | Exception":
        headers = {api.Header.MSG_ID.value: message.message_id}
        try:
            return await jetstream.publish_async(
                message.subject, message.payload, stream=stream, headers=headers, wait_stall=REQUEST_SECONDS
            )
        except (nats.errors.MaxPayloadError, nats.errors.BadSubjectError) as error:
            return Refused(describe(error))
        except (nats.errors.Error, OSError) as error:
            return error

    async def _until_done(self, action: Callable[[JetStreamContext], Awaitable[T]], **what: object) -> T:
        failures = 0
        while True:
            try:
                return await action(await self.jetstream())
            except (nats.errors.Error, TimeoutError, OSError) as error:
                code = error.err_code if isinstance(error, APIError) else None
                log.warning("bus_declare_waits", error=type(error).__name__, code=code, **what)
            await asyncio.sleep(jittered(failures))
            failures += 1

    async def _open(self) -> None:
        """Return once connected."""
        client = Client()
        try:
            await client.connect(
                self._url,
                user=self._user,
                password=self._password,
                name=self._name,
                inbox_prefix=f"_INBOX_{self._user}".encode(),
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.25,  # pyright: ignore[reportArgumentType]
                connect_timeout=2,
                ping_interval=10,
                max_outstanding_pings=2,
                flush_timeout=REQUEST_SECONDS,
                # While disconnected a publish fails at once: the outbox, and redelivery, remember better than a buffer.
                pending_size=0,
                error_cb=self._report,
                disconnected_cb=self._lose,
                reconnected_cb=self._regain,
                closed_cb=self._reopen,
            )
        except asyncio.CancelledError:
            await client.close()
            raise
        self._client, self._jetstream = client, client.jetstream(timeout=REQUEST_SECONDS)
        self._last_error = ""
        self._connected.set()

    async def _report(self, error: Exception) -> None:
        """Log what the client only calls back, once per kind: a server that is away repeats itself."""
        if (kind := type(error).__name__) != self._last_error:
            self._last_error = kind
            log.warning("bus_error", error=kind, detail=str(error) if isinstance(error, nats.errors.Error) else "")

    async def _lose(self) -> None:
        self._connected.clear()
        for future in self._unacknowledged:
            if not future.done():
                future.set_exception(ConnectionLost())
        if not self._closing:
            log.warning("bus_disconnected")

    async def _regain(self) -> None:
        self._last_error = ""
        self._connected.set()
        log.info("bus_reconnected")

    async def _reopen(self) -> None:
        """The client closes for good on some errors, e.g. a refused password: begin again with a new one."""
        self._connected.clear()
        if not self._closing:
            log.error("bus_closed")
            self._connecting = None
            self.connect()


async def unsubscribe(subscription: PullSubscription) -> None:
    """Leave a consumer, whether or not the connection is still there."""
    try:
        await subscription.unsubscribe()
    except (nats.errors.Error, TimeoutError, OSError):
        return  # the connection that it belonged to is gone, and it with it


def _outcome(sent: "asyncio.Future[api.PubAck] | Exception") -> Exception | None:
    if isinstance(sent, Exception):
        return sent
    if not sent.done():
        return TimeoutError("no acknowledgement")
    if sent.cancelled():
        return ConnectionLost()
    error = sent.exception()
    if isinstance(error, APIError) and error.err_code == _MESSAGE_TOO_LARGE:
        return Refused(describe(error))
    return error if error is None or isinstance(error, Exception) else ConnectionLost()
