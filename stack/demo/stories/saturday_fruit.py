"""Story 2, Saturday fruit: offers follow the date in Asia/Shanghai, eligibility is a signed yes, limits hold."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.clock import CHINA, utc_now
from stack.demo.accounts import DAUGHTER_PHONE
from stack.demo.people import DemoPerson, demo_households
from stack.demo.places import demo_grids
from stack.demo.shops import demo_shops
from stack.demo.stories.actors import Actor, City, Json, StoryBroken
from stack.demo.stories.lost_elder import Tell

FRUIT, HAIR, BUTCHER, BAKERY, PHARMACY = demo_shops()[:5]
SATURDAY, SUNDAY, MONDAY = 5, 6, 0
CROWD, LIMIT = 200, 100
BUYERS = 8
"""Residents who make the 200 reservations, 25 each: one person may try 30 times a minute."""


@dataclass
class SaturdayFruit:
    """What the story has seen so far; tests look at it when it is over."""

    resident: Actor
    shops: dict[str, str] = field(default_factory=dict)
    """Merchant id by name."""
    items: dict[str, str] = field(default_factory=dict)
    """Item id by name."""
    quotes: dict[str, Json] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    """How the 200 reservations were answered, by status."""
    redemption: Json = field(default_factory=dict)


def next_weekday(weekday: int) -> str:
    """Noon of the next such day in Asia/Shanghai, with its offset."""
    today = utc_now().astimezone(CHINA)
    day = today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return datetime(day.year, day.month, day.day, 12, tzinfo=CHINA).isoformat()


async def play(city: City, tell: Tell) -> SaturdayFruit:
    """Play the story; StoryBroken if the system does something else."""
    seen = SaturdayFruit(resident=await city.with_phone("resident", DAUGHTER_PHONE))
    await _look_around(seen, tell)
    await _follow_the_days(seen, tell)
    await _ask_who_is_eligible(city, seen, tell)
    await _rush_for_bread(city, seen, tell)
    return seen


async def _look_around(seen: SaturdayFruit, tell: Tell) -> None:
    home = demo_grids()[0].centre
    offers = await seen.resident.get("/v1/offers", longitude=home[0], latitude=home[1], crs="wgs84", limit=20)
    tell(
        "看看家门口的优惠 / Offers near home",
        {offer["title"]: f"{offer['merchant_name']}, {offer['distance_m']} m" for offer in offers["items"][:4]},
    )
    for shop in (FRUIT, HAIR, BUTCHER, BAKERY, PHARMACY):
        merchants = await seen.resident.get("/v1/merchants", trade=shop.trade, limit=50)
        merchant_id = next(each["id"] for each in merchants["items"] if each["name"] == shop.name)
        seen.shops[shop.name] = merchant_id
        on_sale = await seen.resident.get(f"/v1/merchants/{merchant_id}/items")
        seen.items |= {item["name"]: item["id"] for item in on_sale["items"]}


async def _quote(buyer: Actor, seen: SaturdayFruit, shop: str, item: str, at: str | None = None) -> Json:
    basket: Json = {"merchant_id": seen.shops[shop], "items": [{"item_id": seen.items[item], "quantity": 1}]}
    return await buyer.post("/v1/quotes", basket | ({"at": at} if at else {}))


async def _follow_the_days(seen: SaturdayFruit, tell: Tell) -> None:
    steps = (
        ("周六苹果 / Apples on Saturday", FRUIT.name, "苹果", SATURDAY, 1024),
        ("周日苹果 / Apples on Sunday", FRUIT.name, "苹果", SUNDAY, 1280),
        ("周一理发 / A haircut on Monday", HAIR.name, "洗剪吹", MONDAY, 990),
        ("周日理发 / A haircut on Sunday", HAIR.name, "洗剪吹", SUNDAY, 3800),
        ("周六切羊肉片 / Meat slicing on Saturday", BUTCHER.name, "切片加工", SATURDAY, 0),
        ("周日切羊肉片 / Meat slicing on Sunday", BUTCHER.name, "切片加工", SUNDAY, 500),
    )
    for words, shop, item, weekday, expected in steps:
        quote = await _quote(seen.resident, seen, shop, item, next_weekday(weekday))
        seen.quotes[words] = quote
        if quote["total_after_fen"] != expected:
            raise StoryBroken(f"{words}: {quote['total_after_fen']} fen instead of {expected}")
        why = [refusal["zh"] for refusal in quote["not_applied"]][:1]
        tell(words, {"fen": quote["total_after_fen"], "instead of": quote["total_before_fen"], "why not": why})


async def _ask_who_is_eligible(city: City, seen: SaturdayFruit, tell: Tell) -> None:
    veteran = await city.with_phone("veteran", _phone_of(lambda person: "veteran" in person.tags))
    for name, buyer in (("veteran", veteran), ("resident", seen.resident)):
        quote = await _quote(buyer, seen, PHARMACY.name, "血压计")
        seen.quotes[name] = quote
        tell(
            f"退役军人优惠, {name} / The veterans' offer",
            {"fen": quote["total_after_fen"], "why not": [refusal["zh"] for refusal in quote["not_applied"]]},
        )
    if [seen.quotes[name]["total_after_fen"] for name in ("veteran", "resident")] != [17900, 19900]:
        raise StoryBroken("the veterans' offer is for veterans")


async def _rush_for_bread(city: City, seen: SaturdayFruit, tell: Tell) -> None:
    """Two hundred reservations at once of an offer limited to a hundred; one of them is redeemed."""
    phones = [person.phone for person in _people() if person.phone and 30 <= person.age < 60][:BUYERS]
    buyers = [await city.with_phone(f"buyer {number}", phone) for number, phone in enumerate(phones, start=1)]
    quotes = [await _quote(buyer, seen, BAKERY.name, "牛奶吐司") for buyer in buyers]
    rush = [
        buyer.try_post("/v1/redemptions", {"quote": quote["quote"]})
        for _ in range(CROWD // BUYERS)
        for buyer, quote in zip(buyers, quotes, strict=True)
    ]
    answers = await asyncio.gather(*rush)
    seen.answers = Counter(answer.status_code for answer in answers)
    if seen.answers[201] != LIMIT:
        raise StoryBroken(f"{seen.answers[201]} of {CROWD} reservations were kept, not {LIMIT}: {seen.answers}")
    refused = next(answer for answer in answers if answer.status_code != 201)
    tell(f"{CROWD} 人同时抢 {LIMIT} 份 / {CROWD} at once for {LIMIT} places", {
        "kept": seen.answers[201], "refused": CROWD - seen.answers[201], "the refusal": refused.json()["title"],
    })  # fmt: skip
    kept = next(answer for answer in answers if answer.status_code == 201).json()
    baker = await city.with_password("shop04")
    seen.redemption = await baker.post("/v1/redemptions/redeem", {"code": kept["code"]})
    tell("店主核销 / The baker redeems a code", {"state": seen.redemption["state"]})


def _people() -> list[DemoPerson]:
    return [person for household in demo_households() for person in household.members]


def _phone_of(fits) -> str:
    return next(person.phone for person in _people() if person.phone and fits(person))
