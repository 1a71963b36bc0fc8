"""A service of one module on the real kit and a real database, for tests of what every service gets from the kit."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

from shared import outbox
from shared.app import Service, build_app
from shared.auth import PUBLIC, Principal, Role, allow
from shared.concurrency import IfMatch, check_version, tag_response
from shared.db import AsyncSession, set_scope
from shared.envelope import Event
from shared.errors import NotFound
from shared.identity import PhoneText
from shared.ids import new_id
from shared.routing import Router
from shared.sessions import PublicSession, Session
from shared.settings import ServiceSettings
from stack.topology import application
from tests import servers
from tests.apps import SettingsEnvironment, client_for, running
from tests.principals import ISSUER, bearer, jwks_url
from tests.servers import PostgresServer

TABLE = """
CREATE TABLE thing (
    community_code varchar(12) NOT NULL, id uuid NOT NULL, name text NOT NULL, version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (community_code, id),
    CONSTRAINT uq_thing UNIQUE (community_code, name) DEFERRABLE INITIALLY DEFERRED
);
ALTER TABLE thing ENABLE ROW LEVEL SECURITY;
ALTER TABLE thing FORCE ROW LEVEL SECURITY;
CREATE POLICY scope ON thing USING (in_scope(community_code)) WITH CHECK (in_scope(community_code));
"""
"""Its unique names are checked at COMMIT only, so that a test can make exactly the commit fail."""


class ThingMade(Event):
    type: ClassVar[str] = "dispatch.thing_made.v1"

    thing_id: UUID


class ThingCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=40)]
    phone: PhoneText | None = None
    size: Annotated[int, Field(ge=0, le=9)] = 0
    tags: Annotated[list[Annotated[str, Field(pattern="^[a-z]+$")]], Field(max_length=3)] = Field(default_factory=list)


Anyone = Annotated[Principal, Depends(allow(Role.STAFF, Role.SUPERVISOR, Role.GATEWAY))]
Partner = Annotated[Principal, Depends(allow(Role.PARTNER, grants={"things:read"}))]
router = Router(prefix="/v1/things", tags=["things"])
_ONE = "SELECT id, name, version FROM thing WHERE id = :id"


async def make(session: AsyncSession, community_code: str, name: str) -> dict[str, Any]:
    thing_id = new_id()
    await session.execute(
        text("INSERT INTO thing (community_code, id, name) VALUES (:community, :id, :name)"),
        {"community": community_code, "id": thing_id, "name": name},
    )
    event = ThingMade(thing_id=thing_id)
    await outbox.add(session, event, community_code=community_code, subject=f"things/{thing_id}")
    return {"id": str(thing_id), "name": name}


@router.post("", status_code=201)
async def make_thing(
    principal: Anyone, session: Session, data: ThingCreate, request: Request, response: Response
) -> dict[str, Any]:
    thing = await make(session, principal.community_code, data.name)
    if data.name == "slow":
        request.app.state.reached.set()
        await request.app.state.proceed.wait()
    response.headers["Location"] = f"/v1/things/{thing['id']}"
    return thing


@router.post("/public", status_code=201, dependencies=[Depends(PUBLIC)])
async def make_thing_in_public(session: PublicSession, data: ThingCreate) -> dict[str, Any]:
    await set_scope(session, "150299009009")
    return await make(session, "150299009009", data.name)


@router.post("/broken")
async def break_down(principal: Anyone, session: Session, data: ThingCreate) -> None:
    raise RuntimeError(f"secret {data.name} of {principal.subject}")


@router.get("")
async def list_things(principal: Anyone, session: Session) -> list[str]:
    return list((await session.execute(text("SELECT name FROM thing ORDER BY name"))).scalars())


@router.get("/partners")
async def list_for_partners(principal: Partner, session: Session) -> list[str]:
    return []


@router.get("/{thing_id}")
async def get_thing(
    principal: Anyone, session: Session, thing_id: UUID, request: Request, response: Response
) -> dict[str, Any]:
    row = (await session.execute(text(_ONE), {"id": thing_id})).mappings().one_or_none()
    if row is None:
        raise NotFound
    tag_response(request, response, row["version"])
    return dict(row)


@router.patch("/{thing_id}")
async def rename_thing(
    principal: Anyone, session: Session, thing_id: UUID, data: ThingCreate, expected: IfMatch
) -> dict[str, Any]:
    row = (await session.execute(text(_ONE + " FOR UPDATE"), {"id": thing_id})).mappings().one_or_none()
    if row is None:
        raise NotFound
    check_version(row["version"], expected)
    change = text("UPDATE thing SET name = :name, version = version + 1 WHERE id = :id RETURNING id, name, version")
    return dict((await session.execute(change, {"name": data.name, "id": thing_id})).mappings().one())


@dataclass
class KitApp:
    app: Any
    owner_dsn: str
    app_dsn: str
    """For asyncpg, as the application's role."""

    def client(self, role: str = "staff", **claims: Any) -> httpx.AsyncClient:
        return client_for(self.app, **bearer(role, **claims))

    def anonymous(self, **headers: str) -> httpx.AsyncClient:
        return client_for(self.app, **headers)

    async def names(self, scope: str) -> list[str]:
        async with self.app.state.database.transaction(scope) as session:
            return list((await session.execute(text("SELECT name FROM thing ORDER BY name"))).scalars())


@pytest.fixture(scope="session")
async def kit_app(
    postgres_server: PostgresServer, settings_values: SettingsEnvironment, worker: str
) -> AsyncIterator[KitApp]:
    """The application, running, with a database of its own."""
    url, owner_url = await servers.clone(postgres_server, application("dispatch"), f"kit_{worker}")
    owner_dsn = make_url(owner_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(owner_dsn)
    await connection.execute(TABLE)
    await connection.close()
    own = {"database_url": SecretStr(url), "jwks_url": jwks_url(), "issuer": ISSUER, "role": "api"}
    settings = ServiceSettings(**await settings_values("dispatch") | own)
    service = Service("dispatch", "Things", "For tests of the kit.", [router])
    async with running(build_app(service, settings)) as app:
        app.state.reached, app.state.proceed = asyncio.Event(), asyncio.Event()
        yield KitApp(app, owner_dsn, make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    await servers.drop(postgres_server, url)
