"""A shop of the alliance for tests, set up through the doors of the service."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
from stdnum.cn import uscc

from shared.clock import CHINA, china_today
from shared.crypto import Attestor
from tests.apps import ClientOf
from tests.principals import a_community, bearer

_shops = count(1)


def coming(weekday: int) -> datetime:
    """When the next such day (Monday is 0) after today begins in China."""
    today = china_today()
    return datetime.combine(today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1), time(), CHINA)


def new_uscc() -> str:
    """A credit code with correct check characters, used once."""
    for number in _shops:
        body = f"92150299{number:09d}"
        code = body + uscc.calc_check_digit(body)
        if uscc.is_valid(code):
            return code
    raise AssertionError


def application(**changes: Any) -> dict[str, Any]:
    return {
        "name": "果园水果店",
        "trade": "fruit",
        "uscc": new_uscc(),
        "address": "民主路 3 号底商",
        "position": {"longitude": 109.97, "latitude": 40.62, "crs": "wgs84"},
        "hours": [{"weekday": "SA", "opens": "08:00", "closes": "20:00"}],
        "themes": ["love"],
        "contact_name": "欧阳明月",
        "contact_phone": "19900009401",
        "charter_version": "2026-1",
    } | changes


@dataclass
class Shop:
    """An approved shop, and clients of those who deal with it."""

    community: str
    id: str
    staff: httpx.AsyncClient
    merchant: httpx.AsyncClient
    attestor: Attestor
    items: dict[str, str] = field(default_factory=dict)

    async def sells(self, name: str, price_fen: int, category: str = "fruit") -> str:
        path = f"/v1/merchants/{self.id}/items"
        body = {"name": name, "unit": "件", "price_fen": price_fen, "category": category}
        self.items[name] = ok(await self.merchant.post(path, json=body), 201)["id"]
        return self.items[name]

    async def offers(self, effect: dict[str, Any], **more: Any) -> str:
        """A published offer."""
        body = {"merchant_id": self.id, "title": "优惠", "title_en": "An offer", "effect": effect} | more
        drafted = ok(await self.merchant.post("/v1/offers", json=body), 201)
        return ok(await self.merchant.post(f"/v1/offers/{drafted['id']}/publish"))["id"]

    def basket(self, **quantities: int) -> dict[str, Any]:
        """`basket(苹果=2)`"""
        items = [{"item_id": self.items[name], "quantity": quantity} for name, quantity in quantities.items()]
        return {"merchant_id": self.id, "items": items}

    def resident(self, person: UUID | None = None) -> dict[str, str]:
        return bearer(role="resident", area=self.community, person=person or uuid4())

    async def quote(
        self, headers: dict[str, str], basket: dict[str, Any], attested: Sequence[str] | None = None, **more: Any
    ) -> dict[str, Any]:
        return ok(await self.ask(headers, "/v1/quotes", basket | more, attested))

    async def reserve(
        self, headers: dict[str, str], basket: dict[str, Any], attested: Sequence[str] | None = None
    ) -> httpx.Response:
        """Quote and reserve; the answer to the reservation."""
        quoted = await self.quote(headers, basket, attested)
        return await self.ask(headers, "/v1/redemptions", {"quote": quoted["quote"]}, attested)

    async def ask(
        self, headers: dict[str, str], path: str, body: dict[str, Any], attested: Sequence[str] | None = None
    ) -> httpx.Response:
        given = {} if attested is None else {"Eligibility-Attestations": ",".join(attested)}
        return await self.staff.post(path, json=body, headers=headers | given)


def ok(response: httpx.Response, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json()


async def open_shop(client_of: ClientOf, attestation_pair: tuple[str, str], community: str | None = None) -> Shop:
    community = community or a_community()
    staff = await client_of("merchants", role="staff", area=community)
    merchant_id = ok(await staff.post("/v1/merchants", json=application()), 201)["id"]
    ok(await staff.post(f"/v1/merchants/{merchant_id}/approve"))
    merchant = await client_of("merchants", role="merchant", area=community, merchant=merchant_id)
    return Shop(community, merchant_id, staff, merchant, Attestor.from_settings(attestation_pair[0]))
