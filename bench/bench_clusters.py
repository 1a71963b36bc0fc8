"""Repeat-request clusters of one community among the requests of a city.

The endpoint answers through the whole application (token, transaction, clustering) in the application's own process;
beside it the same rows by bare asyncpg. BENCH_REQUESTS sets the size of the city: 1000000 in 300 communities is the
design's. Three years of requests, a tenth of them open, half with a position; the window is ninety days.
"""

import asyncio
import os
import statistics
import tempfile
import time
from datetime import timedelta
from random import Random
from typing import Any

import asyncpg
from fastapi import FastAPI
from sqlalchemy.engine import make_url

from bench.registry import registry_environment, running_postgres
from bench.result import Result
from services.requests.categories.models import Urgency
from services.requests.main import create_app
from services.requests.service_requests.models import Channel, ServiceRequest
from services.requests.settings import Settings
from shared.clock import utc_now
from shared.db import columns_of
from shared.ids import earliest_id, new_id
from stack.topology import REQUESTS, RESIDENTS
from tests.apps import client_for, running
from tests.principals import bearer
from tests.servers import PostgresServer, clone

PER_COMMUNITY = 3_334
REQUESTS_IN_ALL = int(os.environ.get("BENCH_REQUESTS", "33340"))
COMMUNITIES = max(1, -(-REQUESTS_IN_ALL // PER_COMMUNITY))
ASKED = 120
LIMIT_MS = 100
_WINDOW = timedelta(days=90)
CATEGORIES = ("livelihood.greenery", "livelihood.walls", "livelihood.waste", "fairness.neighbour_noise")
_CHOSEN = {
    "community_code": "lpad((150207000000 + c)::text, 12, '0')",
    "id": "uuidv7(-age)",
    "key_subject_id": "gen_random_uuid()",
    "requester_person_id": "gen_random_uuid()",
    "category_code": "category",
    "category_class": "split_part(category, '.', 1)",
    "policy_category_code": "category",
    "state": "CASE WHEN random() < 0.1 THEN 'submitted' ELSE 'confirmed' END",
    "longitude": "CASE WHEN n % 4 < 3 THEN 109.97 + random() * 0.018 END",
    "latitude": "CASE WHEN n % 4 < 3 THEN 40.62 + random() * 0.009 END",
    "building_index": "decode(md5(floor(random() * 60)::text), 'hex')",
    "created_at": "now() - age",
    "reference": "lpad(n::text, 10, '0')",
}
_BARE = """
SELECT id, category_code, grid_code, longitude, latitude, building_index, created_at, follower_count, state,
       requester_person_id, requester_phone_index
FROM service_request
WHERE community_code = $1 AND (id >= $2 OR state = ANY($3)) AND state <> ALL($4)
  AND confidential IS FALSE AND longitude IS NOT NULL
ORDER BY id DESC LIMIT 5001"""
_OPEN = ["submitted", "accepted", "reopened", "dispatched", "in_progress"]
_ENDED = ["merged", "withdrawn", "rejected"]


async def run() -> list[Result]:
    with running_postgres() as server, tempfile.TemporaryDirectory() as files:
        settings = await _settings(server, files)
        database = str(make_url(settings["database_url"]).database)
        await _fill(server.database_dsn(database))
        async with running(create_app(Settings(**settings))) as app:
            return await _measure(app, settings["database_url"])


async def _settings(server: PostgresServer, files: str) -> dict[str, Any]:
    url, _owner = await clone(server, REQUESTS, "requests_bench")
    common = {
        name.removeprefix(RESIDENTS.prefix).lower(): value
        for name, value in (await registry_environment(server)).items()
        if not name.endswith(("ATTESTATION_KEY", "SENDER_FILE"))
    }
    return common | {"database_url": url, "nats_user": REQUESTS.name, "files_url": f"file://{files}"}


async def _fill(dsn: str) -> None:
    """One row as the service would make it, again and again with other places and times; foreign keys unchecked."""
    now = utc_now()
    sample = ServiceRequest(
        community_code="",
        category_code="",
        category_class="",
        policy_category_code="",
        urgency=Urgency.NORMAL,
        channel=Channel.APP,
        created_by="bench",
        key_subject_id=new_id(),
        policy_version=1,
        accept_by=now,
        respond_by=now,
        resolve_by=now,
        resolve_minutes=2400,
    )
    plain = {name: value for name, value in columns_of(sample).items() if value is not None and name not in _CHOSEN}
    names = [*_CHOSEN, *plain]
    values = [*_CHOSEN.values(), *(f"${number}" for number in range(2, len(plain) + 2))]
    statement = f"""
        INSERT INTO service_request ({", ".join(names)})
        SELECT {", ".join(values)}
        FROM (SELECT $1::int AS c, n, (ARRAY[{", ".join(f"'{each}'" for each in CATEGORIES)}])[n % 4 + 1] AS category,
                     random() * interval '1095 days' AS age
              FROM generate_series(1, {PER_COMMUNITY}) AS n) AS made"""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET session_replication_role = replica")
        for community in range(COMMUNITIES):
            await connection.execute(statement, community, *plain.values())
        await connection.execute("VACUUM ANALYZE service_request")
    finally:
        await connection.close()


async def _measure(app: FastAPI, url: str) -> list[Result]:
    random = Random(1)
    codes = [f"{150207000000 + random.randrange(COMMUNITIES):012d}" for _ in range(ASKED)]
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    bare = await asyncpg.connect(dsn)
    since = earliest_id(utc_now() - _WINDOW)
    try:
        ours = {"by=place": [], "by=place&category=livelihood.greenery": [], "by=building": []}
        theirs: list[float] = []
        for code in codes:
            for query, times in ours.items():
                times.append(await _answered(app, code, query))
            theirs.append(await _read(bare, code, since))
    finally:
        await bare.close()
    size = f"{COMMUNITIES * PER_COMMUNITY:,}"
    limit = statistics.median(theirs)
    results = [
        Result(f"clusters {query}, {size} requests, p50", statistics.median(times), "ms", "its rows by asyncpg", limit)
        for query, times in ours.items()
    ]
    slowest = sorted(ours["by=place"])[int(ASKED * 0.99)]
    return [*results, Result(f"clusters by=place, {size} requests, p99", slowest, "ms", "a click", LIMIT_MS)]


async def _answered(app: FastAPI, code: str, query: str) -> float:
    async with client_for(app, **bearer("staff", area=code)) as client:
        started = time.perf_counter()
        answer = await client.get(f"/v1/request-clusters?{query}")
        took = time.perf_counter() - started
    if answer.status_code != 200:
        raise RuntimeError(answer.text)
    return took * 1000


async def _read(connection: asyncpg.Connection, code: str, since: Any) -> float:
    started = time.perf_counter()
    async with connection.transaction():
        await connection.execute("SELECT set_config('app.scope', $1, true)", code)
        await connection.fetch(_BARE, code, since, _OPEN, _ENDED)
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    for result in asyncio.run(run()):
        print(f"{result.name}: {result.value:.1f} {result.unit} beside {result.limit_value:.1f} ({result.limit_name})")
