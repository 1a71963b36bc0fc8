import asyncio
import contextlib
from datetime import timedelta
from uuid import uuid4

import httpx
import time_machine
from sqlalchemy import text

from services.merchants.holders.service import holder_of
from services.merchants.redemptions.codes import new_code, normalise_code
from services.merchants.redemptions.erasure import forget_person
from services.merchants.redemptions.service import expire_reservations
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.crypto import Keyring
from shared.db import Database
from shared.envelope import Envelope
from tests.apps import AppOf, UrlOf
from tests.merchants.shop import Shop, ok
from tests.principals import bearer

TWENTY_OFF = {"kind": "percent_off", "percent": 20}


async def test_reserve_show_the_code_redeem_reverse(shop: Shop, app_of: AppOf) -> None:
    offer = await shop.offers(TWENTY_OFF)
    resident = shop.resident()
    reserved = ok(await shop.reserve(resident, shop.basket(苹果=2)), 201)
    assert (reserved["state"], reserved["total_before_fen"], reserved["total_after_fen"]) == ("reserved", 2000, 1600)
    assert reserved["offers"] == [{"offer_id": offer, "saving_fen": 400}]
    assert normalise_code(reserved["code"]) == reserved["code"]
    path = f"/v1/redemptions/{reserved['id']}"
    assert ok(await shop.merchant.get(path))["code"] is None
    assert (await shop.staff.get(path, headers=shop.resident())).status_code == 404
    redeemed = ok(await shop.merchant.post("/v1/redemptions/redeem", json={"code": reserved["code"]}))
    assert (redeemed["id"], redeemed["state"], redeemed["code"]) == (reserved["id"], "redeemed", None)
    again = await shop.merchant.post("/v1/redemptions/redeem", json={"code": reserved["code"]})
    assert again.json()["code"] == "code-unknown"
    assert (await shop.ask(resident, f"{path}/cancel", {})).status_code == 409
    reversed_ = ok(await shop.merchant.post(f"{path}/reverse", json={"reason": "mistake"}))
    assert (reversed_["state"], reversed_["reverse_reason"]) == ("reversed", "mistake")
    assert (await shop.merchant.post(f"{path}/reverse", json={"reason": "mistake"})).status_code == 409
    async with (await app_of("merchants")).state.database.transaction(shop.community) as session:
        events = (await session.execute(text("SELECT type, data FROM outbox ORDER BY id OFFSET 2"))).all()
        assert (await session.execute(text("SELECT used_count, used_fen FROM offer_counter"))).one() == (0, 0)
    told = {"redemption_id": reserved["id"], "offer_id": offer, "offer_ids": [offer], "merchant_id": shop.id}
    states = ("reserved", "redeemed", "reversed")
    assert [tuple(event) for event in events] == [(f"merchants.redemption_{state}.v1", told) for state in states]


async def test_a_code_belongs_to_one_shop_and_one_redemption(shop: Shop) -> None:
    await shop.offers(TWENTY_OFF)
    first = ok(await shop.reserve(shop.resident(), shop.basket(苹果=1)), 201)
    second = ok(await shop.reserve(shop.resident(), shop.basket(苹果=1)), 201)
    crossed = await shop.merchant.post(f"/v1/redemptions/{second['id']}/redeem", json={"code": first["code"]})
    assert crossed.status_code == 404
    ok(await shop.merchant.post(f"/v1/redemptions/{second['id']}/redeem", json={"code": second["code"]}))
    other = bearer(role="merchant", area=shop.community, merchant=uuid4())
    assert (await shop.ask(other, "/v1/redemptions/redeem", {"code": first["code"]})).status_code == 409
    wrong_digit = first["code"][:-1] + str((int(first["code"][-1]) + 1) % 10)
    mistyped = await shop.merchant.post("/v1/redemptions/redeem", json={"code": wrong_digit})
    assert [error["pointer"] for error in mistyped.json()["errors"]] == ["/code"]
    assert wrong_digit not in mistyped.text


async def test_guessing_codes_is_stopped(shop: Shop) -> None:
    answers = [await shop.merchant.post("/v1/redemptions/redeem", json={"code": new_code()}) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [404] * 10 + [429] * 2


async def test_limits_per_person_and_day(shop: Shop) -> None:
    await shop.offers(TWENTY_OFF, limits={"per_person": {"count": 2, "period": "day"}})
    resident = shop.resident()
    quoted = (await shop.quote(resident, shop.basket(苹果=1)))["quote"]
    answers = await asyncio.gather(*(shop.ask(resident, "/v1/redemptions", {"quote": quoted}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert [error["code"] for error in refused.json()["errors"]] == ["person_limit"]
    given_back = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    ok(await shop.ask(resident, f"/v1/redemptions/{given_back}/cancel", {}))
    ok(await shop.reserve(resident, shop.basket(苹果=1)), 201)
    why = (await shop.quote(resident, shop.basket(苹果=1)))["not_applied"]
    assert [each["reason"] for each in why] == ["person_limit"]
    ok(await shop.reserve(shop.resident(), shop.basket(苹果=1)), 201)


async def test_a_quote_that_does_not_hold_any_more_is_refused_with_why(shop: Shop) -> None:
    offer = await shop.offers(TWENTY_OFF)
    resident = shop.resident()
    quoted = (await shop.quote(resident, shop.basket(苹果=1)))["quote"]
    item = f"/v1/merchants/{shop.id}/items/{shop.items['苹果']}"
    ok(await shop.merchant.patch(item, json={"price_fen": 2000}, headers={"If-Match": '"1"'}))
    dearer = await shop.ask(resident, "/v1/redemptions", {"quote": quoted})
    assert dearer.json()["errors"][0]["code"] == "no_longer_offered"
    ok(await shop.merchant.patch(item, json={"price_fen": 1000}, headers={"If-Match": '"2"'}))
    ok(await shop.merchant.post(f"/v1/offers/{offer}/withdraw"))
    gone = await shop.ask(resident, "/v1/redemptions", {"quote": quoted})
    assert (gone.status_code, gone.json()["code"]) == (409, "quote-changed")
    assert gone.json()["errors"][0]["pointer"] == f"/offers/{offer}"


async def test_an_attestation_is_needed_again_to_reserve(shop: Shop) -> None:
    await shop.offers(TWENTY_OFF, eligibility={"conditions": ["tag:veteran"]})
    person = uuid4()
    resident, token = shop.resident(person), shop.attestor.attest(person, "tag:veteran")
    quoted = (await shop.quote(resident, shop.basket(苹果=1), [token]))["quote"]
    refused = await shop.ask(resident, "/v1/redemptions", {"quote": quoted}, [])
    assert [error["code"] for error in refused.json()["errors"]] == ["not_eligible"]
    ok(await shop.ask(resident, "/v1/redemptions", {"quote": quoted}, [token]), 201)


async def test_a_repeated_reservation_is_one(shop: Shop, app_of: AppOf) -> None:
    await shop.offers(TWENTY_OFF)
    resident = shop.resident()
    body = {"quote": (await shop.quote(resident, shop.basket(苹果=1)))["quote"]}
    keyed = resident | {"Idempotency-Key": "r-1"}
    first, second = [await shop.ask(keyed, "/v1/redemptions", body) for _ in range(2)]
    assert ok(first, 201) == ok(second, 201)
    assert second.headers["idempotency-replayed"] == "true"
    async with (await app_of("merchants")).state.database.transaction(shop.community) as session:
        assert (await session.execute(text("SELECT count(*) FROM redemption"))).scalar_one() == 1


async def test_time_runs_out_and_gives_the_place_back(shop: Shop, app_of: AppOf) -> None:
    await shop.offers(TWENTY_OFF, limits={"total": 1, "per_person": {"count": 1, "period": "offer"}})
    resident = shop.resident()
    reserved = ok(await shop.reserve(resident, shop.basket(苹果=1)), 201)
    database: Database = (await app_of("merchants")).state.database
    async with database.transaction(shop.community) as session:
        await session.execute(text("UPDATE redemption SET expires_at = :now"), {"now": utc_now()})
    late = await shop.merchant.post("/v1/redemptions/redeem", json={"code": reserved["code"]})
    assert late.json()["code"] == "code-unknown"
    async with database.transaction(EVERYWHERE) as session:
        await expire_reservations(session)
    assert ok(await shop.merchant.get(f"/v1/redemptions/{reserved['id']}"))["state"] == "expired"
    ok(await shop.reserve(resident, shop.basket(苹果=1)), 201)


async def test_the_shop_has_a_day_to_reverse_and_staff_have_longer(shop: Shop) -> None:
    await shop.offers(TWENTY_OFF)
    reserved = ok(await shop.reserve(shop.resident(), shop.basket(苹果=1)), 201)
    ok(await shop.merchant.post("/v1/redemptions/redeem", json={"code": reserved["code"]}))
    path = f"/v1/redemptions/{reserved['id']}/reverse"
    with time_machine.travel(utc_now() + timedelta(hours=24, seconds=5), tick=True):
        merchant = bearer(role="merchant", area=shop.community, merchant=shop.id)
        staff = bearer(role="staff", area=shop.community)
        late = await shop.ask(merchant, path, {"reason": "returned"})
        assert late.json()["code"] == "reversal-too-late"
        assert ok(await shop.ask(staff, path, {"reason": "fraud"}))["state"] == "reversed"


async def test_two_hundred_at_once_get_exactly_one_hundred(shop: Shop, url_of: UrlOf, app_of: AppOf) -> None:
    """Over sockets, each caller a resident of their own."""
    await shop.offers(TWENTY_OFF, limits={"total": 100})
    residents = [shop.resident() for _ in range(200)]
    quotes = [(await shop.quote(resident, shop.basket(苹果=1)))["quote"] for resident in residents]
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(base_url=await url_of("merchants"), limits=limits, timeout=60) as client:

        async def reserve(resident: dict[str, str], quote: str) -> httpx.Response:
            """As a good client does: again under the same key while it is not known what happened."""
            headers = resident | {"Idempotency-Key": str(uuid4())}
            for _ in range(100):
                with contextlib.suppress(httpx.TransportError):
                    answer = await client.post("/v1/redemptions", json={"quote": quote}, headers=headers)
                    if answer.status_code != 503 and answer.json().get("code") != "idempotency-key-in-flight":
                        return answer
            raise AssertionError("never let in")

        answers = await asyncio.gather(*map(reserve, residents, quotes))
    assert sorted(answer.status_code for answer in answers) == [201] * 100 + [409] * 100
    refused = [answer.json()["errors"] for answer in answers if answer.status_code == 409]
    assert {error["code"] for errors in refused for error in errors} == {"total_limit"}
    assert len({answer.json()["code"] for answer in answers if answer.status_code == 201}) == 100
    async with (await app_of("merchants")).state.database.transaction(shop.community) as session:
        assert (await session.execute(text("SELECT used_count FROM offer_counter"))).scalar_one() == 100
        assert (await session.execute(text("SELECT count(*) FROM redemption"))).scalar_one() == 100


async def test_an_erased_person_has_no_pseudonym_any_more(shop: Shop, app_of: AppOf) -> None:
    await shop.offers(TWENTY_OFF, limits={"per_person": {"count": 5, "period": "offer"}})
    person = uuid4()
    ok(await shop.reserve(shop.resident(person), shop.basket(苹果=1)), 201)
    app = await app_of("merchants")
    keyring: Keyring = app.state.keyring
    event = Envelope(
        id=uuid4(),
        source="/residents",
        type="residents.person_erased.v1",
        subject=f"people/{person}",
        time=utc_now(),
        community=shop.community,
        aggregateversion=1,
        data={"person_id": str(person)},
    )
    holders = text("SELECT holder FROM redemption UNION SELECT holder FROM offer_use")
    async with app.state.database.transaction(shop.community) as session:
        before = (await session.execute(holders)).scalars().all()
        await forget_person(keyring)(session, event)
        after = (await session.execute(holders)).scalars().all()
    assert before == [holder_of(keyring, person)]
    assert len(after) == 1
    assert after != before


async def test_an_account_without_a_resident_cannot_reserve(shop: Shop) -> None:
    await shop.offers(TWENTY_OFF)
    quoted = (await shop.quote(shop.resident(), shop.basket(苹果=1)))["quote"]
    nobody = bearer(role="resident", area=shop.community)
    assert (await shop.ask(nobody, "/v1/redemptions", {"quote": quoted})).json()["code"] == "no-resident-record"
