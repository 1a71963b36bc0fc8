"""Two records prove to be of one person: what both used counts together, and goes apart again; limits hold."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.merchants.consumers import consumers
from services.merchants.holders.service import holder_of
from shared.clock import utc_now
from shared.envelope import Envelope
from tests.apps import AppOf
from tests.merchants.shop import Shop, ok

PER_PERSON = 2
PEOPLE = 3
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), st.integers(0, PEOPLE - 1)),
        st.tuples(st.just("cancel"), st.integers(0, 9)),
        st.tuples(st.just("merge"), st.permutations(range(PEOPLE)).map(lambda order: order[:2])),
        st.tuples(st.just("undo"), st.none()),
    ),
    min_size=4,
    max_size=14,
)


class People:
    """Records of residents, some of which become others'; what the registry tells of it is heard at once."""

    def __init__(self, shop: Shop, app: FastAPI) -> None:
        self.shop, self.app = shop, app
        self.ids = [uuid4() for _ in range(PEOPLE)]
        self.merges: list[tuple[UUID, int, int, list[dict[str, Any]]]] = []
        """(id, kept, merged, what was the merged one's)"""
        self.held: dict[int, list[dict[str, Any]]] = {number: [] for number in range(PEOPLE)}

    def who(self, number: int) -> int:
        for _, kept, merged, _ in self.merges:
            if merged == number:
                return self.who(kept)
        return number

    async def reserve(self, number: int) -> dict[str, Any] | None:
        """By the account of that record, which its owner may still be signed in with."""
        me = self.shop.resident(self.ids[number])
        quoted = await self.shop.quote(me, self.shop.basket(苹果=1))
        if quoted["quote"] is None:
            assert [each["reason"] for each in quoted["not_applied"]] == ["person_limit"]
            return None
        return ok(await self.shop.ask(me, "/v1/redemptions", {"quote": quoted["quote"]}), 201)

    async def cancel(self, number: int, redemption: dict[str, Any]) -> None:
        ok(await self.shop.ask(self.shop.resident(self.ids[number]), f"/v1/redemptions/{redemption['id']}/cancel", {}))

    async def hear(self, event: str, **data: Any) -> None:
        envelope = Envelope(
            id=uuid4(),
            source="/residents",
            type=f"residents.{event}.v1",
            subject="people/1",
            time=utc_now(),
            community=self.shop.community,
            aggregateversion=1,
            data={name: str(value) for name, value in data.items()},
        )
        async with self.app.state.database.transaction(self.shop.community) as session:
            await consumers(self.app.state.keyring)["residents"][envelope.type](session, envelope)

    async def merge(self, kept: int, merged: int) -> UUID:
        merge_id = uuid4()
        await self.hear("person_merged", merge_id=merge_id, person_id=self.ids[kept], merged_person_id=self.ids[merged])
        return merge_id

    async def undo(self, merge_id: UUID, kept: int, merged: int) -> None:
        await self.hear(
            "person_merge_undone", merge_id=merge_id, person_id=self.ids[kept], merged_person_id=self.ids[merged]
        )

    async def step(self, what: str, chosen: Any) -> None:
        if what == "reserve":
            number = self.who(chosen)
            taken = await self.reserve(chosen)
            assert (taken is not None) is (len(self.held[number]) < PER_PERSON)
            if taken is not None:
                self.held[number].append(taken)
        elif what == "cancel":
            present = [(number, each) for number, those in self.held.items() for each in those]
            if present:
                number, redemption = present[chosen % len(present)]
                await self.cancel(number, redemption)
                self.held[number].remove(redemption)
        elif what == "merge":
            kept, merged = chosen
            if self.who(kept) == kept and self.who(merged) == merged:
                merge_id = await self.merge(kept, merged)
                self.merges.append((merge_id, kept, merged, self.held[merged]))
                self.held[kept] = self.held[kept] + self.held[merged]
                self.held[merged] = []
        elif self.merges:
            merge_id, kept, merged, theirs = self.merges.pop()
            await self.undo(merge_id, kept, merged)
            back = [each for each in self.held[kept] if each in theirs]
            self.held[kept] = [each for each in self.held[kept] if each not in theirs]
            self.held[merged] = back

    async def check(self) -> None:
        """Each lists what the model says is theirs, and holds as many places."""
        places = text("SELECT count(*) FROM offer_use WHERE holder = :holder")
        for number, person_id in enumerate(self.ids):
            if self.who(number) != number:
                continue
            mine = (await self.shop.staff.get("/v1/redemptions", headers=self.shop.resident(person_id))).json()
            kept = {each["id"] for each in mine["items"] if each["state"] == "reserved"}
            assert kept == {each["id"] for each in self.held[number]}
            async with self.app.state.database.transaction(self.shop.community) as session:
                holder = holder_of(self.app.state.keyring, person_id)
                held = (await session.execute(places, {"holder": holder})).scalar_one()
            assert held == len(self.held[number])


@pytest.fixture
async def people(shop: Shop, app_of: AppOf) -> People:
    await shop.sells("苹果", 1000)
    limits = {"per_person": {"count": PER_PERSON, "period": "offer"}}
    await shop.offers({"kind": "percent_off", "percent": 20}, scope={"categories": ["fruit"]}, limits=limits)
    return People(shop, await app_of("merchants"))


async def test_limits_hold_whatever_is_merged_and_undone(people: People) -> None:
    loop = asyncio.get_running_loop()

    async def live(steps: list[tuple[str, Any]]) -> None:
        here = People(people.shop, people.app)
        for what, chosen in steps:
            await here.step(what, chosen)
        await here.check()

    @settings(
        max_examples=8,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        database=None,
    )
    @given(steps=STEPS)
    def any_history(steps: list[tuple[str, Any]]) -> None:
        asyncio.run_coroutine_threadsafe(live(steps), loop).result(120)

    await asyncio.to_thread(any_history)


async def test_two_who_used_all_of_it_get_no_more_together(people: People) -> None:
    taken = [await people.reserve(number) for number in (0, 0, 1, 1)]
    assert all(taken)
    await people.merge(0, 1)
    assert await people.reserve(0) is None and await people.reserve(1) is None
    for each in taken[:2]:
        assert each is not None
        await people.cancel(0, each)
        assert await people.reserve(0) is None, "two are still in use"
    assert taken[3] is not None
    await people.cancel(1, taken[3])
    assert await people.reserve(1) is not None, "by the account of the merged record, on the same limit"
    assert await people.reserve(0) is None


async def test_an_undone_merge_heard_first_moves_nothing(people: People) -> None:
    await people.reserve(1)
    ids = {"person_id": people.ids[0], "merged_person_id": people.ids[1]}
    merge_id = uuid4()
    await people.hear("person_merge_undone", merge_id=merge_id, **ids)
    await people.hear("person_merged", merge_id=merge_id, **ids)
    assert [await people.reserve(0) is not None for _ in range(3)] == [True, True, False]
    assert [await people.reserve(1) is not None for _ in range(2)] == [True, False]


async def test_erasing_the_person_forgets_that_two_were_one(people: People) -> None:
    await people.reserve(1)
    await people.merge(0, 1)
    for number in (0, 1):
        await people.hear("person_erased", person_id=people.ids[number])
    mine = holder_of(people.app.state.keyring, people.ids[0])
    async with people.app.state.database.transaction(people.shop.community) as session:
        assert (await session.execute(text("SELECT count(*) FROM same_holder"))).scalar_one() == 0
        [holder] = (await session.execute(text("SELECT DISTINCT holder FROM offer_use"))).scalars().all()
    assert holder != mine


async def test_who_reserves_while_they_are_merged_stays_below_the_limit(people: People) -> None:
    """The registry's word and old accounts arrive at once: no use escapes the count."""

    async def attempt(number: int) -> bool:
        me = people.shop.resident(people.ids[number])
        quoted = await people.shop.quote(me, people.shop.basket(苹果=1))
        if quoted["quote"] is None:
            return False
        answer = await people.shop.ask(me, "/v1/redemptions", {"quote": quoted["quote"]})
        assert answer.status_code in (201, 409, 422), answer.text
        return answer.status_code == 201

    won = await asyncio.gather(*(attempt(number) for number in (0, 1, 0, 1)), people.merge(0, 1))
    used = sum(1 for each in won[:-1] if each is True)
    assert (await people.reserve(1) is None) is (used >= PER_PERSON)
    async with people.app.state.database.transaction(people.shop.community) as session:
        holders = (await session.execute(text("SELECT DISTINCT holder FROM offer_use"))).scalars().all()
    assert set(holders) <= {holder_of(people.app.state.keyring, people.ids[0])}
