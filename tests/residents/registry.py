"""What the tests of the registry register: invented people of an invented county."""

from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from services.residents.households.consumers import follow_published_grid
from shared.clock import utc_now
from shared.envelope import Envelope
from shared.identity import make_identity_number
from shared.outbox import outbox
from tests.principals import a_community, bearer

COUNTY = "150299"
_sequence = count(1)


def an_identity_number(birth_on: date = date(1946, 5, 3)) -> str:
    """One that no other test of this worker uses."""
    return make_identity_number(COUNTY, birth_on, next(_sequence) % 1000)


def a_phone() -> str:
    return f"1990000{next(_sequence) % 10_000:04d}"


@dataclass
class Registry:
    """A community of its own, with its staff at the counter."""

    client: httpx.AsyncClient
    app: FastAPI
    community: str = field(default_factory=a_community)

    @property
    def staff(self) -> dict[str, str]:
        return bearer("staff", self.community)

    def grid(self, number: int = 1) -> str:
        return f"{self.community}{number:03d}"

    async def ask(self, method: str, path: str, *, by: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        headers = (by or self.staff) | options.pop("headers", {})
        return await self.client.request(method, path, headers=headers, **options)

    async def get(self, path: str, *, by: dict[str, str] | None = None, **options: Any) -> Any:
        response = await self.ask("GET", path, by=by, **options)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, path: str, body: Any = None, *, by: dict[str, str] | None = None, status: int = 0) -> Any:
        response = await self.ask("POST", path, by=by, json=body)
        assert response.status_code == status if status else response.is_success, response.text
        return response.json() if response.content else None

    async def household(self, **address: str) -> dict[str, Any]:
        given = {"compound": "开元小区", "building": "3号楼", "unit": "2单元", "room": str(next(_sequence))}
        return await self.post("/v1/households", given | address)

    async def person(self, household_id: str, name: str = "张三丰", **known: Any) -> dict[str, Any]:
        return await self.post("/v1/people", {"household_id": household_id, "name": name, **known})

    async def consent(self, person_id: str, purpose: str, **said: Any) -> dict[str, Any]:
        """As signed on paper and recorded at the counter."""
        given = {"purpose": purpose, "text_version": 1, "is_separate": True, "evidence": "同意书, 档案柜 3"}
        return await self.post(f"/v1/people/{person_id}/consents", given | said)

    async def publish_grid(self, grid_code: str, *addresses: tuple[str, str, str], version: int = 1) -> None:
        """As if dispatch had published the grid."""
        data = {
            "grid_code": grid_code,
            "kind": "comprehensive",
            "version": version,
            "boundary": {"type": "Polygon", "coordinates": [[[109.9, 40.6], [110, 40.6], [110, 40.7], [109.9, 40.6]]]},
            "addresses": [dict(zip(("compound", "building", "unit"), line, strict=True)) for line in addresses],
        }
        envelope = Envelope(
            id=uuid4(),
            source="/dispatch",
            type="dispatch.grid_published.v1",
            subject=f"grids/{grid_code}",
            time=utc_now(),
            community=self.community,
            aggregateversion=version,
            data=data,
        )
        async with self.app.state.database.transaction(self.community) as session:
            await follow_published_grid(session, envelope)

    async def events(self, event: str) -> list[dict[str, Any]]:
        """Payloads of this community's outbox, in order."""
        statement = select(outbox.c.data).where(outbox.c.type == f"residents.{event}.v1").order_by(outbox.c.id)
        async with self.app.state.database.transaction(self.community) as session:
            return list((await session.execute(statement)).scalars())


def uuids(items: list[dict[str, Any]]) -> list[UUID]:
    return [UUID(item["id"]) for item in items]
