"""A community to dispatch in: grids in a row, their workers, a backup and a duty desk, all made through the API."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from services.dispatch.consumers import CONSUMERS
from shared.clock import utc_now
from shared.consumer import Handler
from shared.envelope import Envelope
from shared.ids import new_id
from tests.apps import AppOf, ClientOf
from tests.principals import a_community

WEST, SOUTH, WIDTH = 109.97, 40.62, 0.004
"""A grid is about 340 m wide here."""


def square(column: int) -> dict[str, Any]:
    """The boundary of the grid in this column, each beside the one before."""
    west, east, north = WEST + column * WIDTH, WEST + (column + 1) * WIDTH, SOUTH + WIDTH
    return {
        "type": "Polygon",
        "coordinates": [[[west, SOUTH], [east, SOUTH], [east, north], [west, north], [west, SOUTH]]],
    }


@dataclass
class Place:
    """One community of the running application."""

    code: str
    app: FastAPI
    staff: httpx.AsyncClient
    client_of: ClientOf
    grids: list[str] = field(default_factory=list)
    workers: list[UUID] = field(default_factory=list)
    """By grid."""
    versions: dict[UUID, int] = field(default_factory=dict)

    async def client(self, role: str, **claims: Any) -> httpx.AsyncClient:
        return await self.client_of("dispatch", role=role, area=self.code, **claims)

    async def worker(self, column: int) -> httpx.AsyncClient:
        """The own worker of a grid, signed in."""
        return await self.client("grid_worker", grids=[self.grids[column]], responder=self.workers[column])

    async def responder(self, responder_id: UUID) -> httpx.AsyncClient:
        return await self.client("responder", responder=responder_id)

    async def register(self, kind: str = "grid_worker", **values: Any) -> UUID:
        data = {"force": "community", "kind": kind, "name": "欧阳测试", "phone": "19900001234", "capacity": 3} | values
        return UUID(made(await self.staff.post("/v1/responders", json=data))["id"])

    async def add_grid(self, *, worker: UUID | None = None, backup: UUID | None = None, **values: Any) -> str:
        column = len(self.grids)
        code = f"{self.code}{column + 1:03d}"
        made(await self.staff.post("/v1/grids", json={"code": code, "name": f"第{column + 1}网格"}))
        body = {"boundary": square(column), "addresses": [{"compound": "青松", "building": f"{column + 1}号楼"}]}
        ok(await self.staff.post(f"/v1/grids/{code}/publish", json=body))
        self.grids.append(code)
        worker = worker or await self.register(home_grid_code=code, **values)
        self.workers.append(worker)
        people = {"responder_id": str(worker), "backup_responder_id": str(backup) if backup else None}
        ok(await self.staff.post(f"/v1/grids/{code}/assign-worker", json=people))
        return code

    async def hear(self, event: str, request_id: UUID, *, version: int | None = None, **data: Any) -> None:
        """An event of requests or residents, handled at once as its consumer would."""
        self.versions[request_id] = version or self.versions.get(request_id, 0) + 1
        source = event.split(".", maxsplit=1)[0]
        envelope = Envelope(
            id=new_id(),
            source=f"/{source}",
            type=event,
            subject=f"service-requests/{request_id}",
            time=utc_now(),
            community=self.code,
            aggregateversion=self.versions[request_id],
            data={"request_id": str(request_id), **data},
        )
        handler: Handler = CONSUMERS[source][event]
        async with self.app.state.database.transaction(self.code) as session:
            await handler(session, envelope)

    async def submit(self, column: int | None = 0, **data: Any) -> dict[str, Any]:
        """A request arrives from a grid; the work order that came of it."""
        request_id = uuid4()
        news = {
            "category": "livelihood.street_lamp",
            "urgency": "normal",
            "grid_code": None if column is None else self.grids[column],
            "channel": "app",
            "origin": None,
            "resolve_by": "2026-12-01T10:00:00+08:00",
        }
        await self.hear("requests.request_submitted.v1", request_id, **news | data)
        return await self.order_of(request_id)

    async def order_of(self, request_id: UUID | str) -> dict[str, Any]:
        """The latest order of a request."""
        return (await self.orders_of(request_id))[-1]

    async def orders_of(self, request_id: UUID | str) -> list[dict[str, Any]]:
        found = ok(await self.staff.get("/v1/work-orders", params={"request_id": str(request_id)}))["items"]
        return sorted(found, key=lambda order: order["sequence"])

    async def order(self, order_id: str) -> dict[str, Any]:
        return ok(await self.staff.get(f"/v1/work-orders/{order_id}"))

    async def explain(self, order_id: str) -> dict[str, Any]:
        return ok(await self.staff.get(f"/v1/work-orders/{order_id}/assignment"))

    async def load(self, responder_id: UUID) -> int:
        return ok(await self.staff.get(f"/v1/responders/{responder_id}"))["open_orders"]


def ok(response: httpx.Response, status: int = 200) -> Any:
    """The answer's document, once its status is the expected one."""
    assert response.status_code == status, (response.status_code, response.text)
    return response.json() if response.content else None


def made(response: httpx.Response) -> Any:
    return ok(response, 201)


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    document = ok(response, status)
    assert response.headers["content-type"] == "application/problem+json"
    assert document["code"] == code
    return document


NewPlace = Callable[..., Awaitable[Place]]


@pytest.fixture(scope="session")
async def new_place(app_of: AppOf, client_of: ClientOf) -> NewPlace:
    """`await new_place(grids=2)`: a community of its own, whose grids each have a worker."""

    async def create(grids: int = 0, **values: Any) -> Place:
        code = a_community()
        staff = await client_of("dispatch", role="head", area=code)
        place = Place(code, await app_of("dispatch"), staff, client_of)
        names = {"community_code": code, "name": "测试社区", "name_en": "Test Community", "hotline": "0472-5150000"}
        made(await staff.post("/v1/communities", json=names))
        for _ in range(grids):
            await place.add_grid(**values)
        return place

    return create
