"""A database that holds the kit's tables and nothing else, for one test; seen as its application role and its owner."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from shared.db import Database
from tests.servers import PostgresServer, drop
from tests.toy.fixtures import toy_database


@dataclass(frozen=True)
class KitDatabase:
    """`app` is what a service uses; `superuser_dsn` is what somebody with the whole server can do (asyncpg)."""

    app: Database
    superuser_dsn: str

    async def tamper(self, statement: str) -> None:
        """Change the stored rows as nobody but a database administrator can."""
        connection = await asyncpg.connect(self.superuser_dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(name="kit")
async def kit_fixture(postgres_server: PostgresServer) -> AsyncIterator[KitDatabase]:
    url = await toy_database(postgres_server, "requests")
    database = Database(SecretStr(url), pool_size=20)
    yield KitDatabase(database, postgres_server.database_dsn(make_url(url).database or ""))
    await database.close()
    await drop(postgres_server, url)
