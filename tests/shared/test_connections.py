"""A scope comes with the BEGIN of its transaction and goes with it; what was lost is replaced."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from shared.db import AsyncSession, Database
from tests.principals import a_community
from tests.shared.kit_app import KitApp, make

SETTINGS = text("SELECT current_setting('app.scope', true), current_setting('app.role', true)")


@pytest.fixture
async def single(kit_app: KitApp) -> AsyncIterator[Database]:
    """A pool of one connection, so that whatever it keeps meets the next transaction."""
    database = Database(SecretStr(kit_app.app_dsn.replace("postgresql://", "postgresql+asyncpg://")), pool_size=1)
    yield database
    await database.close()


async def driver_of(session: AsyncSession) -> asyncpg.Connection:
    connection = await session.connection()
    return (await connection.get_raw_connection()).driver_connection  # type: ignore[return-value]


async def unscoped(database: Database) -> tuple[Any, ...]:
    async with database.engine.connect() as connection:
        return tuple(value or "" for value in (await connection.execute(SETTINGS)).one())


async def test_a_transaction_is_begun_in_one_trip(single: Database) -> None:
    community, sent = a_community(), []
    async with single.transaction(community) as session:
        (await driver_of(session)).add_query_logger(lambda each: sent.append(each.query))
        await session.execute(text("SELECT 1"))
    assert sent == [f"BEGIN;SET LOCAL app.scope = '{community}';", "COMMIT;"]


async def test_settings_go_with_their_transaction(single: Database) -> None:
    community = a_community()
    async with single.transaction(community, role="staff") as session:
        assert tuple((await session.execute(SETTINGS)).one()) == (community, "staff")
    assert await unscoped(single) == ("", "")
    async with single.transaction(community) as session:
        assert tuple((await session.execute(SETTINGS)).one()) == (community, "")


async def test_a_transaction_that_did_nothing_leaves_no_scope(single: Database) -> None:
    async with single.transaction(a_community(), role="staff"):
        pass
    assert await unscoped(single) == ("", "")


async def test_what_is_begun_anew_is_begun_within_the_same_scope(single: Database) -> None:
    community = a_community()
    async with single.engine.connect() as connection:
        assert (await connection.execute(SETTINGS)).one()[0] in (None, "")
    with pytest.raises(RuntimeError):
        async with single.transaction(community) as session:
            await make(session, community, "undone")
            raise RuntimeError
    async with single.transaction(community) as session:
        assert (await session.execute(text("SELECT count(*) FROM thing"))).scalar_one() == 0


@pytest.mark.parametrize("role", ["staff'; SELECT 1; --", "Staff", "a b", "'"])
async def test_what_is_no_role_is_refused(single: Database, role: str) -> None:
    with pytest.raises(ValueError, match="role"):
        async with single.transaction(a_community(), role=role):
            pass


async def test_a_connection_that_the_server_closed_is_replaced(single: Database, kit_app: KitApp) -> None:
    async with single.transaction(a_community()) as session:
        driver = await driver_of(session)
        pid = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    other = await asyncpg.connect(kit_app.app_dsn)
    await other.execute("SELECT pg_terminate_backend($1)", pid)
    async with asyncio.timeout(10):
        while not driver.is_closed():
            await other.fetchval("SELECT 1")
    await other.close()
    async with single.transaction(a_community()) as session:
        assert (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one() != pid


async def test_a_connection_left_amid_a_transaction_is_not_used_again(single: Database) -> None:
    community = a_community()
    async with single.transaction(community) as session:
        driver = await driver_of(session)
    await driver.execute("BEGIN;")
    async with single.transaction(community) as session:
        await make(session, community, "kept")
        assert await driver_of(session) is not driver
    async with single.transaction(community) as session:
        assert (await session.execute(text("SELECT name FROM thing"))).scalars().all() == ["kept"]
