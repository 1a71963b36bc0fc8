"""The deadline sweep of very many open requests of each of which something has come due.

Beside it the same by hand over asyncpg, in the same batches: the same rows locked and read, the same marks, lines of
the timeline and events written, but nothing computed. PostgreSQL is durable. Meanwhile a clock notes how long the sweep
keeps the event loop from anybody else.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from bench.requests_database import Requests, requests_database
from bench.result import Result
from services.requests.overdue.repository import SWEPT_AT_ONCE
from services.requests.overdue.sweep import mark_overdue
from shared.codes import EVERYWHERE
from shared.ids import new_id

COUNT = int(os.environ.get("BENCH_REQUESTS", "20000"))
"""A city's open requests: 100,000."""

_RESET = """
    UPDATE service_request SET accept_warned = 0, respond_warned = 0, resolve_warned = 0, accept_breached_at = NULL,
        respond_breached_at = NULL, resolve_breached_at = NULL, next_due_at = now() - interval '1 minute'
"""


async def run() -> list[Result]:
    async with requests_database() as requests:
        # Of each something else: from a fresh one to one whose every deadline has passed.
        age = "make_interval(mins => n % 20000)"
        moments = {name: f"one.{name} - {age}" for name in ("created_at", "accept_by", "respond_by", "resolve_by")}
        await requests.multiply(COUNT, state="CASE WHEN n % 3 = 0 THEN 'submitted' ELSE 'dispatched' END", **moments)
        ours, lag = await _timed(requests, _sweep)
        bare, _ = await _timed(requests, _by_hand)
    return [
        Result(f"sweep {COUNT:,} due requests", COUNT / ours, "/s", "the same by asyncpg", COUNT / bare, aim=0.2),
        Result("a wait on the event loop meanwhile, p99", lag * 1000, "ms", "what urgent work may wait", 100, aim=1),
    ]


async def _timed(requests: Requests, sweep: Any) -> tuple[float, float]:
    await requests.bare.execute(_RESET, timeout=600)
    async with _waits() as waits:
        started = time.perf_counter()
        await sweep(requests)
        return time.perf_counter() - started, statistics.quantiles(waits, n=100)[98]


async def _sweep(requests: Requests) -> None:
    """What the timer does until nothing is due."""
    while True:
        async with requests.database.transaction(EVERYWHERE) as session:
            if not await mark_overdue(session):
                return


@asynccontextmanager
async def _waits() -> AsyncIterator[list[float]]:
    waits: list[float] = []

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            waits.append(time.perf_counter() - before)

    task = asyncio.create_task(tick())
    yield waits
    task.cancel()


# By hand

_LOCK = """
    SELECT community_code, id, state, urgency, accept_by, respond_by, resolve_by, resolve_minutes, responded_at,
           paused_at, created_at, version, grid_code, category_code, responder_id
    FROM service_request WHERE next_due_at <= now() ORDER BY next_due_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""
_MARK = """
    UPDATE service_request AS request
    SET accept_warned = 100, respond_warned = 80, resolve_warned = 50, accept_breached_at = now(), next_due_at = NULL,
        version = request.version + 1
    FROM unnest($1::text[], $2::uuid[]) AS given (community_code, id)
    WHERE request.community_code = given.community_code AND request.id = given.id
"""
_LINE = """
    INSERT INTO timeline_entry (community_code, id, request_id, step, visibility, state, actor, actor_role, detail,
                                created_at)
    SELECT given.community_code, given.id, given.request_id, 'deadline_breached', 'internal', 'dispatched', 'clock',
           'system', given.detail::jsonb, now()
    FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[]) AS given (community_code, id, request_id, detail)
"""
_TELL = """
    INSERT INTO outbox (community_code, event_id, type, subject, version, data, occurred_at)
    SELECT given.community_code, given.id, 'requests.deadline_breached.v1', given.subject, 2, given.data::jsonb, now()
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) AS given (community_code, id, subject, data)
"""
_SAID = {"deadline": "accept", "percent": 100}


async def _by_hand(requests: Requests) -> None:
    while await _batch_by_hand(requests.bare):
        pass


async def _batch_by_hand(connection: asyncpg.Connection) -> int:
    async with connection.transaction():
        rows = await connection.fetch(_LOCK, SWEPT_AT_ONCE)
        if not rows:
            return 0
        codes, ids = [row["community_code"] for row in rows], [row["id"] for row in rows]
        await connection.execute(_MARK, codes, ids)
        told = rows  # the sweep, too, writes about one line for each request of this mixture
        detail = [
            json.dumps({"deadline": "accept", "due_at": row["accept_by"].isoformat(), "percent": 100}) for row in told
        ]
        await connection.execute(_LINE, codes, [new_id() for _ in told], [row["id"] for row in told], detail)
        data = [
            json.dumps(
                {
                    "request_id": str(row["id"]),
                    "deadline": "accept",
                    "due_at": row["accept_by"].isoformat(),
                    "state": row["state"],
                    "grid_code": row["grid_code"],
                    "category": row["category_code"],
                    "urgency": row["urgency"],
                    "responder_id": row["responder_id"],
                }
            )
            for row in told
        ]
        subjects = [f"service-requests/{row['id']}" for row in told]
        await connection.execute(_TELL, codes, [new_id() for _ in told], subjects, data)
    return len(rows)
