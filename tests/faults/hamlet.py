"""A small community on a whole stack of its own: the demo's grids and shops, and a handful of its households."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from stack import environment
from stack.demo.loading import load
from stack.demo.people import demo_households
from stack.demo.places import demo_grids
from stack.demo.shops import demo_shops
from stack.demo.staff import PASSWORD
from stack.demo.stories.actors import code_in
from stack.demo.stories.texts import texts_in_file
from stack.processes import free_port
from stack.supervisor import Stack, running_stack
from tests.faults.callers import Caller, SignIn, acknowledged

HOUSEHOLDS = 8
PLACES = 12
"""Of the limited offer: few enough that it is full again and again."""
PER_PERSON = 5
GRID = demo_grids()[0]
SHOP = 4
ITEM = "牛奶吐司"

_UNLIMITED = {
    "GATEWAY_RATE_LIMIT_FACTOR": "1000",
    "REQUESTS_PERSON_PER_10_MINUTES": "100000",
    "REQUESTS_PERSON_PER_DAY": "100000",
}
"""One resident submits all day long."""


@dataclass
class Hamlet:
    """The running stack and who uses it."""

    stack: Stack
    client: httpx.AsyncClient
    cards: list[str]
    """Codes of contact cards."""
    offer_id: str
    basket: dict[str, Any]

    @property
    def stranger(self) -> Caller:
        return Caller(self.client)

    def with_password(self, username: str) -> Caller:
        return Caller(self.client, self._password(username))

    def residents(self, count: int) -> list[Caller]:
        """So many grown-up residents with phones of their own."""
        people = [person for home in demo_households()[:HOUSEHOLDS] for person in home.members]
        phones = [person.phone for person in people if person.phone and person.age >= 18]
        return [Caller(self.client, self._phone(phone)) for phone in phones[:count]]

    @property
    def place(self) -> dict[str, Any]:
        return {"address": {"compound": GRID.compound, "building": "1号楼"}}

    def _password(self, username: str) -> SignIn:
        async def sign_in() -> str:
            body = {"username": username, "password": PASSWORD}
            return acknowledged(await self.stranger.post("/v1/auth/login", body))["access_token"]

        return sign_in

    def _phone(self, phone: str) -> SignIn:
        """A code is good for one answer; when that is lost, another is asked for."""
        read_text = texts_in_file(Path(self.stack.environment["GATEWAY_SENDER_FILE"]))

        async def sign_in() -> str:
            while True:
                asked = acknowledged(await self.stranger.post("/v1/auth/otp", {"phone": phone}))
                proof = {"request_id": asked["request_id"], "code": code_in(await read_text(asked["request_id"]))}
                answer = await self.stranger.post("/v1/auth/otp/verify", proof)
                if answer.is_success:
                    return answer.json()["access_token"]

        return sign_in


@asynccontextmanager
async def running_hamlet(data: Path) -> AsyncIterator[Hamlet]:
    """The stack as `make run` starts it, with its real durable settings; only the rate limits are wider."""
    _widen_limits(data)
    async with running_stack(data, free_port(), demo=False) as stack:
        await load(stack.environment, lambda _: None, households=HOUSEHOLDS)
        async with httpx.AsyncClient(base_url=stack.gateway_url, timeout=8, trust_env=False) as client:
            hamlet = Hamlet(stack, client, cards=[], offer_id="", basket={})
            staff = hamlet.with_password("staff")
            hamlet.cards = [card["code"] for card in await staff.all_of("/v1/contact-cards")]
            await _limited_offer(hamlet)
            yield hamlet


def _widen_limits(data: Path) -> None:
    data.mkdir(mode=0o711)
    environment.write(data / environment.FILE_NAME, environment.new_secrets() | _UNLIMITED)


async def _limited_offer(hamlet: Hamlet) -> None:
    """The bakery's second offer, of which there are never enough."""
    shop = hamlet.with_password(f"shop{SHOP:02d}")
    mine = await shop.all_of("/v1/merchants", trade=demo_shops()[SHOP - 1].trade)
    merchant_id = next(each["id"] for each in mine if each["name"] == demo_shops()[SHOP - 1].name)
    on_sale = await shop.get(f"/v1/merchants/{merchant_id}/items")
    item_id = next(item["id"] for item in on_sale["items"] if item["name"] == ITEM)
    draft = {
        "merchant_id": merchant_id,
        "title": "限量半价",
        "title_en": "Half price while there is any",
        "effect": {"kind": "percent_off", "percent": 50},
        "scope": {"item_ids": [item_id]},
        "limits": {"total": PLACES, "per_person": {"count": PER_PERSON, "period": "offer"}},
    }
    drafted = acknowledged(await shop.post("/v1/offers", draft))
    hamlet.offer_id = acknowledged(await shop.post(f"/v1/offers/{drafted['id']}/publish"))["id"]
    hamlet.basket = {"merchant_id": merchant_id, "items": [{"item_id": item_id, "quantity": 1}]}
