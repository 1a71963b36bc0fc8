"""Lists, counts and searches over a city's requests of two years: 300 communities at full size.

Everything goes through the whole application (token, transaction, rows opened and shown), in its own process, by as
many clients as the machine has processors; beside it the same statements by bare asyncpg in scoped transactions, and
the first page of a list beside its last. PostgreSQL is durable. BENCH_REQUESTS sets how many requests the city has;
1000000 is the design's.
"""

import asyncio
import base64
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.engine import make_url

from bench.population import community_of
from bench.registry import running_postgres
from bench.requests_city import BEGIN, PER_COMMUNITY, STEP, fill, written
from bench.result import Result, rates
from bench.serving import freeze
from services.requests.categories.service import seed_categories
from services.requests.main import create_app
from services.requests.search.service import containing
from services.requests.settings import Settings
from services.requests.views.filters import RequestFilter, Sort, in_order
from shared.auth import Principal, Role
from stack.topology import REQUESTS
from tests.apps import client_for, running
from tests.principals import ISSUER, bearer, jwks_url
from tests.servers import clone

REQUESTS_MADE = int(os.environ.get("BENCH_REQUESTS", "33340"))
COMMUNITIES = max(1, -(-REQUESTS_MADE // PER_COMMUNITY))
CLIENTS = os.cpu_count() or 2
CALLS = 60
"""Of each kind."""
LIMIT_MS = 100
URL = "/v1/service-requests"
CITY = "15020"
LISTS = {
    "newest": "",
    "by deadline": "sort=deadline",
    "by update": "sort=updated",
    "rejected": "state=rejected",
    "two states, one category": "state=resolved&state=withdrawn&category=livelihood.walls",
    "urgent ones by card": "urgency=urgent&channel=card",
    "overdue": "due=overdue&sort=deadline",
    "reopened, a month": "reopened=true&submitted_after=2026-03-01T00:00:00Z&submitted_before=2026-04-01T00:00:00Z",
}
COUNTS = "/counts?by=state&by=category&by=grid&by=responder&by=deadline"
Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


async def run() -> list[Result]:
    async with _city() as (app, url):
        results = [Result(*each) for each in await _timed(app)]
        everything = f"{COMMUNITIES * PER_COMMUNITY:,} requests"
        results += [
            await _beside_bare(app, url, "staff", "a list of staff", RequestFilter(), Sort.NEWEST),
            await _beside_bare(app, url, "supervisor", f"a list of {everything}", RequestFilter(), Sort.NEWEST),
            await _beside_bare(app, url, "supervisor", "the city's open ones", RequestFilter(), Sort.DEADLINE),
            await _search_beside_bare(app, url),
            await _pages(app, "staff", ""),
            await _pages(app, "supervisor", ""),
            await _pages(app, "supervisor", "state=confirmed&category=livelihood"),
        ]
    return results


@asynccontextmanager
async def _city() -> AsyncIterator[tuple[FastAPI, str]]:
    """The application over a city's database, and the database's URL."""
    with running_postgres() as server, tempfile.TemporaryDirectory() as files:
        url, _ = await clone(server, REQUESTS, "requests_bench")
        secret = base64.urlsafe_b64encode(os.urandom(32)).decode()
        values: dict[str, Any] = {
            "database_url": url,
            "key_encryption_keys": f"k1:{secret}",
            "index_key": secret,
            "signing_key": secret,
            "public_url": ISSUER,
            "issuer": ISSUER,
            "jwks_url": jwks_url(),
            "nats_url": "nats://127.0.0.1:1",
            "nats_user": REQUESTS.name,
            "nats_password": "none",
            "sender_file": os.devnull,
            "files_url": Path(files).as_uri(),
            "role": "api",
            "log_level": "ERROR",
        }
        async with running(create_app(Settings(**values))) as app:
            async with app.state.database.transaction(community_of(0)) as session:
                await seed_categories(session, community_of(0))
            dsn = server.database_dsn("requests_bench")
            began = time.perf_counter()
            await asyncio.to_thread(fill, dsn, (f"k1:{secret}", secret), COMMUNITIES, _progress)
            print(f"loaded in {time.perf_counter() - began:.0f} s", file=sys.stderr)
            freeze()
            yield app, url


def _progress(done: int) -> None:
    print(f"\r{done} of {COMMUNITIES} communities loaded ", end="", file=sys.stderr, flush=True)


async def _timed(app: FastAPI) -> list[tuple[Any, ...]]:
    """The time of each kind of list, of communities in turn and of the whole city, of counts and of searches."""
    random, found = Random(1), []
    for role in ("staff", "supervisor"):
        times: dict[str, list[float]] = {}
        for name, query in LISTS.items():
            asks = [(_somewhere(random, role), lambda http, query=query: http.get(f"{URL}?{query}"))] * CALLS
            times[name] = await _times(app, role, asks)
        slowest = max(times, key=lambda name: _p99(times[name]))
        everything = [each for kind in times.values() for each in kind]
        found += [
            (f"lists of {role}, p50", statistics.median(everything), "ms", "the p99 we aim at", LIMIT_MS),
            (f"lists of {role}, p99", _p99(everything), "ms", "the p99 we aim at", LIMIT_MS, 1),
            (f"slowest list of {role}: {slowest}, p99", _p99(times[slowest]), "ms", "the p99 we aim at", LIMIT_MS),
        ]
        for name, query in (("all", ""), ("open ones", "&open=true")):
            asks = [(_somewhere(random, role), lambda http, query=query: http.get(URL + COUNTS + query))] * CALLS
            counted = await _times(app, role, asks)
            found.append((f"counts of {role}, {name}, p99", _p99(counted), "ms", "the p99 we aim at", LIMIT_MS, 1))
    searched = await _times(app, "staff", [(_somewhere(random, "staff"), _searching(random)) for _ in range(CALLS * 5)])
    found.append(("searches of staff, p50", statistics.median(searched), "ms", "the p99 we aim at", LIMIT_MS))
    found.append(("searches of staff, p99", _p99(searched), "ms", "the p99 we aim at", LIMIT_MS, 1))
    return found


def _searching(random: Random) -> Ask:
    title, description = written(random)
    q = random.choice((title, title[:2], f"{title[:2]} {description[:4]}", description[:9]))
    return lambda http: http.post(f"{URL}/search", json={"q": q})


def _somewhere(random: Random, role: str) -> str:
    return CITY if role == "supervisor" else community_of(random.randrange(COMMUNITIES))


@cache
def _signed_in(role: str, area: str) -> dict[str, str]:
    return bearer(role, area)


def _p99(times: list[float]) -> float:
    return sorted(times)[len(times) * 99 // 100]


async def _times(app: FastAPI, role: str, asks: list[tuple[str, Ask]]) -> list[float]:
    """Milliseconds of each call."""
    times: list[float] = []
    waiting = iter(asks)

    async def client() -> None:
        for area, ask in waiting:
            async with client_for(app, **_signed_in(role, area)) as http:
                began = time.perf_counter()
                answer = await ask(http)
                times.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, answer.text

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return times


async def _beside_bare(app: FastAPI, url: str, role: str, name: str, wanted: RequestFilter, sort: Sort) -> Result:
    area = CITY if role == "supervisor" else community_of(0)
    principal = Principal(subject="bench", role=Role(role), area=area)
    statement, order_by = in_order(wanted.statement(principal), sort)
    return await _rates(app, url, principal, name, statement.order_by(*order_by), f"{URL}?sort={sort}", None)


async def _search_beside_bare(app: FastAPI, url: str) -> Result:
    principal = Principal(subject="bench", role=Role.STAFF, area=community_of(0))
    statement, order_by = containing(app.state.keyring, principal, "路灯不亮", RequestFilter())
    ordered = statement.order_by(*order_by)
    return await _rates(app, url, principal, "a search of staff", ordered, f"{URL}/search", {"q": "路灯不亮"})


async def _rates(
    app: FastAPI, url: str, principal: Principal, name: str, statement: Select[Any], path: str, body: Any
) -> Result:
    compiled = statement.limit(51).compile(dialect=dialect(), compile_kwargs={"render_postcompile": True})
    parameters = compiled.construct_params(_check=True)
    sql, values = str(compiled), [parameters[each] for each in compiled.positiontup or ()]
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    async with (
        client_for(app, **_signed_in(principal.role, principal.area)) as http,
        asyncpg.create_pool(plain, min_size=CLIENTS) as pool,
    ):

        async def bare() -> None:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT set_config('app.scope', $1, true)", principal.area)
                await connection.fetch(sql, *values)

        async def whole() -> None:
            answer = await (http.get(path) if body is None else http.post(path, json=body))
            assert answer.status_code == 200

        ours, limit = await rates(whole, bare, concurrency=CLIENTS, seconds=0.5)
    return Result(name, ours, "/s", "its statement by asyncpg", limit)


async def _pages(app: FastAPI, role: str, query: str) -> Result:
    """The last page of all that a list holds beside its first."""
    area = CITY if role == "supervisor" else community_of(0)
    before = (BEGIN + STEP * (PER_COMMUNITY * 60 // REQUESTS_MADE + 2) + timedelta(hours=2)).isoformat()
    oldest = f"{query}&submitted_before={before.replace('+', '%2B')}"
    async with client_for(app, **_signed_in(role, area)) as http:

        def page(chosen: str) -> Callable[[], Awaitable[None]]:
            async def ask() -> None:
                answer = await http.get(f"{URL}?{chosen}")
                assert answer.json()["items"], chosen

            return ask

        last, first = await rates(page(oldest), page(query), concurrency=1, seconds=0.5)
    name = f"the oldest page of {role}" + (f", {query}" if query else "")
    return Result(name, last, "/s", "the newest", first, aim=0.5)
