"""A shop in the village, with an offer for everybody and one for those over eighty."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.gateway.village import Village
from tests.merchants.shop import application

PRICE, FOR_ALL, FOR_ELDERS = 1000, 100, 300
"""Fen: an item, and what the two offers take off. They exclude each other, so that the better one counts."""
CONDITION = "age>=80"


@dataclass
class HighStreet:
    village: Village
    merchant_id: str
    item_id: str
    for_all: str
    for_elders: str

    @property
    def basket(self) -> dict[str, Any]:
        return {"merchant_id": self.merchant_id, "items": [{"item_id": self.item_id}]}


async def open_shop(village: Village) -> HighStreet:
    async with await village.staff() as staff:
        merchant_id = (await _made(staff, "/v1/merchants", application()))["id"]
        await _made(staff, f"/v1/merchants/{merchant_id}/approve")
    async with await village.client("merchant", merchant=merchant_id) as shop:
        item = {"name": "苹果", "unit": "斤", "price_fen": PRICE, "category": "fruit"}
        item_id = (await _made(shop, f"/v1/merchants/{merchant_id}/items", item))["id"]

        async def offer(title: str, amount: int, **more: Any) -> str:
            effect = {"kind": "amount_off", "amount_fen": amount}
            body = {"merchant_id": merchant_id, "title": title, "title_en": "An offer", "effect": effect} | more
            drafted = await _made(shop, "/v1/offers", body | {"exclusivity_group": "one"})
            return (await _made(shop, f"/v1/offers/{drafted['id']}/publish"))["id"]

        for_all = await offer("人人优惠", FOR_ALL)
        for_elders = await offer("老人优惠", FOR_ELDERS, eligibility={"conditions": [CONDITION]})
    return HighStreet(village, merchant_id, item_id, for_all, for_elders)


async def _made(client: httpx.AsyncClient, path: str, body: Any = None) -> Any:
    answer = await client.post(path, json=body)
    assert answer.is_success, (path, answer.status_code, answer.text)
    return answer.json()
