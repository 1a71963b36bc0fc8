"""The three rates of a county for a year, and how fast requests are counted.

300 communities with 3,000 requests each (`BENCH_COMMUNITIES`, `BENCH_REQUESTS` of each) make about 1.6 million facts,
spread over days, grids, responders and categories. A supervisor's question is put to the use case, and beside it to
bare asyncpg: the same statements, and the same numbers added up from the facts instead of the totals. Histories are
counted anew by the timer's sweep.
"""

import os
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from bench.requests_database import COUNTY, Requests, Statement, requests_database
from bench.result import Result
from services.requests.statistics import service
from services.requests.statistics.facts import COUNTERS, SUMS
from services.requests.statistics.repository import Question
from services.requests.statistics.rollup import count_anew
from services.requests.statistics.schemas import By
from shared.codes import EVERYWHERE

COMMUNITIES = int(os.environ.get("BENCH_COMMUNITIES", "60"))
REQUESTS_EACH = int(os.environ.get("BENCH_REQUESTS", "3000"))
HISTORIES = 2_000
ROUNDS = 7
YEAR = (date(2026, 1, 1), date(2026, 12, 31))
_FACTS = """
    INSERT INTO rate_fact (community_code, request_id, kind, round, day, grid_code, responder_id, category_code, good,
                           satisfied, excluded)
    SELECT $2::text || lpad(community::text, 6, '0'), gen_random_uuid(), kind, 0,
           date '2026-01-01' + (random() * 364)::int,
           $2::text || lpad(community::text, 6, '0') || lpad((random() * 11)::int::text, 3, '0'),
           md5((community * 100 + (random() * 15)::int)::text)::uuid::text, 'livelihood.c' || (random() * 30)::int,
           random() < 0.9, CASE WHEN kind = 'judgement' THEN random() < 0.9 END, random() < 0.02
    FROM generate_series(1, $1::int) AS community, generate_series(1, $3::int) AS request,
         (VALUES ('response'), ('judgement')) AS kinds (kind)
    WHERE kind = 'response' OR random() < 0.8
"""
_TOTALS = f"""
    INSERT INTO rate_total (community_code, dimension, grain, starts_on, key, {", ".join(COUNTERS)})
    SELECT community_code, dimension, grain, starts_on, key, {SUMS}
    FROM rate_fact
    CROSS JOIN LATERAL (
        VALUES ('all', ''), ('grid', grid_code), ('responder', responder_id), ('category', category_code)
    ) AS along (dimension, key)
    CROSS JOIN LATERAL (VALUES ('day', day), ('month', date_trunc('month', day)::date)) AS span (grain, starts_on)
    GROUP BY community_code, dimension, grain, starts_on, key
"""
_FROM_FACTS = f"""
    SELECT community_code, {SUMS} FROM rate_fact
    WHERE community_code BETWEEN $1 AND $2 AND day BETWEEN $3 AND $4 GROUP BY 1 ORDER BY 1
"""
_STEPS = """
    INSERT INTO timeline_entry (community_code, id, request_id, step, visibility, state, actor, actor_role, detail,
                                created_at)
    SELECT request.community_code, gen_random_uuid(), request.id, step, 'public', 'resolved', 'bench', 'staff',
           '{}'::jsonb, request.created_at + interval '1 hour' * number
    FROM service_request AS request,
         (VALUES (1, 'acknowledged'), (2, 'started'), (3, 'resolved'), (4, 'confirmed')) AS steps (number, step)
"""


async def run() -> list[Result]:
    async with requests_database() as requests:
        await requests.bare.execute(_FACTS, COMMUNITIES, COUNTY, REQUESTS_EACH, timeout=600)
        await requests.bare.execute(_TOTALS, timeout=600)
        await requests.bare.execute("ANALYZE", timeout=600)
        results = [await _asked(requests, by, name) for by, name in _ASKED.items()]
        results.append(await _beside_facts(requests))
        results.append(await _counted(requests))
    return results


_ASKED = {By.COMMUNITY: "by community", By.GRID: "by grid", By.CATEGORY: "by category", By.DAY: "day by day"}
_COUNTY = f"{COMMUNITIES} communities for a year"


async def _asked(requests: Requests, by: By, name: str) -> Result:
    """The use case beside the very statements that it sends."""
    with requests.sent() as sent:
        await _report(requests, by)

    async def bare() -> None:
        async with requests.bare.transaction():
            for statement, values in sent:
                await requests.bare.fetch(statement, *values)

    ours, same = await _milliseconds(lambda: _report(requests, by), bare)
    return Result(f"{_COUNTY}, {name}", ours, "ms", "the same SQL by bare asyncpg", same, aim=0.3)


async def _beside_facts(requests: Requests) -> Result:
    low, high = COUNTY.ljust(12, "0"), COUNTY.ljust(12, "9")

    async def added_up() -> None:
        await requests.bare.fetch(_FROM_FACTS, low, high, *YEAR)

    ours, facts = await _milliseconds(lambda: _report(requests, By.COMMUNITY), added_up)
    return Result(f"{_COUNTY}, by community", ours, "ms", "added up from the facts by asyncpg", facts, aim=1)


async def _report(requests: Requests, by: By) -> None:
    async with requests.database.transaction(COUNTY) as session:
        question = Question(COUNTY, *YEAR, by)
        make = service.report_series if by is By.DAY else service.report_rates
        assert (await make(session, question, None)).items


async def _milliseconds(*works: Callable[[], Awaitable[object]]) -> list[float]:
    """The median of each; they take turns."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for taken, work in zip(times, works, strict=True):
            started = time.perf_counter()
            await work()
            taken.append((time.perf_counter() - started) * 1000)
    return [statistics.median(each) for each in times]


async def _counted(requests: Requests) -> Result:
    """Histories of whole requests that grew, counted by the sweep; and by the statements that it sends."""
    ago = "interval '10 days'"
    await requests.multiply(HISTORIES, created_at=f"one.created_at - {ago}", respond_by=f"one.respond_by - {ago}")
    await requests.bare.execute(_STEPS, timeout=600)
    await _sweep(requests)
    with requests.sent() as sent:
        await requests.bare.execute(_GREW)
        ours = await _seconds(_sweep(requests))
    take, forget, count = [each for each in sent if "rate_pending" in each[0] or "rate_total" in each[0]][:3]
    await requests.bare.execute(_GREW)
    bare = await _seconds(_sweep_by_hand(requests, take, forget, count))
    rates = [HISTORIES / seconds for seconds in (ours, bare)]
    return Result(
        f"count {HISTORIES:,} histories anew", rates[0], "/s", "the same SQL by bare asyncpg", rates[1], aim=0.5
    )


_ALL_COUNTED = "SELECT count(*) >= 2 * $1::int FROM rate_fact WHERE category_code = 'livelihood.street_lamp'"
_GREW = "INSERT INTO rate_pending (community_code, request_id) SELECT community_code, id FROM service_request"


async def _sweep(requests: Requests) -> None:
    while True:
        async with requests.database.transaction(EVERYWHERE) as session:
            if not await count_anew(session):
                break
    assert await requests.bare.fetchval(_ALL_COUNTED, HISTORIES)


async def _sweep_by_hand(requests: Requests, take: Statement, forget: Statement, count: Statement) -> None:
    while True:
        async with requests.bare.transaction():
            due = await requests.bare.fetch(take[0], *take[1])
            if not due:
                return
            codes, ids = [row["community_code"] for row in due], [row["request_id"] for row in due]
            for statement, values in (forget, count):
                given = [codes if _are(str, value) else ids if isinstance(value, list) else value for value in values]
                await requests.bare.execute(statement, *given)


def _are(kind: type, value: Any) -> bool:
    return isinstance(value, list) and isinstance(value[0], kind)


async def _seconds(work: Awaitable[object]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started
