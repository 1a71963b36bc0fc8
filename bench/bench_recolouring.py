"""Publishing a new scheme over 3,000 households: every card derived anew, remembered, and told where it changed.

Beside it the same by hand over asyncpg, in the same batches: the cards locked, the same facts read, the same data keys
unwrapped and birth dates opened, colours decided by a few lines of Python, the same rows
written. PostgreSQL is durable.
"""

import json
import statistics
import time
from collections.abc import Awaitable
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.engine import make_url

from bench.registry import registry_environment, running_postgres
from bench.result import Result
from services.residents.household_cards.derive import BATCH, derive_due
from services.residents.household_cards.schemas import ColourSchemeCreate
from services.residents.household_cards.service import draft_scheme, publish_scheme
from services.residents.people.ages import age_on
from shared.clock import china_today, utc_now
from shared.codes import EVERYWHERE
from shared.crypto import WrappedKey
from shared.ids import new_id
from shared.vault import Vault
from stack.demo.access import LOADER, Opened, opened
from stack.demo.people import demo_households
from stack.demo.places import COMMUNITY_CODE
from stack.demo.residents import load_registry
from stack.topology import RESIDENTS

ROUNDS = 5
AGES = (80, 70)
"""From which age on a household is yellow, in turn: a few hundred cards change colour each time."""


async def run() -> list[Result]:
    households = demo_households()
    ours: list[float] = []
    bare: list[float] = []
    with running_postgres() as server:
        environment = await registry_environment(server)
        async with opened(environment, RESIDENTS.name) as residents:
            await load_registry(residents, households)
            await _derive_all(residents)
            connection = await _connect(environment)
            for turn in range(ROUNDS):
                for number, (times, recolour) in enumerate(((ours, _derive_all), (bare, _by_hand(connection)))):
                    age = AGES[(turn + number) % 2]
                    await _publish(residents, age)
                    times.append(await _seconds(recolour(residents)))
            await connection.close()
    rates = [len(households) / statistics.median(times) for times in (ours, bare)]
    return [Result("recolour 3,000 households by publishing", rates[0], "/s", "the same by asyncpg", rates[1], aim=0.4)]


async def _seconds(work: Awaitable[object]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


async def _publish(residents: Opened, age: int) -> None:
    async with residents.transaction() as session:
        scheme = await draft_scheme(
            session, COMMUNITY_CODE, ColourSchemeCreate.model_validate({"colours": _scheme(age)})
        )
        await publish_scheme(session, LOADER, scheme.id)


def _scheme(age: int) -> list[dict[str, Any]]:
    rules = (
        ("red", 7, {"tag": "dementia"}),
        ("orange", 14, {"any": [{"tag": "hardship"}, {"tag": "disabled"}]}),
        ("yellow", 30, {"any": [{"age": {"min": age}}, {"tag": "limited_mobility"}]}),
        ("green", 180, None),
    )
    said = {"zh": "户", "en": "household"}
    return [
        {"code": code, "name": said, "meaning": said, "visit_interval_days": days, "rule": rule}
        for code, days, rule in rules
    ]


async def _derive_all(residents: Opened) -> None:
    """What the timer does until nothing is due."""
    while True:
        async with residents.transaction(EVERYWHERE) as session:
            if not await derive_due(session, Vault(session, residents.keyring)):
                return


# By hand


async def _connect(environment: dict[str, str]) -> asyncpg.Connection:
    url = make_url(environment[RESIDENTS.prefix + "DATABASE_URL"]).set(drivername="postgresql")
    return await asyncpg.connect(url.render_as_string(hide_password=False))


_SCHEME = "SELECT number, colours FROM colour_scheme WHERE community_code = $1 AND state = 'published'"
_LOCK = """
    SELECT household_id FROM household_card WHERE community_code = $1 AND derived_on < $2
    ORDER BY household_id LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_READ = """
    SELECT card.household_id, card.colour, card.version, household.grid_code, person.id, person.birth_on,
           data_key.key_id, data_key.wrapped,
           ARRAY(SELECT kind FROM person_tag AS tag
                 WHERE tag.community_code = $1 AND tag.person_id = person.id AND revoked_at IS NULL
                       AND valid_from <= $3 AND (valid_to IS NULL OR valid_to >= $3)) AS tags
    FROM household_card AS card
    JOIN household ON household.community_code = $1 AND household.id = card.household_id
    LEFT JOIN person ON person.community_code = $1 AND person.household_id = household.id
         AND person.state = 'residing' AND person.merged_into IS NULL AND person.erased_at IS NULL
    LEFT JOIN data_key ON data_key.community_code = $1 AND data_key.subject_id = person.id
    WHERE card.community_code = $1 AND card.household_id = ANY($2::uuid[])
"""
_WRITE = """
    UPDATE household_card AS card
    SET scheme_number = $2, derived_colour = given.colour, colour = given.colour, facts = given.facts::jsonb,
        version = card.version + 1, derived_on = $3, updated_at = $4
    FROM unnest($5::uuid[], $6::text[], $7::text[]) AS given (household_id, colour, facts)
    WHERE card.community_code = $1 AND card.household_id = given.household_id
"""
_END = """
    UPDATE household_card_change SET ended_at = $2
    WHERE community_code = $1 AND household_id = ANY($3::uuid[]) AND ended_at IS NULL
"""
_REMEMBER = """
    INSERT INTO household_card_change (community_code, id, household_id, cause, scheme_number, colour, derived_colour,
                                       rule, facts, began_at)
    SELECT $1, given.id, given.household_id, 'derived', $2, given.colour, given.colour, given.rule::jsonb,
           given.facts::jsonb, $3
    FROM unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[])
         AS given (id, household_id, colour, rule, facts)
"""
_TELL = """
    INSERT INTO outbox (community_code, event_id, type, subject, version, data, occurred_at)
    SELECT $1, given.id, 'residents.household_colour_changed.v1', given.subject, given.version, given.data::jsonb, $2
    FROM unnest($3::uuid[], $4::text[], $5::int[], $6::text[]) AS given (id, subject, version, data)
"""


def _by_hand(connection: asyncpg.Connection):
    async def recolour(residents: Opened) -> None:
        while await _batch_by_hand(connection, residents):
            pass

    return recolour


async def _batch_by_hand(connection: asyncpg.Connection, residents: Opened) -> int:
    today, now = china_today(), utc_now()
    async with connection.transaction():
        await connection.execute("SELECT set_config('app.scope', $1, true)", COMMUNITY_CODE)
        ids = [row[0] for row in await connection.fetch(_LOCK, COMMUNITY_CODE, today, BATCH)]
        if not ids:
            return 0
        [(number, stored)] = await connection.fetch(_SCHEME, COMMUNITY_CODE)
        rules = {colour["code"]: json.dumps(colour.get("rule")) for colour in json.loads(stored)}
        rows = await connection.fetch(_READ, COMMUNITY_CODE, ids, today)
        homes = _decide(residents, rows, json.loads(stored)[2]["rule"]["any"][0]["age"]["min"], today)
        colours = [home["colour"] for home in homes.values()]
        facts = [json.dumps(home["facts"]) for home in homes.values()]
        await connection.execute(_WRITE, COMMUNITY_CODE, number, today, now, list(homes), colours, facts)
        await connection.execute(_END, COMMUNITY_CODE, now, list(homes))
        await connection.execute(
            _REMEMBER,
            COMMUNITY_CODE,
            number,
            now,
            [new_id() for _ in homes],
            list(homes),
            colours,
            [rules[colour] for colour in colours],
            facts,
        )
        changed = {household_id: home for household_id, home in homes.items() if home["colour"] != home["before"]}
        await connection.execute(_TELL, COMMUNITY_CODE, now, *_events(changed))
    return len(ids)


def _decide(residents: Opened, rows: list[asyncpg.Record], age: int, today: date) -> dict[UUID, dict[str, Any]]:
    homes: dict[UUID, dict[str, Any]] = {}
    for household_id, before, version, grid_code, person_id, birth_on, key_id, wrapped, tags in rows:
        home = homes.setdefault(
            household_id, {"before": before, "version": version, "grid": grid_code, "tags": set(), "oldest": 0}
        )
        home["tags"].update(tags)
        if birth_on is not None:
            key = residents.keyring.unwrap(WrappedKey(key_id, wrapped), COMMUNITY_CODE, person_id)
            born = key.open(birth_on, table="person", column="birth_on", row_id=person_id)
            home["oldest"] = max(home["oldest"], age_on(date.fromisoformat(born), today))
    for home in homes.values():
        tags = home["tags"]
        orange = sorted(f"tag:{tag}" for tag in tags & {"hardship", "disabled"})
        yellow = ([f"age>={age}"] if home["oldest"] >= age else []) + sorted(
            f"tag:{tag}" for tag in tags & {"limited_mobility"}
        )
        red = ["tag:dementia"] if "dementia" in tags else []
        found = (("red", red), ("orange", orange), ("yellow", yellow), ("green", ["the rest"]))
        home["colour"], home["facts"] = next((colour, facts) for colour, facts in found if facts)
        home["facts"] = [] if home["colour"] == "green" else home["facts"]
    return homes


def _events(changed: dict[UUID, dict[str, Any]]) -> tuple[list[Any], ...]:
    intervals = {"red": 7, "orange": 14, "yellow": 30, "green": 180}
    return (
        [new_id() for _ in changed],
        [f"household-cards/{household_id}" for household_id in changed],
        [home["version"] + 1 for home in changed.values()],
        [
            json.dumps(
                {
                    "household_id": str(household_id),
                    "grid_code": home["grid"],
                    "colour": home["colour"],
                    "visit_interval_days": intervals[home["colour"]],
                }
            )
            for household_id, home in changed.items()
        ],
    )
