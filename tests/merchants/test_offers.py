from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.merchants.offers.service import expire_offers
from shared.clock import CHINA, china_today
from shared.codes import EVERYWHERE
from tests.apps import AppOf, ClientOf
from tests.merchants.shop import Shop, ok
from tests.principals import bearer

TWENTY_OFF = {"kind": "percent_off", "percent": 20}
SATURDAYS = {"recurrence": "FREQ=WEEKLY;BYDAY=SA"}


def draft(shop: Shop, **more: Any) -> dict[str, Any]:
    return {"merchant_id": shop.id, "title": "八折", "title_en": "20 % off", "effect": TWENTY_OFF} | more


def next_weekday(weekday: int) -> date:
    today = china_today()
    return today + timedelta(days=(weekday - today.weekday()) % 7 or 7)


async def test_a_draft_is_changed_published_and_withdrawn(shop: Shop, client_of: ClientOf) -> None:
    resident = await client_of("merchants", role="resident", area=shop.community)
    made = await shop.merchant.post("/v1/offers", json=draft(shop, **SATURDAYS))
    path = made.headers["location"]
    assert (ok(made, 201)["state"], made.json()["next_valid_at"]) == ("draft", None)
    assert (await resident.get(path)).status_code == 404
    patch = {"effect": {"kind": "fixed_price", "price_fen": 990}, "limits": {"total": 100}}
    changed = ok(await shop.merchant.patch(path, json=patch, headers={"If-Match": '"1"'}))
    assert changed["effect"] == {"kind": "fixed_price", "price_fen": 990, "max_units": None}
    published = ok(await shop.merchant.post(f"{path}/publish"))
    assert (published["state"], published["limits"]["remaining"]) == ("published", 100)
    assert datetime.fromisoformat(published["next_valid_at"]).astimezone(CHINA).weekday() == 5
    assert ok(await resident.get(path))["id"] == published["id"]
    frozen = await shop.merchant.patch(path, json={"priority": 1}, headers={"If-Match": f'"{published["version"]}"'})
    assert frozen.status_code == 409
    assert ok(await shop.merchant.post(f"{path}/withdraw"))["state"] == "withdrawn"
    assert (await shop.merchant.post(f"{path}/publish")).status_code == 409
    assert (await resident.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"recurrence": "FREQ=WEEKLY;BYDAY=SA;COUNT=3"}, "/recurrence"),
        ({"effect": {"kind": "percent_off", "percent": 101}}, "/effect/percent_off/percent"),
        ({"effect": {"kind": "bribe"}}, "/effect"),
        ({"eligibility": {"conditions": ["diagnosis:any"]}}, "/eligibility/conditions/0"),
        ({"hours": [{"opens": "11:00", "closes": "09:00"}]}, "/hours/0"),
        ({"limits": {"per_person": {"count": 0, "period": "day"}}}, "/limits/per_person/count"),
        ({"valid_from": "2026-12-01", "valid_to": "2026-11-30"}, "/"),
        ({"valid_from": "1999-12-01"}, "/valid_from"),
    ],
)
async def test_what_does_not_fit_is_refused(shop: Shop, change: dict[str, Any], pointer: str) -> None:
    refused = await shop.merchant.post("/v1/offers", json=draft(shop, **change))
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_an_offer_of_the_past_or_of_others_goods_is_refused(shop: Shop) -> None:
    past = ok(
        await shop.merchant.post("/v1/offers", json=draft(shop, valid_from="2020-01-01", valid_to="2020-02-01")), 201
    )
    assert (await shop.merchant.post(f"/v1/offers/{past['id']}/publish")).json()["code"] == "never-valid"
    foreign = draft(shop, scope={"item_ids": [shop.id]})
    assert (await shop.merchant.post("/v1/offers", json=foreign)).json()["code"] == "scope-unknown"


async def test_todays_offers_are_those_of_the_day_nearest_first(shop: Shop, client_of: ClientOf) -> None:
    every_day = await shop.offers(TWENTY_OFF, theme="love")
    saturdays = await shop.offers({"kind": "free_service"}, theme="joy", **SATURDAYS)
    resident = await client_of("merchants", role="resident", area=shop.community)
    here = {"longitude": 109.98, "latitude": 40.62, "crs": "wgs84"}

    async def listed(**query: Any) -> list[str]:
        return [each["id"] for each in ok(await resident.get("/v1/offers", params=query))["items"]]

    assert await listed(on=next_weekday(5).isoformat()) == [every_day, saturdays]
    assert await listed(on=next_weekday(6).isoformat()) == [every_day]
    assert await listed(on=next_weekday(5).isoformat(), theme="joy") == [saturdays]
    assert await listed(merchant_id=shop.id, **here) == [every_day, saturdays]
    assert await listed(**here, within_m=500) == []
    found = ok(await resident.get("/v1/offers", params={"on": next_weekday(5).isoformat(), **here}))["items"]
    assert {each["distance_m"] for each in found} == {844}
    assert found[1]["next_valid_at"].startswith(next_weekday(5).isoformat())
    assert found[0]["merchant_name"] == "果园水果店"
    ok(await shop.staff.post(f"/v1/merchants/{shop.id}/suspend", json={"reason": "safety"}))
    assert await listed() == []


async def test_past_offers_expire(shop: Shop, app_of: AppOf) -> None:
    offer = await shop.offers(TWENTY_OFF, valid_to=china_today().isoformat())
    database = (await app_of("merchants")).state.database
    async with database.transaction(shop.community) as session:
        past = {"day": china_today() - timedelta(days=1)}
        await session.execute(text("UPDATE offer SET valid_from = :day, valid_to = :day"), past)
    async with database.transaction(EVERYWHERE) as session:
        await expire_offers(session)
    assert ok(await shop.merchant.get(f"/v1/offers/{offer}"))["state"] == "expired"
    async with database.transaction(shop.community) as session:
        told = (await session.execute(text("SELECT type FROM outbox ORDER BY id"))).scalars().all()
        assert told == [f"merchants.{name}.v1" for name in ("merchant_approved", "offer_published", "offer_withdrawn")]


async def test_a_shop_offers_nothing_in_anothers_name(shop: Shop, client_of: ClientOf) -> None:
    offer = await shop.offers(TWENTY_OFF)
    other = bearer(role="merchant", area=shop.community, merchant="0190a000-0000-7000-8000-000000000000")
    assert (await shop.staff.post("/v1/offers", json=draft(shop), headers=other)).status_code == 404
    assert (await shop.staff.post(f"/v1/offers/{offer}/withdraw", headers=other)).status_code == 404
