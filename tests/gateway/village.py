"""A small community behind the gateway, made through it: a grid with its worker, a household, an elder, a card."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import httpx

from tests.gateway.conftest import Town, a_phone

WORKER_NAME, WORKER_PHONE = "李春燕", "19900007777"
HOTLINE, HOTLINE_SHOWN = "+864725150000", "0472 515 0000"
ELDER = "欧阳慧兰"
TEAM = (
    ("police", "partner_unit", "王警官"),
    ("lawyer", "social_talent", "赵律师"),
    ("mediator", "social_talent", "孙调解"),
)
_communities = count(1)


@dataclass
class Village:
    town: Town
    code: str
    grid: str
    worker_id: UUID
    household_id: UUID
    elder_id: UUID
    elder_phone: str
    card: dict[str, Any]

    async def client(self, role: str, **claims: Any) -> httpx.AsyncClient:
        return self.town.client(await self.town.token(role, self.code, **claims))

    async def staff(self) -> httpx.AsyncClient:
        return await self.client("head")

    async def worker(self) -> httpx.AsyncClient:
        return await self.client("grid_worker", grids=[self.grid], responder=self.worker_id)

    async def resident(self) -> httpx.AsyncClient:
        return await self.client("resident", grids=[self.grid], person=self.elder_id, household=self.household_id)

    @property
    def page(self) -> str:
        return f"{self.town.url}/c/{self.card['code']}"


async def settle(town: Town, elder_phone: str) -> Village:
    code = f"15020799{next(_communities):04d}"
    grid = f"{code}001"
    async with town.client(await town.token("head", code)) as staff:

        async def post(path: str, body: Any = None) -> Any:
            answer = await staff.post(path, json=body)
            assert answer.is_success, (path, answer.status_code, answer.text)
            return answer.json()

        names = {"name": "开元社区", "name_en": "Kaiyuan Community", "hotline": HOTLINE}
        await post("/v1/communities", {"community_code": code, **names})
        await post("/v1/grids", {"code": grid, "name": "第一网格"})
        corners = [[109.97, 40.62], [109.98, 40.62], [109.98, 40.63], [109.97, 40.63], [109.97, 40.62]]
        addresses = [{"compound": "丰景苑", "building": "3号楼"}]
        boundary = {"type": "Polygon", "coordinates": [corners]}
        await post(f"/v1/grids/{grid}/publish", {"boundary": boundary, "addresses": addresses})
        worker = {"force": "community", "kind": "grid_worker", "name": WORKER_NAME, "phone": WORKER_PHONE}
        worker_id = (await post("/v1/responders", worker | {"capacity": 9, "home_grid_code": grid}))["id"]
        await post(f"/v1/grids/{grid}/assign-worker", {"responder_id": worker_id})
        home = {"compound": "丰景苑", "building": "3号楼", "unit": "1单元", "room": "1702"}
        household_id = (await post("/v1/households", home))["id"]
        elder = {"household_id": household_id, "name": ELDER, "phone": elder_phone, "birth_on": "1940-05-03"}
        elder_id = (await post("/v1/people", elder))["id"]

        async def has_grid() -> bool:
            return (await staff.get(f"/v1/households/{household_id}")).json()["grid_code"] == grid

        await eventually(has_grid)
        card = await post("/v1/contact-cards", {"household_id": household_id})
    return Village(town, code, grid, UUID(worker_id), UUID(household_id), UUID(elder_id), elder_phone, card)


async def add_team(village: Village) -> dict[str, str]:
    """Responders who agreed to be public, and one who did not; returns phones by role."""
    phones = {role: a_phone() for role, _, _ in TEAM}
    async with await village.staff() as staff:
        for role, force, name in TEAM:
            body = {"force": force, "kind": role, "name": name, "phone": phones[role], "is_public": True}
            assert (await staff.post("/v1/responders", json=body)).is_success
        private = {"force": "partner_unit", "kind": "police", "name": "不公开", "phone": a_phone()}
        assert (await staff.post("/v1/responders", json=private | {"home_grid_code": village.grid})).is_success
    return phones


async def eventually(check: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Wait until `check` holds: what happens by event happens soon, not at once."""
    deadline = time.monotonic() + seconds
    while not await check():
        assert time.monotonic() < deadline, f"{check.__qualname__} did not come true within {seconds} s"
        await asyncio.sleep(0.05)
