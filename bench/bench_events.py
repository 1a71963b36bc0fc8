"""Events from one service's commit to another's: throughput beside JetStream alone, latency beside the aim.

Both servers are durable here (fsync, `sync_interval: always`), as they are in production. Publisher, relay and consumer
share one process and event loop, so the services, which have one each, do better.
"""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from sqlalchemy import event as sqlalchemy_event

from bench.result import Result
from shared import outbox
from shared.bus import Bus, Outgoing
from shared.db import AsyncSession
from shared.envelope import Envelope
from shared.ids import new_id
from shared.relay import BATCH, Relay
from stack import postgres, processes
from stack.processes import Program
from tests.faults.killable import Killable, killable_nats
from tests.servers import PostgresServer
from tests.toy.fixtures import toy_database
from tests.toy.pair import COMMUNITY, Happened, Pair, eventually, running_pair, see

EVENTS = 4_000
AGGREGATES = 500
EVENTS_A_SECOND = 100
LATENCY_SECONDS = 8
AIM_MILLISECONDS = 20.0


async def run() -> list[Result]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, killable_nats() as (_, url, password):
        async with _pair(Path(folder), url, password) as pair:
            raw = await _raw_publish(pair.source_bus)
            await _fill(pair, EVENTS)
            relayed = await _rate_of(lambda: Relay(pair.source, pair.source_bus, "requests").flush(), pair)
            consumed = await _consume(pair)
            raw_p50, _, _ = await _raw_latency(pair)
            p50, p95, p99 = await _latency(pair)
    return [
        Result("relay: outbox → JetStream", relayed, "/s", "bare JetStream publish, same batches", raw),
        Result("consumer: JetStream → inbox and projection", consumed, "/s", "bare JetStream publish", raw),
        Result(f"commit → other commit, p50 at {EVENTS_A_SECOND}/s", p50, "ms", "bare publish → fetch, p50", raw_p50),
        Result(f"commit → other commit, p50 at {EVENTS_A_SECOND}/s", p50, "ms", "the aim", AIM_MILLISECONDS, aim=1.0),
        Result(f"commit → other commit, p95 at {EVENTS_A_SECOND}/s", p95, "ms", "bare publish → fetch, p50", raw_p50),
        Result(f"commit → other commit, p99 at {EVENTS_A_SECOND}/s", p99, "ms", "bare publish → fetch, p50", raw_p50),
    ]


@asynccontextmanager
async def _pair(folder: Path, nats_url: str, password: str) -> AsyncIterator[Pair]:
    program = _postgres(folder, password)
    server = Killable(program, lambda pid: postgres.is_ready(program.directory, pid))
    try:
        at = PostgresServer(program.port, password)
        source, target = await toy_database(at, "requests"), await toy_database(at, "dispatch")
        async with running_pair(source, target, nats_url, password) as pair:
            await pair.source_bus.declare_stream("requests")
            yield pair
    finally:
        server.kill()


def _postgres(folder: Path, password: str) -> Program:
    folder.chmod(0o711)
    data, log = folder / "postgres", folder / "postgres.log"
    postgres.initialise(data, password=password, log=log)
    return postgres.program(data, port=processes.free_port(), log=log)


async def _raw_publish(bus: Bus) -> float:
    """Messages a second of the same size and batch, kept by a stream; nothing else is done."""
    payload = b"x" * 420
    started = time.perf_counter()
    for _ in range(EVENTS // BATCH):
        subject = f"kaiyuan.requests.{COMMUNITY}.unread"
        outcomes = await bus.publish("requests", [Outgoing(subject, payload, str(new_id())) for _ in range(BATCH)])
        assert outcomes == [None] * BATCH
    return EVENTS / (time.perf_counter() - started)


async def _fill(pair: Pair, count: int) -> None:
    rows = [
        outbox.row(Happened(number=n), community_code=COMMUNITY, subject=f"things/{n % AGGREGATES}", version=n)
        for n in range(count)
    ]
    async with pair.source.transaction(COMMUNITY) as session:
        await outbox.add_many(session, rows)


async def _rate_of(flush: Callable[[], Awaitable[bool]], pair: Pair) -> float:
    started = time.perf_counter()
    while not await flush():
        pass  # a flush is bounded in time
    taken = time.perf_counter() - started
    assert await pair.unpublished() == 0
    return EVENTS / taken


async def _consume(pair: Pair) -> float:
    done, all_done = 0, asyncio.Event()

    async def count(session: AsyncSession, event: Envelope) -> None:
        nonlocal done
        await see(session, event)
        done += 1
        if done == EVENTS:
            all_done.set()

    started = time.perf_counter()
    end = pair.start_consumer(count)
    await asyncio.wait_for(all_done.wait(), 120)
    taken = time.perf_counter() - started
    await end()
    return EVENTS / taken


async def _latency(pair: Pair) -> tuple[float, float, float]:
    committed: dict[str, float] = {}
    arrived: dict[str, float] = {}

    async def note(session: AsyncSession, event: Envelope) -> None:
        await see(session, event)

        def after_commit(_: object) -> None:
            arrived[event.subject] = time.perf_counter()

        sqlalchemy_event.listen(session.sync_session, "after_commit", after_commit, once=True)

    async def publish(number: int) -> None:
        subject = f"timed/{number}"
        await pair.publish(subject, range(1, 2))
        committed[subject] = time.perf_counter()

    async def all_arrived() -> bool:
        return len(arrived) == EVENTS_A_SECOND * LATENCY_SECONDS

    ends = [pair.start_relay(), pair.start_consumer(note)]
    await _at_random_times(publish)
    await eventually(all_arrived)
    for end in ends:
        await end()
    return _percentiles([arrived[subject] - committed[subject] for subject in committed])


async def _raw_latency(pair: Pair) -> tuple[float, float, float]:
    """From before a bare publish to after a bare fetch, without database, envelope or handler."""
    subscription = await pair.target_bus.declare_consumer(
        "requests", "dispatch__requests", [f"kaiyuan.requests.{COMMUNITY}.bare"]
    )
    jetstream = await pair.source_bus.jetstream()
    times: list[float] = []

    async def fetch() -> None:
        while len(times) < EVENTS_A_SECOND * LATENCY_SECONDS:
            for message in await subscription.fetch(32, timeout=5):
                times.append(time.perf_counter() - float(message.data))
                await message.ack()

    async def publish(_: int) -> None:
        await jetstream.publish(f"kaiyuan.requests.{COMMUNITY}.bare", str(time.perf_counter()).encode())

    fetching = asyncio.ensure_future(fetch())
    await _at_random_times(publish)
    await asyncio.wait_for(fetching, 10)
    await subscription.unsubscribe()
    return _percentiles(times)


async def _at_random_times(publish: Callable[[int], Awaitable[None]]) -> None:
    """`EVENTS_A_SECOND` on average, at independent times."""
    chance, tasks = random.Random(365), list[asyncio.Future[None]]()
    due = time.perf_counter()
    for number in range(EVENTS_A_SECOND * LATENCY_SECONDS):
        due += chance.expovariate(EVENTS_A_SECOND)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.ensure_future(publish(number)))
    await asyncio.gather(*tasks)


def _percentiles(seconds: list[float]) -> tuple[float, float, float]:
    """p50, p95 and p99 in milliseconds."""
    cuts = statistics.quantiles((1000 * each for each in seconds), n=100)
    return cuts[49], cuts[94], cuts[98]
