"""Finding one of a city's people: 300 communities at full size, each searched by its own staff.

Searches go through the whole application (token, transaction, audit, commit) by as many clients as the machine has
processors, in the application's own process, over a mix of what people remember. Beside it the same SQL, without
audit, by bare asyncpg; and the first page of a long list beside its last. PostgreSQL is durable. BENCH_PEOPLE sets the
size of the city; 1000000 is the design's.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from random import Random
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.engine import make_url

from bench.population import PER_COMMUNITY, Somebody, community_of, fill, remembered
from bench.registry import registry_environment, running_postgres
from bench.result import Result, rates
from services.residents.main import create_app
from services.residents.search.criteria import understood
from services.residents.search.schemas import PersonSearch
from services.residents.settings import Settings
from shared.auth import Principal, Role
from shared.clock import china_today
from shared.names import readings
from stack.topology import RESIDENTS
from tests.apps import client_for, running
from tests.principals import bearer

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "33340"))
COMMUNITIES = max(1, -(-PEOPLE // PER_COMMUNITY))
CLIENTS = os.cpu_count() or 2
SEARCHES = 150
"""Of each kind."""
LIMIT_MS = 50
PAGE = 20
Kind = tuple[str, Callable[[Somebody], dict[str, Any]]]


async def run() -> list[Result]:
    with running_postgres() as server, tempfile.TemporaryDirectory() as files:
        values = await registry_environment(server) | {"RESIDENTS_FILES_URL": f"file://{files}"}
        settings: dict[str, Any] = {
            name.removeprefix(RESIDENTS.prefix).lower(): value for name, value in values.items()
        }
        keys = settings["key_encryption_keys"], settings["index_key"]
        database = str(make_url(settings["database_url"]).database)
        loading = await asyncio.to_thread(_fill, server.database_dsn(database), keys)
        async with running(create_app(Settings(**settings))) as app:
            results = await _measure(app)
            results.append(await _beside_bare_sql(app, settings["database_url"]))
            results.append(await _pages(app))
    return [*results, Result("seal, file and index 1,000 people", loading / PEOPLE * 1000, "s", "3 min / 100,000", 1.8)]


def _fill(dsn: str, keys: tuple[str, str]) -> float:
    started = time.perf_counter()
    fill(dsn, keys, COMMUNITIES, PER_COMMUNITY, _progress)
    return time.perf_counter() - started


def _progress(done: int) -> None:
    print(f"\r{done} of {COMMUNITIES} communities loaded ", end="", file=sys.stderr, flush=True)


def _kinds() -> Iterator[Kind]:
    yield "a full name", lambda who: {"q": who.name}
    yield "initials", lambda who: {"q": "".join(syllable[0] for syllable in readings(who.name)[0])}
    yield "a surname", lambda who: {"q": who.name[0]}
    yield "a syllable and initials", lambda who: {"q": _mixed(who.name)}
    yield "last four", lambda who: {"q": who.identity_number[-4:]}
    yield "a phone", lambda who: {"q": who.phone or who.identity_number}
    yield "an address", lambda who: {"q": f"{who.compound[:2]} {who.building} {who.unit} {who.room}室"}
    yield "a name at a building", lambda who: {"q": f"{_mixed(who.name)} {who.building[:-2]}栋"}
    yield (
        "a surname and an age",
        lambda who: {"name": who.name[0], "age_from": max(who.age - 5, 0), "age_to": who.age + 5},
    )
    yield "an age and a tag", lambda who: {"q": "80岁以上 独居"}


def _mixed(name: str) -> str:
    first, *rest = readings(name)[0]
    return first + "".join(syllable[0] for syllable in rest)


def _somebody(random: Random, known: dict[int, list[Somebody]]) -> tuple[str, Somebody]:
    number = random.choice(list(known))
    return community_of(number), random.choice(known[number])


async def _measure(app: FastAPI) -> list[Result]:
    """The time of each kind of search, of communities in turn, several clients at once."""
    random = Random(1)
    known = {
        number: remembered(number, PER_COMMUNITY) for number in random.sample(range(COMMUNITIES), min(COMMUNITIES, 12))
    }
    everything: list[float] = []
    results: list[Result] = []
    for name, body in _kinds():
        bodies = [(code, body(who)) for code, who in (_somebody(random, known) for _ in range(SEARCHES))]
        times = sorted(await _times(app, bodies))
        everything += times
        results.append(Result(f"search by {name}, p50", statistics.median(times), "ms", "its p99", _p99(times)))
    everything.sort()
    size = f"{COMMUNITIES * PER_COMMUNITY:,}"
    return [
        Result(f"search over {size} people, p50", statistics.median(everything), "ms", "the design's p99", LIMIT_MS),
        Result(f"search over {size} people, p99", _p99(everything), "ms", "the design's p99", LIMIT_MS, aim=1),
        *results,
    ]


def _p99(times: list[float]) -> float:
    return times[len(times) * 99 // 100]


async def _times(app: FastAPI, bodies: list[tuple[str, dict[str, Any]]]) -> list[float]:
    """Milliseconds of each search."""
    times: list[float] = []
    waiting = iter(bodies)

    async def client() -> None:
        async with client_for(app) as http:
            for code, body in waiting:
                times.append(await _time(http, code, body))

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return times


@cache
def _signed_in(code: str) -> dict[str, str]:
    """Staff keep their token for ten minutes."""
    return bearer("head", code)


async def _time(http: httpx.AsyncClient, code: str, body: dict[str, Any], **parameters: Any) -> float:
    headers = _signed_in(code)
    started = time.perf_counter()
    answer = await http.post(
        "/v1/people/search", json={"purpose": "visit"} | body, headers=headers, params={"limit": PAGE} | parameters
    )
    taken = (time.perf_counter() - started) * 1000
    assert answer.status_code == 200, answer.text
    return taken


async def _beside_bare_sql(app: FastAPI, url: str) -> Result:
    """Searches a second by these clients: the whole application, and its statement alone in a scoped transaction."""
    code, who = _somebody(Random(2), {0: remembered(0, PER_COMMUNITY)})
    body = {"q": _mixed(who.name)}
    sql, values = await _statement(app, code, body)
    pool = await asyncpg.create_pool(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), min_size=CLIENTS
    )
    async with client_for(app) as http, pool:

        async def bare() -> None:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT set_config('app.scope', $1, true)", code)
                await connection.fetch(sql, *values)

        async def whole() -> None:
            await _time(http, code, body)

        ours, limit = await rates(whole, bare, concurrency=CLIENTS)
    return Result("search by name, audited, masked", ours, "/s", "its statement by asyncpg", limit)


async def _statement(app: FastAPI, code: str, body: dict[str, Any]) -> tuple[str, list[Any]]:
    """What PostgreSQL is asked for a first page, with its parameters."""
    principal = Principal(subject="bench", role=Role.HEAD, area=code)
    query = PersonSearch.model_validate({"purpose": "visit"} | body)
    async with app.state.database.transaction(code) as session:
        statement, order = await understood(session, app.state.keyring, principal, query, china_today())
    compiled = (
        statement.order_by(*order)
        .limit(PAGE + 1)
        .compile(dialect=dialect(), compile_kwargs={"render_postcompile": True})
    )
    values = compiled.construct_params(_check=True)
    return str(compiled), [values[name] for name in compiled.positiontup or ()]


async def _pages(app: FastAPI) -> Result:
    """The last page of the community's commonest surname beside the first."""
    code, body = community_of(0), {"purpose": "visit", "name": "王"}
    async with client_for(app, **bearer("head", code)) as http:
        cursors: list[str | None] = [None]
        while True:
            parameters = {"limit": PAGE} | ({"cursor": cursors[-1]} if cursors[-1] else {})
            answer = await http.post("/v1/people/search", json=body, params=parameters)
            if not (cursor := answer.json()["next_cursor"]):
                break
            cursors.append(cursor)

        def page(cursor: str | None) -> Callable[[], Awaitable[float]]:
            parameters = {"cursor": cursor} if cursor else {}
            return lambda: _time(http, code, {"name": "王"}, **parameters)

        last, first = await rates(page(cursors[-2]), page(None), concurrency=1)
    return Result(
        f"page {len(cursors) - 1} of {len(cursors)} of a surname", last, "/s", "its first page", first, aim=0.5
    )
