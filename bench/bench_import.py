"""A sheet of residents from upload to the last row, and what the API is like meanwhile.

`BENCH_ROWS=100000` for the full size. Beside it the least that can be done: the same people sealed and indexed by one
process, their rows copied into the same tables, one COPY a table, without looking at a single cell or at whom the
registry knows.
"""

import asyncio
import io
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import asyncpg
import xlsxwriter
from fastapi import FastAPI
from sqlalchemy.engine import make_url

from bench.registry import registry_environment, running_postgres
from bench.result import Result
from services.residents.households.schemas import HouseholdImport
from services.residents.importing import SealedRegistry, seal_registry
from services.residents.imports.timers import advance_imports
from services.residents.main import create_app
from services.residents.people.schemas import PersonImport
from services.residents.people.tokens import Tokens
from services.residents.settings import Settings
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.identity import make_identity_number
from shared.vault import Vault
from stack.demo.people import demo_households
from stack.topology import RESIDENTS
from tests.apps import client_for, running
from tests.principals import bearer

ROWS = int(os.environ.get("BENCH_ROWS", "5000"))
COMMUNITY, OTHER = "150207007005", "150207007006"
HEADINGS = ("姓名", "身份证号", "手机号", "小区", "楼栋", "单元", "房号", "与户主关系", "人员类别", "备注")
LIMIT_SECONDS = 180
LIMIT_ROWS = 100_000
"""100,000 rows in three minutes, check and run together."""
SIZE = 3
"""Members of a household."""


async def run() -> list[Result]:
    sheet = _sheet()
    async with running_residents() as (app, url):
        client = client_for(app, **bearer("head", COMMUNITY))
        async with client:
            idle = await _p99_of_reads(client, asyncio.create_task(asyncio.sleep(2)))
            reading, job = await _timed(client.post("/v1/imports", content=sheet))
            path = f"/v1/imports/{job.raise_for_status().json()['id']}"
            checking, busy_check = await _phase(app, client, path, "check")
            running, busy_run = await _phase(app, client, path, "run")
            counts = (await client.get(path)).json()["counts"]
            assert counts["people_added"] == ROWS, counts
            again, _ = await _phase_again(app, client, sheet)
        bare = await _bare(app, url)
    whole = reading + checking + running
    return [
        Result(f"import {ROWS:,} rows: read, check, write", ROWS / whole, "rows/s", "100,000 in 3 min", 556, aim=1),
        Result("of which reading the workbook", ROWS / reading, "rows/s", "all of it", ROWS / whole),
        Result("of which checking", ROWS / checking, "rows/s", "all of it", ROWS / whole),
        Result("of which writing", ROWS / running, "rows/s", "sealed and COPYed bare", ROWS / bare),
        Result("the same sheet again, nothing changed", ROWS / again, "rows/s", "100,000 in 3 min", 556, aim=1),
        Result("GET while checking, p99", busy_check, "ms", "the same at rest", idle),
        Result("GET while writing, p99", busy_run, "ms", "the same at rest", idle),
    ]


@asynccontextmanager
async def running_residents() -> AsyncIterator[tuple[FastAPI, str]]:
    """(the application without its timers, its database for asyncpg as the superuser, whom no policy stops)."""
    with running_postgres() as server, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as files:
        environment = await registry_environment(server) | {f"{RESIDENTS.prefix}FILES_URL": f"file://{files}"}
        values: dict[str, Any] = {
            name.removeprefix(RESIDENTS.prefix).lower(): value for name, value in environment.items()
        }
        async with running(create_app(Settings(**values))) as app:
            database = make_url(environment[f"{RESIDENTS.prefix}DATABASE_URL"]).database
            yield app, server.database_dsn(database or "")


@cache
def _names() -> list[str]:
    return [member.name for each in demo_households() for member in each.members]


def _people(number: int) -> tuple[str, str, str, tuple[str, str, str, str]]:
    """(name, identity number, phone, door) of the n-th: none is like another."""
    names = _names()
    home = number // SIZE
    door = ("开元小区", f"{home // 240 + 1}号楼", f"{home // 60 % 4 + 1}单元", f"{home % 60 // 2 + 1}{home % 2:02d}")
    born = date(1930, 1, 1) + timedelta(days=number // 900 + number % SIZE * 8000)
    return names[number % len(names)], make_identity_number("150299", born, number % 900), f"139{number:08d}", door


def _sheet() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True, "in_memory": True}) as workbook:
        page = workbook.add_worksheet()
        page.write_row(0, 0, HEADINGS)
        for number in range(ROWS):
            name, identity_number, phone, door = _people(number)
            said = ("户主" if number % SIZE == 0 else "子", "独居" if number % 20 == 0 else "", "")
            page.write_row(number + 1, 0, (name, identity_number, phone, *door, *said))
    return buffer.getvalue()


async def _timed(work: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    done = await work
    return time.perf_counter() - started, done


async def _phase(app: FastAPI, client: Any, path: str, verb: str) -> tuple[float, float]:
    """(seconds until every part is done, p99 of reads meanwhile in ms)."""
    started = time.perf_counter()
    (await client.post(f"{path}/{verb}", json={} if verb == "run" else None)).raise_for_status()
    sweeping = asyncio.create_task(_sweep(app))
    p99 = await _p99_of_reads(client, sweeping)
    await sweeping
    return time.perf_counter() - started, p99


async def _phase_again(app: FastAPI, client: Any, sheet: bytes) -> tuple[float, dict[str, int]]:
    started = time.perf_counter()
    path = f"/v1/imports/{(await client.post('/v1/imports', content=sheet)).json()['id']}"
    await _phase(app, client, path, "check")
    await _phase(app, client, path, "run")
    counts = (await client.get(path)).json()["counts"]
    assert counts["people_unchanged"] == ROWS, counts
    return time.perf_counter() - started, counts


async def _sweep(app: FastAPI) -> None:
    """What the timer does until nothing is due."""
    state = app.state
    while True:
        async with state.database.transaction(EVERYWHERE) as session:
            vault = Vault(session, state.keyring)
            if not await advance_imports(session, vault, state.audit_signer, state.files, state.workers):
                return


async def _p99_of_reads(client: Any, until: "asyncio.Task[None]") -> float:
    times: list[float] = []
    while not until.done():
        took, answer = await _timed(client.get("/v1/households", params={"limit": 20}))
        assert answer.status_code == 200
        times.append(took * 1000)
        await asyncio.sleep(0.01)
    return sorted(times)[len(times) * 99 // 100]


async def _bare(app: FastAPI, url: str) -> float:
    """Seconds to seal everybody and to COPY the rows."""
    homes: dict[tuple[str, ...], HouseholdImport] = {}
    people: list[PersonImport] = []
    for number in range(ROWS):
        name, identity_number, phone, door = _people(number)
        if door not in homes:
            place = dict(zip(("compound", "building", "unit", "room"), door, strict=True))
            homes[door] = HouseholdImport.model_construct(**place)  # pyright: ignore[reportArgumentType]
        known = {"household_id": homes[door].id, "name": name, "identity_number": identity_number, "phone": phone}
        people.append(PersonImport.model_construct(**known))
    started = time.perf_counter()
    keyring = app.state.keyring
    sealed = seal_registry(keyring, Tokens(keyring, OTHER), OTHER, list(homes.values()), people, granted_by="bench")
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await _copy(connection, sealed)
    finally:
        await connection.close()
    return time.perf_counter() - started


async def _copy(connection: asyncpg.Connection, sealed: SealedRegistry) -> None:
    now = utc_now()
    common = {"community_code": OTHER, "version": 1, "created_at": now, "updated_at": now}
    rows: dict[str, list[dict[str, Any]]] = {
        "data_key": [_key(subject_id, key) for subject_id, key in sealed.keys.items()],
        "household": [common | row for row in sealed.households],
        "person": [common | {"state": "residing"} | row for row in sealed.people],
        "membership": [common | row for row in sealed.memberships],
        "person_token": [
            {"community_code": OTHER, "token": token, "fit": fit, "person_id": person_id}
            for person_id, token, fit in sealed.tokens
        ],
    }
    for table, each in rows.items():
        columns = list(each[0])
        await connection.copy_records_to_table(
            table, records=[tuple(row[name] for name in columns) for row in each], columns=columns
        )


def _key(subject_id: UUID, key: Any) -> dict[str, Any]:
    return {"community_code": OTHER, "subject_id": subject_id, "key_id": key.key_id, "wrapped": key.wrapped}
