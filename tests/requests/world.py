"""One community of the requests service for one test: its callers, the events that reach it, what it published."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlmodel import col

from services.requests.categories.service import seed_categories
from services.requests.consumers import consumers
from services.requests.events import RequestNoted
from services.requests.overdue.sweep import mark_overdue
from services.requests.service_requests.models import ServiceRequest
from shared.clock import utc_now
from shared.db import AsyncSession, Database
from shared.envelope import Envelope
from shared.outbox import outbox
from tests.apps import client_for
from tests.principals import a_community, bearer

LAMP = "livelihood.street_lamp"
URL = "/v1/service-requests"
REFUSAL = {"reason": "not_our_task", "text": "不属社区管辖"}
"""What `reject` is told."""


@dataclass
class World:
    app: FastAPI
    code: str = field(default_factory=a_community)
    person: UUID = field(default_factory=uuid4)
    household: UUID = field(default_factory=uuid4)
    responder: UUID = field(default_factory=uuid4)
    http: httpx.AsyncClient = field(init=False)
    _versions: dict[UUID, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.http = client_for(self.app)

    @property
    def database(self) -> Database:
        return self.app.state.database

    @property
    def grid(self) -> str:
        return self.code + "001"

    def claims(self, role: str) -> dict[str, Any]:
        """The claims of this community's usual caller of each role."""
        own: Mapping[str, dict[str, Any]] = {
            "resident": {"person": self.person, "household": self.household},
            "grid_worker": {"grids": [self.grid], "responder": self.responder},
            "responder": {"responder": self.responder},
            "partner": {"client_id": "hotline", "scope": "requests:write requests:read"},
        }
        return {"area": self.code, "sub": f"{role}-{self.code}", **own.get(role, {})}

    async def call(
        self,
        role: str | None,
        method: str,
        path: str,
        json: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        **claims: Any,
    ) -> httpx.Response:
        """One request with a fresh token; `path` is relative to the service requests unless it is absolute."""
        token = bearer(role, **self.claims(role) | claims) if role else {}
        url = path if path.startswith("/") else f"{URL}{path}" if path[:1] in ("", "?") else f"{URL}/{path}"
        return await self.http.request(method, url, json=json, headers=token | dict(headers or {}))

    async def get(self, role: str, path: str, **claims: Any) -> Any:
        response = await self.call(role, "GET", path, **claims)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, role: str, path: str, json: Any = None, **claims: Any) -> Any:
        response = await self.call(role, "POST", path, json, **claims)
        assert response.status_code in (200, 201), response.text
        return response.json()

    async def submit(self, role: str = "resident", **data: Any) -> dict[str, Any]:
        return await self.post(role, "", {"category": LAMP, "title": "路灯不亮"} | data)

    async def deliver(
        self, type: str, data: dict[str, Any], *, subject: str, version: int = 1, at: datetime | None = None
    ) -> None:
        """Hand an event to its handler as the consumer does, in a transaction of the event's community."""
        envelope = Envelope(
            id=uuid4(),
            source="/" + type.split(".", maxsplit=1)[0],
            type=type,
            subject=subject,
            time=at or utc_now(),
            community=self.code,
            aggregateversion=version,
            data=data,
        )
        handler = consumers(self.app.state.keyring)[type.split(".", maxsplit=1)[0]][type]
        async with self.database.transaction(self.code) as session:
            await handler(session, envelope)

    async def work_order(self, what: str, order: UUID, request_id: str, **data: Any) -> None:
        """A work order's next event."""
        version = self._versions[order] = data.pop("version", self._versions.get(order, 0) + 1)
        payload = {"work_order_id": str(order), "request_id": request_id, "responder_id": str(self.responder)}
        await self.deliver(
            f"dispatch.work_order_{what}.v1",
            payload | {name: str(value) for name, value in data.items()},
            subject=f"work-orders/{order}",
            version=version,
        )

    async def sweep(self) -> None:
        """What the timer does, within this community."""
        async with self.alone() as session:
            while await mark_overdue(session):
                pass

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[AsyncSession]:
        """A transaction that holds every request of this community: a running timer waits, as it was waited for."""
        mine = select(ServiceRequest.id).where(col(ServiceRequest.community_code) == self.code)
        async with self.database.transaction(self.code) as session:
            await session.execute(mine.order_by(col(ServiceRequest.id)).with_for_update())
            yield session

    async def published(self, subject_id: str | None = None) -> list[Any]:
        """What this community's outbox tells others, in order; not the notes that only keep lists current."""
        statement = select(outbox).where(outbox.c.community_code == self.code).order_by(outbox.c.id)
        statement = statement.where(outbox.c.type != RequestNoted.type)
        if subject_id:
            statement = statement.where(outbox.c.subject == f"service-requests/{subject_id}")
        async with self.database.transaction(self.code) as session:
            return list((await session.execute(statement)).all())

    async def event_names(self, subject_id: str) -> list[str]:
        return [row.type.split(".")[1] for row in await self.published(subject_id)]

    async def steps(self, role: str, request_id: str) -> list[str]:
        return [entry["step"] for entry in (await self.get(role, f"{request_id}/updates"))["items"]]

    async def sql(self, statement: str, **values: Any) -> Any:
        async with self.database.transaction(self.code) as session:
            return (await session.execute(text(statement), values)).all()


async def found(app: FastAPI, **given: Any) -> World:
    """A new community with the usual categories; `given` is what of it a test chooses itself."""
    world = World(app, **given)
    async with world.database.transaction(world.code) as session:
        await seed_categories(session, world.code)
    return world
