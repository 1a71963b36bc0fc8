"""A requests database of its own for a benchmark, and very many requests copied from one that was really submitted."""

import base64
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import SecretStr
from sqlalchemy import event

from bench.registry import running_postgres
from services.requests.categories.service import seed_categories
from services.requests.service_requests.intake import submit_request
from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.schemas import ServiceRequestCreate
from shared.auth import Principal, Role
from shared.codes import EVERYWHERE
from shared.crypto import Keyring
from shared.db import Database
from shared.grid_directory import BoundaryLocator
from shared.vault import Vault
from stack.topology import REQUESTS
from tests.servers import clone

COUNTY = "150207"
COMMUNITY = COUNTY + "007005"
Statement = tuple[str, tuple[Any, ...]]
"""SQL and what is bound to it."""
RESIDENT = Principal(subject="bench", role=Role.RESIDENT, area=COMMUNITY, person_id=UUID(int=7))


@dataclass(frozen=True)
class Requests:
    """The application's way to the database, and a bare one that sees everything, too."""

    database: Database
    bare: asyncpg.Connection

    @contextmanager
    def sent(self) -> Iterator[list[Statement]]:
        """What the application sends meanwhile."""
        sent: list[Statement] = []

        def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
            sent.append((statement, values))

        event.listen(self.database.engine.sync_engine, "before_cursor_execute", note)
        yield sent
        event.remove(self.database.engine.sync_engine, "before_cursor_execute", note)

    async def multiply(self, count: int, **columns: str) -> None:
        """Copy one submitted request `count` times; `columns` are SQL of `n`, the number of the copy."""
        own: Mapping[str, str] = {
            "id": "gen_random_uuid()",
            "reference": "lpad(n::text, 10, '0')",
            **columns,
        }
        names = [column.name for column in ServiceRequest.__table__.columns]
        values = ", ".join(own.get(name, f"one.{name}") for name in names)
        await self.bare.execute(
            f"INSERT INTO service_request ({', '.join(names)}) SELECT {values} "
            "FROM (SELECT * FROM service_request LIMIT 1) AS one, generate_series(1, $1::int) AS n",
            count,
            timeout=600,
        )
        await self.bare.execute("ANALYZE", timeout=600)


@asynccontextmanager
async def requests_database() -> AsyncIterator[Requests]:
    """Durable, with one request in it."""
    secret = base64.urlsafe_b64encode(os.urandom(32)).decode()
    with running_postgres() as server:
        url, _owner = await clone(server, REQUESTS, "requests_bench")
        database = Database(SecretStr(url))
        bare = await asyncpg.connect(url.replace("+asyncpg", ""))
        await bare.execute("SELECT set_config('app.scope', $1, false)", EVERYWHERE)
        await bare.execute("SET statement_timeout = 0")  # it fills the tables, too
        try:
            async with database.transaction(COMMUNITY) as session:
                await seed_categories(session, COMMUNITY)
                vault = Vault(session, Keyring.from_settings(f"k1:{secret}", secret))
                data = ServiceRequestCreate.model_validate({"category": "livelihood.street_lamp", "title": "路灯不亮"})
                await submit_request(session, vault, BoundaryLocator(), RESIDENT, data)
            yield Requests(database, bare)
        finally:
            await bare.close()
            await database.close()
