from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import text

from shared.clock import china_today
from tests.apps import AppOf, ClientOf
from tests.merchants.shop import Shop, coming, ok
from tests.principals import a_community, bearer


async def test_saturday_fruit_monday_haircut_and_free_slicing(shop: Shop) -> None:
    """The three offers of the article."""
    await shop.sells("洗剪吹", 3800, "haircut")
    await shop.sells("切片加工", 500, "meat_slicing")
    every = "FREQ=WEEKLY;BYDAY="
    fruit = await shop.offers(
        {"kind": "percent_off", "percent": 20}, scope={"categories": ["fruit"]}, recurrence=every + "SA"
    )
    await shop.offers(
        {"kind": "fixed_price", "price_fen": 990}, scope={"categories": ["haircut"]}, recurrence=every + "MO"
    )
    await shop.offers({"kind": "free_service"}, scope={"categories": ["meat_slicing"]}, recurrence=every + "SA")
    basket, resident = shop.basket(苹果=3, 洗剪吹=1, 切片加工=1), shop.resident()

    async def prices(at: datetime) -> list[int]:
        return [line["after_fen"] for line in (await shop.quote(resident, basket, at=at.isoformat()))["lines"]]

    saturday, next_saturday = coming(5), coming(5) + timedelta(days=7)
    sunday, monday = saturday + timedelta(hours=34), saturday + timedelta(hours=58)
    assert await prices(saturday + timedelta(hours=10)) == [2400, 3800, 0]
    assert await prices(sunday) == [3000, 3800, 500]
    assert await prices(monday) == [3000, 990, 500]
    assert await prices(saturday - timedelta(seconds=1)) == [3000, 3800, 500]
    assert await prices(saturday.astimezone(UTC)) == [2400, 3800, 0]
    quoted = await shop.quote(resident, basket, at=sunday.isoformat())
    why = next(each for each in quoted["not_applied"] if each["offer_id"] == fruit)
    assert why["reason"] == "wrong_day"
    assert datetime.fromisoformat(why["next_valid_at"]) == next_saturday
    assert f"{next_saturday:%Y-%m-%d}" in why["zh"]
    assert f"{next_saturday:%Y-%m-%d}" in why["en"]
    assert quoted["quote"] is None


async def test_eligibility_is_attested_and_leaves_no_trace(shop: Shop, app_of: AppOf) -> None:
    await shop.offers({"kind": "amount_off", "amount_fen": 300}, eligibility={"conditions": ["tag:veteran", "age>=80"]})
    person = uuid4()
    resident = shop.resident(person)
    without = await shop.quote(resident, shop.basket(苹果=1), [])
    assert (without["total_after_fen"], without["quote"], without["unavailable"]) == (1000, None, [])
    assert [(each["reason"], each["zh"]) for each in without["not_applied"]] == [
        ("not_eligible", "您暂不符合此优惠的条件。")
    ]
    token = shop.attestor.attest(person, "tag:veteran")
    reserved = await shop.reserve(resident, shop.basket(苹果=1), [token])
    assert ok(reserved, 201)["total_after_fen"] == 700
    assert "veteran" not in reserved.text
    database = (await app_of("merchants")).state.database
    async with database.transaction(shop.community) as session:
        tables = ("redemption", "redemption_offer", "offer_use", "offer_counter", "outbox", "audit_entry")
        dumps = [
            (await session.execute(text(f"SELECT string_agg({table}::text, '') FROM {table}"))).scalar_one() or ""
            for table in tables
        ]
    for trace in ("veteran", "age>=80", str(person), person.hex, token[:40]):
        assert not any(trace in dump for dump in dumps)


async def test_residents_being_away_is_said(shop: Shop) -> None:
    await shop.offers({"kind": "amount_off", "amount_fen": 300}, eligibility={"conditions": ["tag:veteran"]})
    assert (await shop.quote(shop.resident(), shop.basket(苹果=1)))["unavailable"] == ["residents"]


async def test_attestations_of_others_old_or_forged_are_refused(shop: Shop) -> None:
    await shop.offers({"kind": "amount_off", "amount_fen": 300}, eligibility={"conditions": ["tag:veteran"]})
    person = uuid4()
    good = shop.attestor.attest(person, "tag:veteran")
    header, _, rest = good.partition(".")
    bad = [shop.attestor.attest(uuid4(), "tag:veteran"), f"{header}.e30.{rest.rpartition('.')[2]}", "nonsense"]
    for token in bad:
        refused = await shop.ask(shop.resident(person), "/v1/quotes", shop.basket(苹果=1), [token])
        assert refused.json()["code"] == "attestation-rejected"
    staff = await shop.ask(dict(shop.staff.headers), "/v1/quotes", shop.basket(苹果=1), [good])
    assert staff.json()["code"] == "attestation-rejected"


async def test_the_gateway_learns_what_to_ask_and_no_more(shop: Shop) -> None:
    await shop.sells("洗剪吹", 3800, "haircut")
    yesterday = china_today() - timedelta(days=1)
    await shop.offers(
        {"kind": "free_service"}, scope={"categories": ["haircut"]}, eligibility={"conditions": ["age>=80"]}
    )
    await shop.offers(
        {"kind": "percent_off", "percent": 9}, eligibility={"conditions": ["tag:veteran", "colour:red"], "match": "all"}
    )
    await shop.offers(
        {"kind": "percent_off", "percent": 8},
        eligibility={"conditions": ["tag:disabled"]},
        recurrence=f"FREQ=WEEKLY;BYDAY={('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU')[yesterday.weekday()]}",
    )
    await shop.offers({"kind": "percent_off", "percent": 7})
    gateway = bearer(role="gateway", area=shop.community)

    async def asked(body: dict[str, object]) -> list[str]:
        return ok(await shop.ask(gateway, "/internal/quotes/conditions", body))["conditions"]

    assert await asked(shop.basket(苹果=1)) == ["colour:red", "tag:veteran"]
    assert await asked(shop.basket(苹果=1, 洗剪吹=1)) == ["age>=80", "colour:red", "tag:veteran"]
    quoted = await shop.quote(shop.resident(), shop.basket(苹果=1))
    assert await asked({"quote": quoted["quote"]}) == ["colour:red", "tag:veteran"]


async def test_a_quote_is_its_holders_alone_and_cannot_be_changed(shop: Shop) -> None:
    await shop.offers({"kind": "percent_off", "percent": 20})
    person = uuid4()
    quoted = (await shop.quote(shop.resident(person), shop.basket(苹果=1)))["quote"]
    spoilt = quoted[:-4] + ("AAAA" if quoted[-4:] != "AAAA" else "BBBB")
    elsewhere = bearer(role="resident", area=a_community(), person=person)
    for headers, token in ((shop.resident(), quoted), (shop.resident(person), spoilt), (elsewhere, quoted)):
        assert (await shop.ask(headers, "/v1/redemptions", {"quote": token})).json()["code"] == "quote-invalid"


async def test_what_cannot_be_bought_is_refused(shop: Shop, client_of: ClientOf) -> None:
    resident = shop.resident()
    other = {"merchant_id": shop.id, "items": [{"item_id": shop.id}]}
    assert (await shop.ask(resident, "/v1/quotes", other)).json()["code"] == "item-unavailable"
    twice = shop.basket(苹果=1)
    twice["items"] *= 2
    assert (await shop.ask(resident, "/v1/quotes", twice)).status_code == 422
    path = f"/v1/merchants/{shop.id}/items/{shop.items['苹果']}"
    ok(await shop.merchant.patch(path, json={"active": False}, headers={"If-Match": '"1"'}))
    assert (await shop.ask(resident, "/v1/quotes", shop.basket(苹果=1))).json()["code"] == "item-unavailable"
    ok(await shop.staff.post(f"/v1/merchants/{shop.id}/suspend", json={"reason": "other"}))
    assert (await shop.ask(resident, "/v1/quotes", shop.basket(苹果=1))).status_code == 404
