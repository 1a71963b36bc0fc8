"""A city of invented people for the benchmark of the search: sealed by several processes, copied in without indexes."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from multiprocessing import get_context
from random import Random
from typing import Any

import asyncpg
from pydantic_core import PydanticUndefined

from services.residents.household_cards.models import HouseholdCard
from services.residents.households.models import Household
from services.residents.households.schemas import HouseholdImport
from services.residents.importing import SealedRegistry, seal_registry
from services.residents.memberships.models import HouseholdRelation, Membership
from services.residents.people.models import Person, PersonTag, TagKind
from services.residents.people.schemas import PersonImport, TagImport
from services.residents.people.tokens import Tokens
from shared.clock import utc_now
from shared.crypto import Keyring
from shared.db import TableBase
from shared.identity import Sex, make_identity_number
from shared.ids import new_id
from stack.demo.names import GIVEN_FEMALE, GIVEN_MALE, MONGOLIAN, SURNAMES

PER_COMMUNITY = 3_334
TODAY = date(2026, 1, 1)
_COMPOUNDS = ("阳光花园", "开元小区", "富贵园", "安康里", "和平家苑", "丰景苑", "绿地新城", "幸福里", "青山雅居")
_COMMON = zip(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗",
    (7.2, 7.2, 6.8, 5.4, 4.5, 3.1, 2.2, 2.3, 2.1, 2.1, 1.7, 1.5, 1.3, 1.3, 1.3, 1.2, 1.2, 1.1, 1.1, 0.9),
    strict=True,
)
_WEIGHTS = {surname: 15 / len(SURNAMES) for surname in SURNAMES} | dict(_COMMON)
"""Percent who bear the surname, as the census counted the twenty most common; the others share the rest."""
_BEARERS, _CUMULATED = tuple(_WEIGHTS), tuple(accumulate(_WEIGHTS.values()))
_PARTS = ("阿不都", "买买提", "热依木", "古丽", "巴特尔", "斯琴", "其其格", "艾合买提")
_TAGS = tuple(TagKind)


@dataclass(frozen=True)
class Somebody:
    """What somebody may remember of a person, in the clear."""

    name: str
    identity_number: str
    phone: str | None
    age: int
    compound: str
    building: str
    unit: str
    room: str


def community_of(number: int) -> str:
    return f"15020{number // 1000 % 10}{number % 1000:03d}001"


def households_of(random: Random, people: int) -> Iterator[HouseholdImport]:
    compounds = random.sample(_COMPOUNDS, 4)
    for number in range(people * 10 // 27 + 1):
        door, storey = number % 2 + 1, number // 2 % 17 + 1
        entrance = number // 34
        yield HouseholdImport.model_construct(
            id=new_id(),
            compound=compounds[entrance // 2 % 4],
            building=f"{entrance // 8 + 1}号楼",
            unit=f"{entrance % 2 + 1}单元",
            room=f"{storey}0{door}",
        )


def people_of(random: Random, homes: Sequence[HouseholdImport], people: int) -> Iterator[PersonImport]:
    for number in range(people):
        female = random.random() < 0.49
        born = TODAY - timedelta(days=int(365.25 * min(abs(random.gauss(38, 22)), 99)) + 1)
        tags = [_tag(random)] if random.random() < 0.08 else []
        yield PersonImport.model_construct(
            id=new_id(),
            household_id=homes[number % len(homes)].id,
            name=_name(random, female),
            phone=f"+861{random.randrange(3_000_000_000, 9_999_999_999)}" if random.random() < 0.7 else None,
            identity_number=make_identity_number(f"{150200 + number // 1000}", born, number % 1000),
            passport=None,
            birth_on=born,
            sex=Sex.FEMALE if female else Sex.MALE,
            cautions=None,
            relation=HouseholdRelation.OTHER,
            lives_here_since=None,
            tags=tags,
            family_contacts=[],
            consents=set(),
        )


def _tag(random: Random) -> TagImport:
    return TagImport.model_construct(kind=random.choice(_TAGS), valid_from=TODAY, valid_to=None, evidence=None)


def _name(random: Random, female: bool) -> str:
    chance = random.random()
    if chance < 0.01:
        return "·".join(random.sample(_PARTS, 2))
    if chance < 0.02:
        return random.choice(MONGOLIAN)
    surname = random.choices(_BEARERS, cum_weights=_CUMULATED)[0]
    return surname + "".join(random.sample(GIVEN_FEMALE if female else GIVEN_MALE, 1 + (random.random() < 0.85)))


def remembered(number: int, people: int) -> list[Somebody]:
    """The people of a community, as generated: the same every time but for their ids."""
    random = Random(number)
    homes = list(households_of(random, people))
    doors = {home.id: home for home in homes}
    return [
        Somebody(
            person.name,
            str(person.identity_number),
            person.phone,
            (TODAY - (person.birth_on or TODAY)).days // 366,
            *(getattr(doors[person.household_id], part) for part in ("compound", "building", "unit", "room")),
        )
        for person in people_of(random, homes, people)
    ]


def fill(dsn: str, keys: tuple[str, str], communities: int, people: int, progress: Callable[[int], None]) -> None:
    """Load all communities: as many processes as there are processors, each a community at a time."""
    asyncio.run(_prepare(dsn))
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_load, dsn, keys, number, people) for number in range(communities)]
        for done, finished in enumerate(as_completed(waiting), start=1):
            finished.result()
            progress(done)
    asyncio.run(_finish(dsn))


async def _prepare(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("ALTER TABLE person_token DROP CONSTRAINT pk_person_token")
    await connection.execute("DROP INDEX ix_person_token_person")
    await connection.close()


async def _finish(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET maintenance_work_mem = '1GB'")
    await connection.execute("SET max_parallel_maintenance_workers = 2")
    keys = "community_code, token, fit, person_id"
    await connection.execute(f"ALTER TABLE person_token ADD CONSTRAINT pk_person_token PRIMARY KEY ({keys})")
    await connection.execute("CREATE INDEX ix_person_token_person ON person_token (community_code, person_id)")
    await connection.execute("VACUUM (ANALYZE)")
    await connection.close()


def _load(dsn: str, keys: tuple[str, str], number: int, people: int) -> None:
    keyring, community_code, random = Keyring.from_settings(*keys), community_of(number), Random(number)
    homes = list(households_of(random, people))
    residents = list(people_of(random, homes, people))
    tokens = Tokens(keyring, community_code)
    sealed = seal_registry(keyring, tokens, community_code, homes, residents, granted_by="bench")
    asyncio.run(_copy(dsn, community_code, sealed))


async def _copy(dsn: str, community_code: str, sealed: SealedRegistry) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys
    cards = [{"household_id": row["id"], "facts": "[]", "colour": "green"} for row in sealed.households]
    for table, rows in (
        (Household, [row | {"grid_code": community_code + "001"} for row in sealed.households]),
        (HouseholdCard, cards),
        (Person, sealed.people),
        (Membership, sealed.memberships),
        (PersonTag, sealed.tags),
    ):
        await _copy_rows(connection, table, community_code, rows)
    stored = [(community_code, each, key.key_id, key.wrapped) for each, key in sealed.keys.items()]
    await connection.copy_records_to_table(
        "data_key", records=stored, columns=["community_code", "subject_id", "key_id", "wrapped"]
    )
    filed = ((community_code, token, fit, person_id) for person_id, token, fit in sealed.tokens)
    await connection.copy_records_to_table(
        "person_token", records=filed, columns=["community_code", "token", "fit", "person_id"]
    )
    await connection.close()


async def _copy_rows(
    connection: asyncpg.Connection, table: type[TableBase], community_code: str, rows: list[dict[str, Any]]
) -> None:
    now = utc_now()
    given = {"community_code": community_code, "created_at": now, "updated_at": now}
    defaults = {
        name: json.dumps(field.default) if isinstance(field.default, list | dict) else field.default
        for name, field in table.model_fields.items()
        if not field.is_required() and field.default is not PydanticUndefined
    } | {name: value for name, value in given.items() if name in table.model_fields}
    columns = sorted(defaults.keys() | (rows[0].keys() if rows else set()))
    records = [tuple((defaults | row)[name] for name in columns) for row in rows]
    await connection.copy_records_to_table(table.__table__.name, records=records, columns=columns)
