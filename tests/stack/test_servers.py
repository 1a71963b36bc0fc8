"""The servers that all other tests stand on, and what their roles may not do."""

import asyncio

import asyncpg
import pytest

from stack import postgres as server
from stack.topology import APPLICATIONS, RESIDENTS
from tests.servers import PostgresServer


async def _create(postgres_server: PostgresServer, database: str) -> None:
    await asyncio.to_thread(
        server.create_database,
        RESIDENTS,
        postgres_server.as_superuser(),
        owner_password=postgres_server.password,
        app_password=postgres_server.password,
        database=database,
    )


async def test_application_role_is_bounded(postgres_server: PostgresServer, worker: str) -> None:
    database = f"bounded_{worker}"
    for _ in range(2):  # running it again changes nothing
        await _create(postgres_server, database)
    url = postgres_server.url(RESIDENTS.app_role, database).replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetchval("SHOW statement_timeout") == "15s"
        assert await connection.fetchval("SHOW lock_timeout") == "5s"
        assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "30s"
        assert await connection.fetchrow(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ) == (False, False, False)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE intruder (id int)")
    finally:
        await connection.close()


async def test_owner_creates_tables_and_trusted_extensions(postgres_server: PostgresServer, worker: str) -> None:
    database = f"owned_{worker}"
    await _create(postgres_server, database)
    connection = await asyncpg.connect(postgres_server.url(RESIDENTS.owner_role, database).replace("+asyncpg", ""))
    try:
        await connection.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gist; CREATE TABLE kept (id int)")
        found = await connection.fetchrow(
            "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = current_database()"
        )
        assert tuple(found) == (b"b", "C.UTF-8")  # the same order on every operating system
    finally:
        await connection.close()


async def test_no_other_application_may_connect(postgres_server: PostgresServer, worker: str) -> None:
    database = f"private_{worker}"
    await _create(postgres_server, database)
    stranger = "stranger_" + worker
    admin = await asyncpg.connect(postgres_server.dsn)
    try:
        await admin.execute(f"CREATE ROLE {stranger} LOGIN PASSWORD '{postgres_server.password}'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(postgres_server.url(stranger, database).replace("+asyncpg", ""))
    finally:
        await admin.execute(f"DROP ROLE {stranger}")
        await admin.close()


def test_every_application_owns_one_database() -> None:
    assert [each.name for each in APPLICATIONS] == ["residents", "requests", "merchants", "dispatch", "gateway"]
    assert len({each.app_role for each in APPLICATIONS} | {each.owner_role for each in APPLICATIONS}) == 10
