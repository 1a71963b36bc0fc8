"""A city's requests of two years for the benchmark of lists and search: made by several processes, copied in bare.

The newest fifth of each community's has sealed texts, filed under their words as the service files them.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from random import Random
from typing import Any
from uuid import UUID

import asyncpg

from bench.population import community_of
from services.requests.search.words import Tokens
from services.requests.service_requests.references import REFERENCE
from services.requests.service_requests.texts import Content, seal
from shared.crypto import Keyring

PER_COMMUNITY = 3_334
WITH_TEXTS = 0.2
OPEN = 0.06
BEGIN = datetime(2024, 11, 1, tzinfo=UTC)
STEP = timedelta(days=730) / PER_COMMUNITY
_OPEN_STATES = ("submitted", "accepted", "dispatched", "in_progress", "reopened")
_CLOSED_STATES = ("confirmed",) * 15 + ("resolved",) * 3 + ("rejected", "withdrawn")
_CATEGORIES = ("livelihood.street_lamp", "livelihood.walls", "fairness", "public_safety.lost_person")
_PLACES = ("开元小区", "丰景苑", "安康里", "和平家苑", "青山雅居", "富贵园")
_THINGS = (
    "路灯",
    "电梯",
    "下水道",
    "暖气",
    "门禁",
    "围墙",
    "健身器材",
    "消防通道",
    "垃圾桶",
    "充电桩",
    "水管",
    "停车位",
)
_FAULTS = (
    "不亮了",
    "坏了好几天",
    "一直漏水",
    "被占用",
    "没人管",
    "声音很大",
    "味道难闻",
    "有安全隐患",
    "经常停",
    "太暗",
)
_WISHES = ("老人晚上出门看不清路", "孩子上学要经过这里", "已经反映过两次", "希望尽快派人来看", "楼上楼下都受影响")
_INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = 'request_token'::regclass OR (indrelid = 'service_request'::regclass AND NOT indisprimary)"""


def written(random: Random) -> tuple[str, str]:
    """A title and a description as people write them."""
    thing, fault = random.choice(_THINGS), random.choice(_FAULTS)
    place = f"{random.choice(_PLACES)}{random.randrange(1, 20)}号楼{random.randrange(1, 5)}单元"
    return f"{thing}{fault}", f"{place}门口的{thing}{fault}, {random.choice(_WISHES)}。"


def fill(dsn: str, keys: tuple[str, str], communities: int, progress: Callable[[int], None]) -> None:
    """Load all communities beside the first, whose categories the others get: a community at a time."""
    indexes = asyncio.run(_prepare(dsn, communities))
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_load, dsn, keys, number) for number in range(communities)]
        for done, finished in enumerate(as_completed(waiting), start=1):
            finished.result()
            progress(done)
    asyncio.run(_finish(dsn, indexes))


async def _prepare(dsn: str, communities: int) -> list[str]:
    """Categories for all; and without indexes, which are made afterwards. Returns how."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET session_replication_role = replica")
    codes = [community_of(number) for number in range(1, communities)]
    for table in ("category", "category_version", "deadline_policy"):
        columns = [row[0] for row in await connection.fetch(_COLUMNS, table) if row[0] != "community_code"]
        named = ", ".join(columns)
        await connection.execute(
            f"INSERT INTO {table} (community_code, {named}) SELECT other, {named} "
            f"FROM {table}, unnest($1::text[]) AS other WHERE community_code = $2",
            codes,
            community_of(0),
        )
    definitions = await connection.fetch(_INDEXES)
    await connection.execute("ALTER TABLE request_token DROP CONSTRAINT pk_request_token")
    for name, _ in definitions:
        await connection.execute(f"DROP INDEX IF EXISTS {name}")
    await connection.close()
    return [definition for _, definition in definitions]


_COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = $1"


async def _finish(dsn: str, indexes: list[str]) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET maintenance_work_mem = '1GB'; SET max_parallel_maintenance_workers = 2")
    for definition in indexes:
        await connection.execute(definition)
    await connection.execute("VACUUM (ANALYZE) service_request, request_token, data_key")
    await connection.close()


def _load(dsn: str, keys: tuple[str, str], number: int) -> None:
    keyring, code, random = Keyring.from_settings(*keys), community_of(number), Random(number)
    tokens = Tokens(keyring, code)
    made: dict[str, list[tuple[Any, ...]]] = {"requests": [], "tokens": [], "keys": []}
    rows = list(_rows(code, random))
    for row in rows:
        sealed = None
        if row["created_at"] >= BEGIN + STEP * PER_COMMUNITY * (1 - WITH_TEXTS):
            title, description = written(random)
            key, wrapped = keyring.new_data_key(code, row["id"])
            sealed = seal(key, Content(title=title, description=description), row["id"])
            made["keys"].append((code, row["id"], wrapped.key_id, wrapped.wrapped))
            made["tokens"] += [(code, token, row["id"]) for token in tokens.of([title, description])]
        made["requests"].append((*row.values(), sealed))
    asyncio.run(_copy(dsn, [*rows[0], "content_sealed"], made))


def _rows(code: str, random: Random) -> Iterator[dict[str, Any]]:
    for number in range(PER_COMMUNITY):
        at = BEGIN + STEP * number + timedelta(seconds=random.random() * 3600)
        is_open = number >= PER_COMMUNITY * (1 - OPEN)
        category = random.choices(_CATEGORIES, (60, 25, 14, 1))[0]
        request_id = UUID(int=(int(at.timestamp() * 1000) << 80) | 7 << 76 | 2 << 62 | random.getrandbits(62))
        yield {
            "community_code": code,
            "id": request_id,
            "reference": REFERENCE.new(),
            "state": random.choice(_OPEN_STATES if is_open else _CLOSED_STATES),
            "category_code": category,
            "category_class": category.partition(".")[0],
            "privacy": "private",
            "urgency": "urgent" if random.random() < 0.03 else "normal",
            "channel": random.choices(("app", "phone", "visit", "card"), (60, 30, 8, 2))[0],
            "grid_code": f"{code}{random.randrange(1, 13):03d}",
            "created_by": "bench",
            "is_anonymous": False,
            "confidential": False,
            "key_subject_id": request_id,
            "policy_category_code": category,
            "policy_version": 1,
            "accept_by": at + timedelta(days=1),
            "respond_by": at + timedelta(days=2),
            "resolve_by": at + timedelta(days=random.randrange(3, 30)),
            "resolve_minutes": 2400,
            "unreached_count": 0,
            "accept_warned": 0,
            "respond_warned": 0,
            "resolve_warned": 0,
            "reopened_count": int(random.random() < 0.02),
            "follower_count": int(random.random() < 0.05),
            "version": 4,
            "created_at": at,
            "updated_at": at + timedelta(days=random.random() * 5),
        }


async def _copy(dsn: str, columns: list[str], made: dict[str, list[tuple[Any, ...]]]) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys
    await connection.copy_records_to_table("service_request", records=made["requests"], columns=columns)
    await connection.copy_records_to_table(
        "request_token", records=made["tokens"], columns=["community_code", "token", "request_id"]
    )
    await connection.copy_records_to_table(
        "data_key", records=made["keys"], columns=["community_code", "subject_id", "key_id", "wrapped"]
    )
    await connection.close()
