"""Whatever happens in whatever order, counters equal live redemptions and no limit is ever passed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from services.merchants.redemptions.service import expire_reservations
from shared.clock import utc_now
from shared.db import Database
from tests.apps import AppOf, ClientOf
from tests.merchants.shop import Shop, ok, open_shop

TOTAL, PER_PERSON, BUDGET_FEN = 5, 2, 700

_HELD = text("""
    SELECT counter.offer_id, counter.used_count, counter.used_fen, counter.total_limit, counter.budget_fen,
           count(live.id), coalesce(sum(used.saving_fen) FILTER (WHERE live.id IS NOT NULL), 0)
    FROM offer_counter AS counter
    LEFT JOIN redemption_offer AS used
      ON used.community_code = counter.community_code AND used.offer_id = counter.offer_id
    LEFT JOIN redemption AS live
      ON live.community_code = used.community_code AND live.id = used.redemption_id
     AND live.state IN ('reserved', 'redeemed')
    GROUP BY 1, 2, 3, 4, 5
""")
_SLOTS = text("""
    SELECT slot.offer_id, slot.holder, count(*), count(*) FILTER (WHERE live.state IN ('reserved', 'redeemed'))
    FROM offer_use AS slot
    JOIN redemption AS live ON live.community_code = slot.community_code AND live.id = slot.redemption_id
    GROUP BY 1, 2
""")

_KILL_ONE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = $1 AND application_name = 'merchants' AND state LIKE 'idle in%'
    ORDER BY random() LIMIT 1
"""


async def check_books(database: Database, community: str) -> None:
    async with database.transaction(community) as session:
        for _, count, fen, total, budget, live, saved in (await session.execute(_HELD)).all():
            assert (count, fen) == (live, saved), "counters equal live redemptions"
            assert total is None or count <= total
            assert budget is None or fen <= budget
        for _, _, taken, live in (await session.execute(_SLOTS)).all():
            assert taken == live <= PER_PERSON


async def open_limited_shop(client_of: ClientOf, attestation_pair: tuple[str, str]) -> Shop:
    """Two offers: one of five places and two per person, one with a budget."""
    shop = await open_shop(client_of, attestation_pair)
    await shop.sells("苹果", 1000)
    await shop.sells("吐司", 1500, "bread")
    limits = {"total": TOTAL, "per_person": {"count": PER_PERSON, "period": "offer"}}
    await shop.offers({"kind": "percent_off", "percent": 20}, scope={"categories": ["fruit"]}, limits=limits)
    await shop.offers(
        {"kind": "amount_off", "amount_fen": 150},
        scope={"categories": ["bread"]},
        limits={"budget_fen": BUDGET_FEN},
    )
    return shop


class Redemptions(RuleBasedStateMachine):
    loop: asyncio.AbstractEventLoop
    database: Database
    open_shop: Callable[[], Awaitable[Shop]]

    def __init__(self) -> None:
        super().__init__()
        self.shop: Shop = self.wait(type(self).open_shop())
        self.people = [self.shop.resident() for _ in range(4)]
        self.reserved: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.redeemed: list[str] = []

    def wait(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    async def reserve_once(self, person: int, basket: dict[str, Any]) -> None:
        quoted = await self.shop.quote(self.people[person], basket)
        if quoted["quote"] is None:
            return
        answer = await self.shop.ask(self.people[person], "/v1/redemptions", {"quote": quoted["quote"]})
        assert answer.status_code in (201, 409), answer.text
        if answer.status_code == 201:
            self.reserved.append((self.people[person], answer.json()))

    @rule(people=st.lists(st.integers(0, 3), min_size=1, max_size=6), both=st.booleans())
    def reserve_at_once(self, people: list[int], both: bool) -> None:
        basket = self.shop.basket(苹果=1, 吐司=1) if both else self.shop.basket(苹果=1)

        async def burst() -> None:
            await asyncio.gather(*(self.reserve_once(person, basket) for person in people))

        self.wait(burst())

    @precondition(lambda self: self.reserved)
    @rule(data=st.data())
    def redeem(self, data: st.DataObject) -> None:
        _, chosen = self.reserved.pop(data.draw(st.integers(0, len(self.reserved) - 1)))
        self.redeemed.append(chosen["id"])
        ok(self.wait(self.shop.merchant.post("/v1/redemptions/redeem", json={"code": chosen["code"]})))

    @precondition(lambda self: self.reserved)
    @rule(data=st.data(), twice=st.booleans())
    def cancel(self, data: st.DataObject, twice: bool) -> None:
        person, chosen = self.reserved.pop(data.draw(st.integers(0, len(self.reserved) - 1)))

        async def burst() -> list[httpx.Response]:
            path = f"/v1/redemptions/{chosen['id']}/cancel"
            return await asyncio.gather(*(self.shop.ask(person, path, {}) for _ in range(1 + twice)))

        assert sorted(answer.status_code for answer in self.wait(burst())) == [200, 409][: 1 + twice]

    @precondition(lambda self: self.reserved)
    @rule(data=st.data())
    def redeem_while_it_expires(self, data: st.DataObject) -> None:
        """Either the shop is in time or the place is given back; never both."""
        _, chosen = self.reserved.pop(data.draw(st.integers(0, len(self.reserved) - 1)))

        async def race() -> httpx.Response:
            async with self.database.transaction(self.shop.community) as session:
                due = text("UPDATE redemption SET expires_at = :now WHERE id = :id")
                await session.execute(due, {"now": utc_now(), "id": chosen["id"]})
            answer, _ = await asyncio.gather(
                self.shop.merchant.post("/v1/redemptions/redeem", json={"code": chosen["code"]}), self.expire()
            )
            return answer

        assert self.wait(race()).status_code in (404, 429)

    async def expire(self) -> None:
        async with self.database.transaction(self.shop.community) as session:
            await expire_reservations(session)

    @precondition(lambda self: self.redeemed)
    @rule()
    def reverse(self) -> None:
        path = f"/v1/redemptions/{self.redeemed.pop()}/reverse"
        ok(self.wait(self.shop.merchant.post(path, json={"reason": "mistake"})))

    @invariant()
    def the_books_balance(self) -> None:
        self.wait(check_books(self.database, self.shop.community))


async def test_any_history(client_of: ClientOf, attestation_pair: tuple[str, str], app_of: AppOf) -> None:
    app = await app_of("merchants")

    class Bound(Redemptions):
        loop = asyncio.get_running_loop()
        database = app.state.database

        @staticmethod
        async def open_shop() -> Shop:
            return await open_limited_shop(client_of, attestation_pair)

    chosen = settings(max_examples=6, stateful_step_count=12, suppress_health_check=list(HealthCheck), database=None)
    await asyncio.to_thread(run_state_machine_as_test, Bound, settings=chosen)


async def test_connections_killed_in_the_middle(
    client_of: ClientOf, attestation_pair: tuple[str, str], app_of: AppOf, postgres: str
) -> None:
    """What was answered 201 is there, what was not is wholly there or not at all, and the books balance."""
    shop = await open_limited_shop(client_of, attestation_pair)
    app: FastAPI = await app_of("merchants")
    quotes = []
    for _ in range(12):
        resident = shop.resident()
        quotes.append((resident, (await shop.quote(resident, shop.basket(苹果=1, 吐司=1)))["quote"]))
    killer = await asyncpg.connect(postgres)
    try:
        reservations = [
            asyncio.ensure_future(
                shop.ask(resident | {"Idempotency-Key": str(uuid4())}, "/v1/redemptions", {"quote": quote})
            )
            for resident, quote in quotes
        ]
        killed = 0
        while not all(each.done() for each in reservations):
            killed += len(await killer.fetch(_KILL_ONE, app.state.database.engine.url.database))
        answers = [each.result() for each in reservations]
    finally:
        await killer.close()
    assert killed > 0
    assert {answer.status_code for answer in answers} <= {201, 409, 500, 503}
    await check_books(app.state.database, shop.community)
    for (resident, _), answer in zip(quotes, answers, strict=True):
        if answer.status_code == 201:
            found = await shop.staff.get(f"/v1/redemptions/{answer.json()['id']}", headers=resident)
            assert found.status_code == 200
