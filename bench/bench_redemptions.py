"""Reservations of one hot offer beside the bare conditional update of its counter, and what evaluating offers costs.

PostgreSQL is durable here, as in production; both sides commit through it with the same concurrency.
"""

import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
from pydantic import SecretStr

from bench.result import Result, microseconds, rates
from services.merchants.alliance.schemas import MerchantCreate
from services.merchants.enrolment import Enrolled, Enrolment, enrol_merchants
from services.merchants.items.schemas import ItemCreate
from services.merchants.offers.evaluation import BasketLine, Effect, EffectKind, OfferTerms, evaluate
from services.merchants.offers.schedule import Schedule
from services.merchants.offers.schemas import OfferCreate
from services.merchants.quotes.schemas import BasketItem
from services.merchants.quotes.service import price_basket
from services.merchants.redemptions.service import reserve
from shared.clock import CHINA, utc_now
from shared.crypto import Keyring, generate_key
from shared.db import Database
from shared.vault import Vault
from stack import postgres, processes
from stack.topology import MERCHANTS
from tests.faults.killable import Killable
from tests.servers import PASSWORD, PostgresServer, clone

COMMUNITY = "150207007005"
CONCURRENCY = 16
OFFERS = 8

_TAKE = """
    UPDATE offer_counter SET used_count = used_count + 1, used_fen = used_fen + 200
    WHERE community_code = $1 AND offer_id = $2 AND is_open AND used_count < total_limit
    RETURNING offer_id
"""


async def run() -> list[Result]:
    with _server() as server:
        url, _ = await clone(server, MERCHANTS, "merchants_bench")
        database = Database(SecretStr(url), pool_size=CONCURRENCY)
        bare = await asyncpg.create_pool(url.replace("+asyncpg", ""), min_size=CONCURRENCY, max_size=CONCURRENCY)
        try:
            ours, plain = await _hot_offer(database, bare)
        finally:
            await bare.close()
            await database.close()
    one, several, bare_sum = _evaluation()
    return [
        Result("reservation of one hot offer", ours, "/s", "bare conditional UPDATE and COMMIT", plain),
        Result("evaluation, one offer on three lines", one, "µs", "the multiplication alone", bare_sum),
        Result(f"evaluation, each of {OFFERS} offers", several, "µs", "one offer alone", one),
    ]


async def _hot_offer(database: Database, bare: asyncpg.Pool) -> list[float]:
    shop = await _shop(database)
    item_id, offer_id = next(iter(shop.item_ids.values())), shop.offer_ids[0]
    return await rates(_reserving(database, shop, item_id), _updating(bare, offer_id), concurrency=CONCURRENCY)


def _reserving(database: Database, shop: Enrolled, item_id: UUID) -> Callable[[], Awaitable[object]]:
    """Price, compare with what was promised, take a place, publish, commit: everything but HTTP."""
    basket = [BasketItem(item_id=item_id)]
    promised = None

    async def once() -> None:
        nonlocal promised
        async with database.transaction(COMMUNITY) as session:
            if promised is None:
                priced = await price_basket(
                    session, community_code=COMMUNITY, merchant_id=shop.merchant_id, basket=basket, at=utc_now()
                )
                promised = priced.promise(uuid4().bytes)
            await reserve(session, promised, frozenset())

    return once


def _updating(bare: asyncpg.Pool, offer_id: UUID) -> Callable[[], Awaitable[object]]:
    async def once() -> None:
        async with bare.acquire() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL app.scope = '{COMMUNITY}'")
            assert await connection.fetchval(_TAKE, COMMUNITY, offer_id)

    return once


async def _shop(database: Database) -> Enrolled:
    merchant = MerchantCreate.model_validate(
        {
            "name": "果园水果店",
            "trade": "fruit",
            "uscc": "91350100M000100Y43",
            "address": "底商",
            "position": {"longitude": 109.97, "latitude": 40.62, "crs": "wgs84"},
            "contact_name": "店主",
            "contact_phone": "19900009400",
            "charter_version": "1",
        }
    )
    item = ItemCreate(name="苹果", unit="千克", price_fen=1000, category="fruit")

    def offer(merchant_id: UUID, _: dict[str, UUID]) -> OfferCreate:
        effect = {"kind": "percent_off", "percent": 20}
        more = {"title": "八折", "title_en": "20 % off", "limits": {"total": 1_000_000}}
        return OfferCreate.model_validate({"merchant_id": merchant_id, "effect": effect} | more)

    keyring = Keyring.from_settings(f"k1:{generate_key()}", generate_key())
    async with database.transaction(COMMUNITY) as session:
        shops = [Enrolment(merchant, [item], [offer])]
        return (await enrol_merchants(session, Vault(session, keyring), COMMUNITY, shops, enrolled_by="bench"))[0]


def _evaluation() -> tuple[float, float, float]:
    basket = [BasketLine(UUID(int=n), "fruit", 999 + n, n + 1) for n in range(3)]
    saturdays = Schedule(date(2026, 1, 1), recurrence="FREQ=WEEKLY;BYDAY=SA")
    offers = [
        OfferTerms(UUID(int=100 + n), Effect(EffectKind.PERCENT_OFF, 5 + n), saturdays, exclusivity_group=f"g{n % 3}")
        for n in range(OFFERS)
    ]
    when = datetime(2026, 11, 21, 10, tzinfo=CHINA)
    one, several, bare = microseconds(
        lambda: evaluate(basket, offers[:1], when),
        lambda: evaluate(basket, offers, when),
        lambda: [line.total_fen - (line.total_fen * 20 + 50) // 100 for line in basket],
    )
    return one, several / OFFERS, bare


@contextmanager
def _server() -> Iterator[PostgresServer]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        data, log = folder / "postgres", folder / "postgres.log"
        postgres.initialise(data, password=PASSWORD, log=log)
        program = postgres.program(data, port=processes.free_port(), log=log)
        server = Killable(program, lambda pid: postgres.is_ready(data, pid))
        try:
            yield PostgresServer(program.port, PASSWORD)
        finally:
            server.kill()
