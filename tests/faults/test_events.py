"""Whatever is killed on an event's way, nothing committed is missing in the end and nothing has happened twice."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import asyncpg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from shared import relay
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.failures import is_outage
from shared.outbox import RETENTION, outbox
from shared.replay import forget, list_dead_letters, republish
from tests.faults.killable import Killable, killable_nats, killable_postgres
from tests.servers import NatsServer, PostgresServer
from tests.toy.fixtures import toy_database, wipe_jetstream
from tests.toy.pair import COMMUNITY, OTHER_COMMUNITY, Pair, eventually, running_pair

AGGREGATES = 12
DRAINED_WITHIN = 30.0
"""Seconds from the last restart to an empty backlog."""


@dataclass
class Exposed:
    """The toy pair, running, on servers that may be killed."""

    pair: Pair
    nats: Killable
    postgres: Killable
    postgres_server: PostgresServer

    async def terminate(self, side: str) -> None:
        """End all connections to one side's database, as an administrator or a failing backend would."""
        database = make_url(str(getattr(self.pair, side).engine.url)).database
        connection = await asyncpg.connect(self.postgres_server.dsn)
        try:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database
            )
        finally:
            await connection.close()


@pytest.fixture(scope="module")
def mortal_postgres() -> Iterator[tuple[Killable, PostgresServer]]:
    with killable_postgres() as both:
        yield both


@pytest.fixture
async def exposed(mortal_postgres: tuple[Killable, PostgresServer]) -> AsyncIterator[Exposed]:
    postgres, server = mortal_postgres
    urls = [await toy_database(server, service) for service in ("requests", "dispatch")]
    with killable_nats() as (nats, nats_url, password):
        async with running_pair(*urls, nats_url, password) as pair:
            pair.start_relay()
            pair.start_consumer()
            yield Exposed(pair, nats, postgres, server)


class Driver:
    """Commits one event after another, and remembers which were acknowledged as committed."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._last: dict[str, int] = defaultdict(int)
        self.acknowledged: set[tuple[str, int]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        numbers = random.Random(365)
        while not stop.is_set():
            number = numbers.randrange(AGGREGATES)
            subject, version = f"things/{number}", self._last[f"things/{number}"] + 1
            try:
                await self._pair.publish(
                    subject, range(version, version + 1), community=(COMMUNITY, OTHER_COMMUNITY)[number % 2]
                )
            except Exception:  # committed or not: the database knows, when it is back
                await asyncio.sleep(0.05)
                self._last = await self._committed_versions() or self._last
            else:
                self._last[subject] = version
                self.acknowledged.add((subject, version))

    async def has_committed(self, count: int) -> bool:
        return len(self.acknowledged) >= count

    async def _committed_versions(self) -> dict[str, int] | None:
        try:
            last: dict[str, int] = defaultdict(int)
            for subject, version in await committed(self._pair):
                last[subject] = max(last[subject], version)
            return last
        except Exception:
            return None


async def committed(pair: Pair) -> list[tuple[str, int]]:
    async with pair.source.transaction(EVERYWHERE) as session:
        rows = await session.execute(select(outbox.c.subject, outbox.c.version).order_by(outbox.c.id))
        return [(row.subject, row.version) for row in rows]


async def handled(pair: Pair) -> list[tuple[str, int]]:
    return [(subject, version) for subject, versions in (await pair.seen()).items() for version in versions]


async def everything_arrived(pair: Pair) -> bool:
    try:
        return sorted(await handled(pair)) == sorted(await committed(pair))
    except DBAPIError as error:  # who asks at the very moment may be given a connection that was just ended
        assert is_outage(error), error
        return False


async def test_nats_killed_during_a_burst(exposed: Exposed) -> None:
    pair, stop = exposed.pair, asyncio.Event()
    driver = Driver(pair)
    driving = asyncio.ensure_future(driver.run(stop))
    for count in (100, 200, 300):
        await eventually(lambda count=count: driver.has_committed(count))
        exposed.nats.kill()
        await eventually(lambda count=count: driver.has_committed(count + 50))
        await exposed.nats.restart()
    stop.set()
    await driving
    await eventually(lambda: everything_arrived(pair), within=DRAINED_WITHIN)
    assert driver.acknowledged == set(await committed(pair))
    assert await pair.unpublished() == 0


async def test_the_backlog_is_measured_while_nats_is_away(exposed: Exposed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "MEASURE_SECONDS", 0.05)

    async def shows(pending: int, *, old: bool) -> bool:
        labels = {"service": "requests"}
        age = REGISTRY.get_sample_value("kaiyuan_outbox_oldest_seconds", labels)
        return REGISTRY.get_sample_value("kaiyuan_outbox_pending", labels) == pending and bool(age) is old

    exposed.nats.kill()
    await exposed.pair.publish("things/a", range(1, 8))
    await eventually(lambda: shows(7, old=True))
    await exposed.nats.restart()
    await eventually(lambda: shows(0, old=False), within=DRAINED_WITHIN)
    await eventually(lambda: everything_arrived(exposed.pair))


@pytest.mark.parametrize("side", ["source", "target"])
async def test_connections_to_postgres_ended_during_a_burst(exposed: Exposed, side: str) -> None:
    pair, stop = exposed.pair, asyncio.Event()
    driver = Driver(pair)
    driving = asyncio.ensure_future(driver.run(stop))
    for count in range(60, 600, 60):
        await eventually(lambda count=count: driver.has_committed(count))
        await exposed.terminate(side)
    stop.set()
    await driving
    await eventually(lambda: everything_arrived(pair), within=DRAINED_WITHIN)
    assert driver.acknowledged <= set(await committed(pair))
    assert await list_dead_letters(pair.target) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_everything_killed_at_random(exposed: Exposed, seed: int) -> None:
    pair, stop, chance = exposed.pair, asyncio.Event(), random.Random(seed)
    driver = Driver(pair)
    driving = asyncio.ensure_future(driver.run(stop))
    for _ in range(5):
        count = len(driver.acknowledged) + chance.randrange(10, 60)
        await eventually(lambda count=count: driver.has_committed(count), within=DRAINED_WITHIN)
        match chance.choice(["nats", "postgres", "both", "source", "target"]):
            case "nats":
                exposed.nats.kill()
                await exposed.nats.restart()
            case "postgres":
                exposed.postgres.kill()
                await exposed.postgres.restart()
            case "both":
                exposed.nats.kill()
                exposed.postgres.kill()
                await asyncio.gather(exposed.nats.restart(), exposed.postgres.restart())
            case side:
                await exposed.terminate(side)
    stop.set()
    await driving
    await eventually(lambda: everything_arrived(pair), within=DRAINED_WITHIN)
    assert driver.acknowledged <= set(await committed(pair))
    assert await list_dead_letters(pair.target) == []


async def test_jetstream_wiped_and_the_projection_rebuilt_from_the_outbox(pair: Pair, toy_nats: NatsServer) -> None:
    pair.start_relay()
    end_consumer = pair.start_consumer()
    for number in range(8):
        community = (COMMUNITY, OTHER_COMMUNITY)[number % 2]
        await pair.publish(f"things/{number}", range(1, 31), community=community)
    await eventually(lambda: everything_arrived(pair))
    before = await pair.seen()

    await end_consumer()
    await wipe_jetstream(toy_nats)
    async with pair.target.transaction(EVERYWHERE) as session:
        await session.execute(text("DELETE FROM seen"))
    assert await forget(pair.target, "dispatch__requests") == 240

    pair.start_consumer()
    since, progress = utc_now() - RETENTION, list[int]()
    republished = await republish(
        pair.source, pair.source_bus, "requests", since=since, until=utc_now(), progress=progress.append
    )
    assert republished == progress[-1] == 240
    await eventually(lambda: everything_arrived(pair))
    assert await pair.seen() == before


async def test_a_running_pair_outlives_the_wipe_of_jetstream(pair: Pair, toy_nats: NatsServer) -> None:
    pair.start_relay()
    pair.start_consumer()
    await pair.publish("things/a", range(1, 11))
    await eventually(lambda: everything_arrived(pair))
    await wipe_jetstream(toy_nats)
    await pair.publish("things/a", range(11, 21))
    await eventually(lambda: everything_arrived(pair), within=DRAINED_WITHIN)
    assert await pair.seen() == {"things/a": list(range(1, 21))}


async def test_a_replay_that_nobody_needs_changes_nothing(pair: Pair) -> None:
    pair.start_relay()
    pair.start_consumer()
    await pair.publish("things/a", range(1, 11))
    await pair.publish("things/b", range(1, 11), community=OTHER_COMMUNITY)
    await eventually(lambda: everything_arrived(pair))
    window = {"since": utc_now() - RETENTION, "until": utc_now()}
    assert await republish(pair.source, pair.source_bus, "requests", **window) == 20
    assert await republish(pair.source, pair.source_bus, "requests", community_code=COMMUNITY, **window) == 10
    assert await republish(pair.source, pair.source_bus, "requests", types=["requests.other.v1"], **window) == 0

    async def all_delivered() -> bool:
        info = await (await pair.target_bus.jetstream()).consumer_info("REQUESTS", "dispatch__requests")
        return info.num_pending == info.num_ack_pending == 0 and info.delivered.stream_seq == 50

    await eventually(all_delivered)
    assert await everything_arrived(pair)
