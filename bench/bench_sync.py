"""A worker's phone copies a whole community of 3,000 households and 8,000 people, and follows 50 changes.

Downloads go through the whole application (token, transaction, commit; no socket), page by page as a phone asks. Beside
them the same rows by bare SQL, one query a table for everything at once, opened with the same keys and written as JSON.
"""

import json
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from sqlalchemy import text
from sqlalchemy.engine import make_url

from bench.registry import registry_environment, running_postgres
from bench.result import Result
from services.residents.household_cards.derive import derive_due
from services.residents.main import create_app
from services.residents.settings import Settings
from shared.codes import EVERYWHERE
from shared.crypto import DataKey, Keyring, WrappedKey
from shared.vault import Vault
from stack.demo.access import opened
from stack.demo.people import demo_households
from stack.demo.places import COMMUNITY_CODE
from stack.demo.residents import load_registry
from stack.topology import RESIDENTS
from tests.apps import client_for, running
from tests.principals import bearer

LIMIT = 500
CHANGED = 50
ROUNDS = 5

_TABLES = {
    "key": "SELECT subject_id, key_id, wrapped FROM data_key WHERE community_code = $1 AND key_id <> 'destroyed'",
    "household": """
        SELECT h.id, h.version, h.compound, h.building, h.unit, h.room, h.tenure, h.grid_code, c.colour,
               c.override_until
        FROM household h LEFT JOIN household_card c ON c.community_code = $1 AND c.household_id = h.id
        WHERE h.community_code = $1 AND h.grid_code IS NOT NULL AND h.ended_on IS NULL AND ($2 OR h.id = ANY ($3))""",
    "person": """
        SELECT p.id, p.version, p.household_id, p.name, p.phone, p.birth_on, p.sex, p.cautions, h.grid_code,
               m.relation, m.is_head, m.began_on
        FROM person p
        JOIN household h ON h.community_code = $1 AND h.id = p.household_id
        LEFT JOIN membership m ON m.community_code = $1 AND m.person_id = p.id AND m.ended_on IS NULL
        WHERE p.community_code = $1 AND p.state = 'residing' AND p.merged_into IS NULL AND p.erased_at IS NULL
              AND ($2 OR p.id = ANY ($3))""",
    "person_tag": """
        SELECT id, person_id, kind, valid_from, valid_to, version FROM person_tag
        WHERE community_code = $1 AND revoked_at IS NULL AND ($2 OR person_id = ANY ($3))""",
    "family_contact": """
        SELECT id, person_id, position, relation, name, phone FROM family_contact
        WHERE community_code = $1 AND ($2 OR person_id = ANY ($3))""",
    "guardianship": """
        SELECT id, ward_id, guardian_id, relation, name, phone FROM guardianship
        WHERE community_code = $1 AND ended_on IS NULL AND ($2 OR ward_id = ANY ($3))""",
    "contact_card": """
        SELECT id, household_id, person_id, code, state, delivered_at, is_explained FROM contact_card
        WHERE community_code = $1 AND state IN ('issued', 'delivered')
              AND ($2 OR household_id = ANY ($3) OR person_id = ANY ($3))""",
}
_OWNERS = {
    "household": "id",
    "person": "id",
    "family_contact": "person_id",
    "guardianship": "ward_id",
}
"""Whose key opens a table's sealed columns."""


async def run() -> list[Result]:
    households = demo_households()
    with running_postgres() as server:
        environment = await registry_environment(server)
        async with opened(environment, RESIDENTS.name) as residents:
            await load_registry(residents, households)
            while await _derive(residents):
                pass
            async with residents.transaction() as session:
                await session.execute(text(_PLACE))  # dispatch would say by event which building is whose
                grids = list((await session.execute(text(_GRIDS))).scalars())
        values: dict[str, Any] = {
            name.removeprefix(RESIDENTS.prefix).lower(): value for name, value in environment.items()
        }
        settings = Settings(**values)
        bare = await _connect(values["database_url"])
        try:
            async with (
                running(create_app(settings)) as app,
                client_for(app, **bearer("grid_worker", COMMUNITY_CODE, grids=grids)) as client,
            ):
                return await _measure(app, client, bare, app.state.keyring)
        finally:
            await bare.close()


_PLACE = """
    UPDATE household
    SET grid_code = community_code || lpad((1 + abs(hashtext(compound || building || unit)) % 12)::text, 3, '0')
"""
_GRIDS = "SELECT DISTINCT grid_code FROM household WHERE grid_code IS NOT NULL ORDER BY 1"


async def _measure(app: Any, client: httpx.AsyncClient, bare: asyncpg.Connection, keyring: Keyring) -> list[Result]:
    async def everything() -> None:
        await _bare(bare, keyring, None)

    limit = await _best(everything)
    masked = min([await _download(client) for _ in range(ROUNDS)], key=lambda copy: copy.seconds)
    clear = min([await _download(client, purpose="visit") for _ in range(2)], key=lambda copy: copy.seconds)
    ids, following, reading = await _follow(app, client, bare, keyring, masked)
    entries = f"{masked.entries:,} entries"
    return [
        Result(f"copy 3,000 households: {entries}", masked.seconds, "s", "the same rows by bare SQL", limit),
        Result("the same for a visit, each person written down", clear.seconds, "s", "masked", masked.seconds),
        Result("one of its pages of 500, the last ones", masked.last, "ms", "the first ones", masked.first, aim=0.5),
        Result(f"follow {ids} changes", following, "ms", "the same rows by bare SQL", reading),
    ]


class _Copy:
    """One download."""

    def __init__(self) -> None:
        self.since: str | None = None
        self.entries = 0
        self.times: list[float] = []

    @property
    def seconds(self) -> float:
        return sum(self.times)

    @property
    def first(self) -> float:
        return statistics.median(self.times[1:6]) * 1000

    @property
    def last(self) -> float:
        return statistics.median(self.times[-6:-1]) * 1000


async def _download(client: httpx.AsyncClient, **given: Any) -> _Copy:
    copy, has_more = _Copy(), True
    while has_more:
        parameters = {"limit": LIMIT, "since": copy.since} | given
        started = time.perf_counter()
        answer = await client.get(
            "/v1/sync/residents", params={name: value for name, value in parameters.items() if value is not None}
        )
        copy.times.append(time.perf_counter() - started)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        copy.since, has_more = page["next_since"], page["has_more"]
        copy.entries += len(page["items"])
    return copy


async def _follow(
    app: Any, client: httpx.AsyncClient, bare: asyncpg.Connection, keyring: Keyring, copy: _Copy
) -> tuple[int, float, float]:
    """(changes, milliseconds for a phone, milliseconds by bare SQL that is told which rows)."""
    async with app.state.database.transaction(COMMUNITY_CODE) as session:
        ids = list((await session.execute(text(_TOUCH), {"most": CHANGED})).scalars())

    async def follow() -> None:
        answer = await client.get("/v1/sync/residents", params={"since": copy.since, "limit": LIMIT})
        assert len(answer.json()["items"]) == CHANGED

    async def read() -> None:
        await _bare(bare, keyring, ids)

    return len(ids), await _best(follow) * 1000, await _best(read) * 1000


_TOUCH = """
    UPDATE person SET version = version + 1
    WHERE (community_code, id) IN (
        SELECT community_code, entity_id FROM sync_entry
        WHERE kind = 'person' AND grid_code IS NOT NULL ORDER BY entity_id LIMIT :most)
    RETURNING id
"""


async def _bare(connection: asyncpg.Connection, keyring: Keyring, ids: list[UUID] | None) -> str:
    """Everything, or these people, with as many statements as there are tables."""
    found: dict[str, list[dict[str, Any]]] = {}
    async with connection.transaction():
        await connection.execute("SELECT set_config('app.scope', $1, true)", COMMUNITY_CODE)
        if ids is None:
            wrapped = await connection.fetch(_TABLES["key"], COMMUNITY_CODE)
        else:
            wrapped = await connection.fetch(_TABLES["key"] + " AND subject_id = ANY ($2)", COMMUNITY_CODE, ids)
        for table, query in _TABLES.items():
            if table != "key":
                rows = await connection.fetch(query, COMMUNITY_CODE, ids is None, ids or [])
                found[table] = [dict(row) for row in rows]
    keys: dict[UUID, DataKey] = {}
    for subject_id, key_id, sealed in wrapped:
        keys[UUID(int=subject_id.int)] = keyring.unwrap(WrappedKey(key_id, sealed), COMMUNITY_CODE, subject_id)
    for table, owner in _OWNERS.items():
        for row in found[table]:
            key = keys[UUID(int=row[owner].int)]
            for column, value in row.items():
                if isinstance(value, bytes):
                    row[column] = key.open(value, table=table, column=column, row_id=row["id"])
    return json.dumps(found, default=str, ensure_ascii=False)


async def _best(work: Callable[[], Awaitable[None]]) -> float:
    """Seconds of the quickest of some rounds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        await work()
        times.append(time.perf_counter() - started)
    return min(times)


async def _derive(residents: Any) -> int:
    async with residents.transaction(EVERYWHERE) as session:
        return await derive_due(session, Vault(session, residents.keyring))


async def _connect(url: str) -> asyncpg.Connection:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return await asyncpg.connect(dsn)
