"""The registry at a community's full size: loading 8,000 people, deriving every card, finding one of the 8,000.

Searches go through the whole application (token, transaction, audit, commit; no socket), one after the other, over a
mix of what people remember. PostgreSQL is durable.
"""

import statistics
import time
from collections.abc import Awaitable, Iterator
from typing import Any

from sqlalchemy import text

from bench.registry import registry_environment, running_postgres
from bench.result import Result
from services.residents.household_cards.derive import derive_due
from services.residents.main import create_app
from services.residents.settings import Settings
from shared.codes import EVERYWHERE
from shared.vault import Vault
from stack.demo.access import Opened, opened
from stack.demo.people import DemoHousehold, demo_households
from stack.demo.places import COMMUNITY_CODE
from stack.demo.residents import load_registry
from stack.topology import RESIDENTS
from tests.apps import client_for, running
from tests.principals import bearer

ROUNDS = 50


async def run() -> list[Result]:
    households = demo_households()
    with running_postgres() as server:
        environment = await registry_environment(server)
        async with opened(environment, RESIDENTS.name) as residents:
            loading = await _seconds(load_registry(residents, households))
            first = await _seconds(_derive_all(residents))
            async with residents.transaction(EVERYWHERE) as session:
                await session.execute(text("UPDATE household_card SET derived_on = derived_on - 1"))
            daily = await _seconds(_derive_all(residents))
        values: dict[str, Any] = {
            name.removeprefix(RESIDENTS.prefix).lower(): value for name, value in environment.items()
        }
        async with running(create_app(Settings(**values))) as app:
            times = sorted(await _search(app, households))
    p99 = times[len(times) * 99 // 100]
    return [
        Result("load 3,000 households, 8,000 people", loading, "s", "the design's limit", 8, aim=1),
        Result("derive 3,000 cards by a new scheme", first, "s", "the daily one, nothing changed", daily),
        Result("search over 8,000 people, p50", statistics.median(times), "ms", "the design's p99", 30),
        Result("search over 8,000 people, p99", p99, "ms", "the design's p99", 30, aim=1),
    ]


async def _seconds(work: Awaitable[object]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


async def _derive_all(residents: Opened) -> None:
    """What the timer does until nothing is due."""
    while True:
        async with residents.transaction(EVERYWHERE) as session:
            if not await derive_due(session, Vault(session, residents.keyring)):
                return


async def _search(app: Any, households: list[DemoHousehold]) -> list[float]:
    """Milliseconds of each search; what is looked for changes every time."""
    times: list[float] = []
    async with client_for(app, **bearer("head", COMMUNITY_CODE)) as client:
        for number in range(ROUNDS):
            for body in _remembered(households[number * 37 % len(households)]):
                started = time.perf_counter()
                answer = await client.post("/v1/people/search", json={"purpose": "lost_person"} | body)
                times.append((time.perf_counter() - started) * 1000)
                assert answer.status_code == 200, answer.text
    return times


def _remembered(household: DemoHousehold) -> Iterator[dict[str, Any]]:
    """What somebody may remember of a person of this household."""
    person, door = household.members[0], household.door
    place = {"compound": door.compound, "building": door.building}
    yield {"name": person.name[0]} | place
    yield {"name": person.name}
    yield {"name": person.name[0], "age_from": max(person.age - 5, 0), "age_to": person.age + 5} | place
    yield {"last_four": person.identity_number[-4:]}
    yield {"age_from": 75} | place
