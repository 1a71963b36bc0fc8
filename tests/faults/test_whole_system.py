"""While people use the whole system, any of its processes is killed, singly and in pairs, PostgreSQL and NATS included.

After the last restart everything drains, no acknowledged write is missing, and nothing has happened twice. Short in
every test run; `make chaos` goes on for `LONG_ROUNDS`. KAIYUAN_CHAOS_SEED repeats a run's choices.
"""

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from stack.supervisor import Stack
from stack.topology import APPLICATIONS
from tests.faults import callers, evidence
from tests.faults.callers import Caller, Ledger
from tests.faults.hamlet import Hamlet, running_hamlet
from tests.faults.killing import all_ready, held_down, kill
from tests.toy.pair import eventually

IS_LONG = os.environ.get("KAIYUAN_CHAOS") == "long"
LONG_ROUNDS = 60
SEED = int(os.environ.get("KAIYUAN_CHAOS_SEED") or random.SystemRandom().randrange(10**6))
BACK_WITHIN = 60.0
"""Seconds for what was killed to be ready again on a busy machine."""
DRAINED_WITHIN = 30.0
ANSWERED_WITHIN = 6.0
"""The gateway's deadline for another service is five seconds."""
SERVED = {
    "residents": "/v1/households",
    "requests": "/v1/service-requests",
    "merchants": "/v1/offers",
    "dispatch": "/v1/work-orders",
}
"""What each service answers a grid worker."""
DAY_NEEDS, DAY_SHOWS = "dispatch", ("requests", "residents")
VICTIMS = (*(each.name for each in APPLICATIONS), "postgres", "nats")

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(3600 if IS_LONG else 240)]


@pytest.fixture(scope="module")
async def hamlet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hamlet]:
    async with running_hamlet(tmp_path_factory.mktemp("faults") / "data") as running:
        yield running


def plan(chance: random.Random) -> list[tuple[str, ...]]:
    """Whom to kill together, round after round. The short plan: the two servers and three applications, once each."""
    if IS_LONG:
        return [tuple(chance.sample(VICTIMS, chance.choice((1, 2)))) for _ in range(LONG_ROUNDS)]
    chosen = [*chance.sample(VICTIMS[:-2], 3), *VICTIMS[-2:]]
    chance.shuffle(chosen)
    return [tuple(chosen[:2]), tuple(chosen[2:3]), tuple(chosen[3:])]


def say(line: str) -> None:
    """For whoever reads why it failed, or runs it with -s."""
    sys.stdout.write(line + "\n")


@dataclass
class Crowd:
    """Everybody who uses the system, until they are sent home."""

    hamlet: Hamlet
    chance: random.Random
    ledger: Ledger = field(default_factory=Ledger)
    callers: list[Caller] = field(default_factory=list)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as people:
            for work in self._work(stop):
                people.create_task(work)
            try:
                yield
            finally:
                stop.set()

    def _work(self, stop: asyncio.Event) -> list[Coroutine[object, object, None]]:
        askers, buyers = self.hamlet.residents(6)[:3], self.hamlet.residents(6)[3:]
        office, stranger = self.hamlet.with_password("staff"), self.hamlet.stranger
        self.callers = [*askers, *buyers, office, stranger]
        ledger, place = self.ledger, self.hamlet.place
        return [
            *(callers.submit_requests(each, ledger, place, stop) for each in askers),
            *(callers.use_offers(each, ledger, self.hamlet.basket, self.chance, stop) for each in buyers),
            callers.answer_the_phone(office, ledger, place, stop),
            callers.report_found_persons(stranger, ledger, self.hamlet.cards, stop),
        ]

    async def has_written(self, writes: int) -> bool:
        return self.ledger.writes >= writes


async def test_whatever_is_killed_nothing_acknowledged_is_lost_and_nothing_happens_twice(hamlet: Hamlet) -> None:
    chance, stack = random.Random(SEED), hamlet.stack
    say(f"KAIYUAN_CHAOS_SEED={SEED}")
    crowd, restarted = Crowd(hamlet, chance), time.monotonic()
    async with crowd.at_work():
        for names in plan(chance):
            more = crowd.ledger.writes + chance.randrange(5, 60)
            await eventually(lambda more=more: crowd.has_written(more), within=BACK_WITHIN)
            killed = time.monotonic()
            await kill(*(stack.keepers[name] for name in names))
            await eventually(lambda: all_ready(stack), within=BACK_WITHIN)
            restarted = time.monotonic()
            say(f"{' and '.join(names)}: back after {restarted - killed:.1f} s")
    await eventually(lambda: is_drained(stack), within=restarted + DRAINED_WITHIN - time.monotonic())
    say(f"drained {time.monotonic() - restarted:.1f} s after the last restart")
    await prove(hamlet, crowd)


async def is_drained(stack: Stack) -> bool:
    return not await evidence.backlog(stack)


async def prove(hamlet: Hamlet, crowd: Crowd) -> None:
    """Hold what was acknowledged against what the system knows."""
    ledger, stack, staff = crowd.ledger, hamlet.stack, hamlet.with_password("staff")
    repeats = sum(caller.repeats for caller in crowd.callers)
    say(f"{ledger.writes} writes acknowledged, {repeats} calls repeated, {ledger.refused} reservations refused")
    assert repeats, "nobody noticed anything: nothing was tested"
    assert all((ledger.requests, ledger.cases, ledger.reports, ledger.reserved, ledger.cancelled))
    await evidence.check_requests(staff, ledger)
    await evidence.check_reports(hamlet.stranger, stack, ledger)
    await evidence.check_redemptions(staff, stack, ledger)
    await evidence.check_events(stack)
    await evidence.check_audit(stack.folder.path)


async def test_with_one_service_dead_screens_lack_a_part_and_other_services_answer(hamlet: Hamlet) -> None:
    (resident,), worker = hamlet.residents(1), hamlet.with_password("worker01")
    for name in SERVED if IS_LONG else random.Random(SEED).sample(sorted(SERVED), 1):
        await eventually(lambda: is_whole(resident, worker), within=BACK_WITHIN)
        async with held_down(hamlet.stack.keepers[name]):
            home, day = await promptly(resident, "/v1/home"), await promptly(worker, "/v1/worker/today")
            assert (home.status_code, home.json()["unavailable"]) == (200, [name])
            if name == DAY_NEEDS:
                assert (day.status_code, day.json()["code"]) == (503, "upstream-unavailable")
            else:
                assert (day.status_code, day.json()["unavailable"]) == (200, [name] if name in DAY_SHOWS else [])
            for other, path in SERVED.items():
                assert (await promptly(worker, path)).status_code == (503 if other == name else 200), (name, other)
    await eventually(lambda: is_whole(resident, worker), within=BACK_WITHIN)


async def promptly(caller: Caller, path: str) -> httpx.Response:
    """The gateway's own answer, whatever is dead behind it."""
    async with asyncio.timeout(ANSWERED_WITHIN):
        answer = await caller.try_once("GET", path)
    assert answer is not None, path
    return answer


async def is_whole(resident: Caller, worker: Caller) -> bool:
    screens = [await resident.get("/v1/home"), await worker.get("/v1/worker/today")]
    return not any(screen["unavailable"] for screen in screens)
