"""The wall between communities, and what a commit means."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlmodel import Field

from shared.codes import EVERYWHERE
from shared.db import AsyncSession, TableBase, Tenant, before_commit, columns_of, set_scope, table_registry
from shared.ids import new_id
from tests.principals import a_community
from tests.shared.kit_app import KitApp, make

INSERT = "INSERT INTO thing (community_code, id, name) VALUES ($1, gen_random_uuid(), $2)"


async def add(kit_app: KitApp, community: str, name: str = "a") -> None:
    async with kit_app.app.state.database.transaction(community) as session:
        await make(session, community, name)


async def test_raw_sql_without_a_scope_sees_nothing_and_writes_nothing(kit_app: KitApp) -> None:
    community = a_community()
    await add(kit_app, community)
    connection = await asyncpg.connect(kit_app.app_dsn)
    try:
        assert await connection.fetchval("SELECT count(*) FROM thing") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(INSERT, community, "b")
        assert await connection.execute("DELETE FROM thing") == "DELETE 0"
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.scope', $1, true)", community)
            assert await connection.fetchval("SELECT count(*) FROM thing") == 1
        # PostgreSQL reads a setting that was reset as '', which every code starts with.
        assert await connection.fetchval("SELECT current_setting('app.scope', true)") == ""
        assert await connection.fetchval("SELECT count(*) FROM thing") == 0
    finally:
        await connection.close()


async def test_not_even_the_owner_passes_the_wall(kit_app: KitApp) -> None:
    await add(kit_app, a_community())
    connection = await asyncpg.connect(kit_app.owner_dsn)
    try:
        assert await connection.fetchval("SELECT count(*) FROM thing") == 0
    finally:
        await connection.close()


async def test_the_application_role_cannot_take_the_wall_down(kit_app: KitApp) -> None:
    connection = await asyncpg.connect(kit_app.app_dsn)
    try:
        for statement in (
            "ALTER TABLE thing DISABLE ROW LEVEL SECURITY",
            "DROP POLICY scope ON thing",
            "TRUNCATE thing",
            "CREATE OR REPLACE FUNCTION in_scope(code text) RETURNS boolean LANGUAGE sql RETURN true",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        await connection.execute("SET row_security = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval("SELECT count(*) FROM thing")
    finally:
        await connection.close()


async def test_a_scope_contains_what_its_code_begins(kit_app: KitApp) -> None:
    here, there = a_community(), a_community()
    await add(kit_app, here, "here")
    await add(kit_app, there, "there")
    assert await kit_app.names(here) == ["here"]
    assert {"here", "there"} <= set(await kit_app.names(here[:6]))
    assert {"here", "there"} <= set(await kit_app.names(EVERYWHERE))


async def test_nothing_is_written_outside_the_scope(kit_app: KitApp) -> None:
    here, there = a_community(), a_community()
    with pytest.raises(DBAPIError, match="row-level security"):
        async with kit_app.app.state.database.transaction(here) as session:
            await make(session, there, "smuggled")
    assert await kit_app.names(there) == []


async def test_a_scope_ends_with_its_transaction(kit_app: KitApp) -> None:
    community = a_community()
    await add(kit_app, community)
    async with kit_app.app.state.database.engine.connect() as connection:
        for _ in range(20):
            assert (await connection.execute(text("SELECT count(*) FROM thing"))).scalar_one() == 0
            await connection.rollback()


@pytest.mark.parametrize("scope", ["", "1", "15%", "150207007005' OR true", "**", "1" * 16])
async def test_what_is_no_scope_is_refused(kit_app: KitApp, scope: str) -> None:
    with pytest.raises(ValueError, match="scope"):
        async with kit_app.app.state.database.transaction(scope):
            pass


async def test_a_transaction_can_move_its_scope(kit_app: KitApp) -> None:
    community = a_community()
    async with kit_app.app.state.database.transaction("000000000000") as session:
        await set_scope(session, community)
        await make(session, community, "moved")
    assert await kit_app.names(community) == ["moved"]


async def test_an_error_rolls_everything_back(kit_app: KitApp) -> None:
    community = a_community()
    with pytest.raises(RuntimeError):
        async with kit_app.app.state.database.transaction(community) as session:
            await make(session, community, "a")
            raise RuntimeError
    assert await kit_app.names(community) == []


async def test_what_is_left_to_the_end_is_part_of_the_transaction(kit_app: KitApp) -> None:
    community, order = a_community(), []

    async def first(session: AsyncSession) -> None:
        order.append("first")
        await make(session, community, "late")

    async def second(session: AsyncSession) -> None:
        order.append("second")
        raise RuntimeError

    async with kit_app.app.state.database.transaction(community) as session:
        before_commit(session).append(first)
    assert await kit_app.names(community) == ["late"]
    with pytest.raises(RuntimeError):
        async with kit_app.app.state.database.transaction(community) as session:
            before_commit(session).extend([first, second])
    assert order == ["first", "first", "second"]
    assert await kit_app.names(community) == ["late"]


async def test_no_wait_is_for_ever(kit_app: KitApp) -> None:
    async with kit_app.app.state.database.transaction(a_community()) as session:
        for setting in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            assert (await session.execute(text(f"SHOW {setting}"))).scalar_one() != "0"


async def test_a_commit_that_fails_is_not_answered_with_success(kit_app: KitApp) -> None:
    community = a_community()
    async with kit_app.client(area=community) as client:
        assert (await client.post("/v1/things", json={"name": "one"})).status_code == 201
        refused = await client.post("/v1/things", json={"name": "one"})
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        assert (await client.get("/v1/things")).json() == ["one"]
    async with kit_app.app.state.database.transaction(community) as session:
        assert (await session.execute(text("SELECT count(*) FROM outbox"))).scalar_one() == 1


async def test_tables_of_two_services_may_share_a_name() -> None:
    assert table_registry().metadata is not table_registry().metadata


class _Base(TableBase, registry=table_registry()):
    pass


class _Leaf(_Base, Tenant, table=True):
    __tablename__ = "leaf"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str
    tags: list[str] = Field(default_factory=list, sa_type=JSONB)
    notes: dict[str, str] = Field(default={}, sa_type=JSONB)
    size: int = 3
    hue: str | None = None


def test_a_new_row_has_what_was_said_and_else_its_defaults() -> None:
    unknown: dict[str, Any] = {"unheard_of": 1}
    one, two = _Leaf(community_code="1", name="one", **unknown), _Leaf(community_code="1", name="two", size=4)
    assert columns_of(one) == {
        "community_code": "1",
        "id": one.id,
        "name": "one",
        "tags": [],
        "notes": {},
        "size": 3,
        "hue": None,
    }
    assert not hasattr(one, "unheard_of")
    assert one.id != two.id
    assert one.tags is not two.tags
    assert one.notes is not two.notes
    assert two.size == 4
