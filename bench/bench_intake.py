"""Intake of service requests: the use case and the service, beside an empty transaction and the same SQL sent bare.

PostgreSQL is durable here (fsync), as in production. Sixteen clients, eight connections each way. "Bare" replays, by
asyncpg and in transactions of their own, exactly the statements and values that the use case sends.
"""

import asyncio
import base64
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr
from sqlalchemy import event, text

from bench.registry import running_postgres
from bench.result import Result
from bench.serving import freeze, serving
from services.requests.abuse.limits import Limits
from services.requests.categories.service import seed_categories
from services.requests.service_requests.intake import submit_request
from services.requests.service_requests.schemas import ServiceRequestCreate
from shared.auth import Principal, Role
from shared.crypto import Keyring
from shared.db import AsyncSession, Database
from shared.grid_directory import BoundaryLocator
from shared.ids import new_id
from shared.vault import Vault
from stack.topology import REQUESTS
from tests.principals import ISSUER, bearer, jwks_url
from tests.servers import clone

CLIENTS, CONNECTIONS, ROUNDS, CALLS = 16, 8, 3, 600
COMMUNITY = "150207007005"
PEOPLE = [UUID(int=7 + number) for number in range(200)]
"""Nobody submits thousands a day: what counts a person's latest requests finds a few, as it would."""
RESIDENTS = itertools.cycle(
    Principal(subject="bench", role=Role.RESIDENT, area=COMMUNITY, person_id=person, household_id=person)
    for person in PEOPLE
)
UNLIMITED = Limits(person_per_10_minutes=1_000_000, person_per_day=1_000_000)
BODY: dict[str, Any] = {
    "category": "livelihood.street_lamp",
    "title": "路灯不亮",
    "description": "三号楼北侧的路灯从昨晚起不亮, 老人晚上出门看不清路。",
    "attributes": {"fault": "dark"},
    "place": {"address": {"compound": "永福里", "building": "3"}},
}
DATA = ServiceRequestCreate.model_validate(BODY)

Call = Callable[[], Awaitable[object]]
Statements = list[tuple[str, tuple[Any, ...]]]


async def run() -> list[Result]:
    secret = base64.urlsafe_b64encode(os.urandom(32)).decode()
    keyring, locator = Keyring.from_settings(f"k1:{secret}", secret), BoundaryLocator()
    async with _database() as (database, url):
        async with database.transaction(COMMUNITY) as session:
            await seed_categories(session, COMMUNITY)

        async def intake() -> None:
            async with database.transaction(COMMUNITY) as session:
                await _submit(session, keyring, locator)

        async def empty() -> None:
            async with database.transaction(COMMUNITY) as session:
                await session.execute(text("SELECT 1"))

        for _ in PEOPLE:  # everybody's key is made once and for all
            await intake()
        captured = [await _statements(database, keyring, locator) for _ in range((ROUNDS + 1) * CALLS)]
        waited: list[float] = []
        async with _sent_bare(url, captured) as bare, _posted(url, secret, waited) as post:
            freeze()
            use_case, nothing, sent_bare, served = await _rates(intake, empty, bare, post)
    waited = waited[CALLS:]  # without the round that warms up
    p50 = statistics.median(waited)
    return [
        Result("intake, the use case", use_case, "/s", "an empty transaction, same pool", nothing),
        Result("intake, the use case", use_case, "/s", "the same SQL by bare asyncpg", sent_bare, aim=0.45),
        Result("intake, through the service", served, "/s", "the same SQL by bare asyncpg", sent_bare, aim=0.45),
        Result("the same, p99 of sixteen clients at once", statistics.quantiles(waited, n=100)[98], "ms", "p50", p50),
    ]


@asynccontextmanager
async def _sent_bare(url: str, captured: list[Statements]) -> AsyncIterator[Call]:
    """Send the next of the captured intakes, each once."""
    left = iter(captured)
    async with asyncpg.create_pool(url.replace("+asyncpg", ""), min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:

        async def send() -> None:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(f"SET LOCAL app.scope = '{COMMUNITY}'")
                for statement, values in next(left):
                    await connection.fetch(statement, *values)

        yield send


@asynccontextmanager
async def _posted(url: str, secret: str, waited: list[float]) -> AsyncIterator[Call]:
    """Post a request to the service, with an Idempotency-Key as clients do."""
    callers = itertools.cycle([bearer("resident", COMMUNITY, person=each, household=each) for each in PEOPLE])
    with _environment(url, secret), serving("services.requests.main:create_app") as base_url:
        async with httpx.AsyncClient(base_url=base_url, transport=AiohttpTransport()) as client:

            async def post() -> None:
                headers = next(callers) | {"Idempotency-Key": str(new_id())}
                began = time.perf_counter()
                answer = await client.post("/v1/service-requests", json=BODY, headers=headers)
                waited.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 201, answer.text

            yield post


async def _submit(session: AsyncSession, keyring: Keyring, locator: BoundaryLocator) -> None:
    await submit_request(session, Vault(session, keyring), locator, next(RESIDENTS), DATA, limits=UNLIMITED)


class _Undo(Exception):
    pass


async def _statements(database: Database, keyring: Keyring, locator: BoundaryLocator) -> Statements:
    """What one intake sends, noted and rolled back."""
    sent: Statements = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        sent.append((statement, values))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        async with database.transaction(COMMUNITY) as session:
            await _submit(session, keyring, locator)
            raise _Undo
    except _Undo:
        return sent
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)


@asynccontextmanager
async def _database() -> AsyncIterator[tuple[Database, str]]:
    """A durable PostgreSQL of its own with this service's database, and the application role's URL."""
    with running_postgres() as server:
        url, _owner = await clone(server, REQUESTS, "requests_bench")
        database = Database(SecretStr(url), pool_size=CONNECTIONS)
        yield database, url
        await database.close()


@contextmanager
def _environment(url: str, secret: str) -> Iterator[None]:
    """The variables of the server's process, in this one's environment while it runs."""
    values = {
        "DATABASE_URL": url,
        "DATABASE_POOL_SIZE": str(CONNECTIONS),
        "KEY_ENCRYPTION_KEYS": f"k1:{secret}",
        "INDEX_KEY": secret,
        "SIGNING_KEY": secret,
        "ISSUER": ISSUER,
        "JWKS_URL": jwks_url(),
        "NATS_URL": "nats://127.0.0.1:1",
        "NATS_USER": REQUESTS.name,
        "NATS_PASSWORD": "none",
        "SENDER_FILE": os.devnull,
        "FILES_URL": Path(tempfile.gettempdir()).as_uri(),
        "PUBLIC_URL": ISSUER,
        "PERSON_PER_10_MINUTES": "1000000",
        "PERSON_PER_DAY": "1000000",
        "ROLE": "api",
        "LOG_LEVEL": "ERROR",
    }
    named = {REQUESTS.prefix + name: value for name, value in values.items()}
    os.environ.update(named)
    try:
        yield
    finally:
        for name in named:
            os.environ.pop(name, None)


async def _rates(*calls: Call) -> list[float]:
    """Calls a second of each, taking turns; the median of the rounds after the first, which warms up."""
    rounds = [[await _rate(call) for call in calls] for _ in range(ROUNDS + 1)]
    return [statistics.median(each) for each in zip(*rounds[1:], strict=True)]


async def _rate(call: Call) -> float:
    async def work(turns: Iterable[int]) -> None:
        for _ in turns:
            await call()

    turns = iter(range(CALLS))
    started = time.perf_counter()
    await asyncio.gather(*(work(turns) for _ in range(CLIENTS)))
    return CALLS / (time.perf_counter() - started)
