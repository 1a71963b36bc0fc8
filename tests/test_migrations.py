"""Every database can be built, is exactly what the code expects, and can be taken down again."""

import re
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.migrate import allow, disallow, downgrade, target_metadata, upgrade
from stack.topology import APPLICATIONS, Application
from tests.conftest import DatabaseUrls

DATED = re.compile(r"\d{4}_\d{2}_\d{2}_[a-z0-9_]+\.py")

every_application = pytest.mark.parametrize("application", APPLICATIONS, ids=lambda application: application.name)


def plain_dsn(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@every_application
async def test_up_nothing_missing_down(application: Application, fresh_database_urls: DatabaseUrls) -> None:
    _, owner_url = await fresh_database_urls(application.name)
    assert await upgrade(application.package, owner_url) is False, "cloned at head"

    metadata = target_metadata(application.package, events=application.has_stream)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
        return list(compare_metadata(context, metadata))

    engine = create_async_engine(owner_url, poolclass=NullPool)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()

    await downgrade(application.package, owner_url)
    connection = await asyncpg.connect(plain_dsn(owner_url))
    try:
        left = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S', 'v')"
        )
        assert [row["relname"] for row in left] == ["alembic_version"]
        functions = (
            "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proowner = $1::regrole"
        )
        assert await connection.fetchval(functions, application.owner_role) == 0
    finally:
        await connection.close()
    assert await upgrade(application.package, owner_url) is True


async def test_rows_that_hold_what_is_no_longer_allowed_are_changed_or_gone(
    fresh_database_urls: DatabaseUrls,
) -> None:
    _, owner_url = await fresh_database_urls("gateway")

    def there_and_back(connection: Connection) -> list[str]:
        op = Operations(MigrationContext.configure(connection))
        op.execute("CREATE TABLE thing (kind text CONSTRAINT ck_thing_kind CHECK (kind IN ('one', 'two')))")
        allow(op, "thing", "kind", "three", "four")
        op.execute("INSERT INTO thing VALUES ('one'), ('three'), ('four')")
        disallow(op, "thing", "kind", "three", instead="two")
        disallow(op, "thing", "kind", "four")
        with pytest.raises(IntegrityError), connection.begin_nested():
            op.execute("INSERT INTO thing VALUES ('four')")
        return list(connection.scalars(text("SELECT kind FROM thing ORDER BY kind")))

    engine = create_async_engine(owner_url, poolclass=NullPool)
    async with engine.connect() as connection:
        assert await connection.run_sync(there_and_back) == ["one", "two"]
    await engine.dispose()


@every_application
def test_one_dated_file_per_change(application: Application, repository_root: Path) -> None:
    folder = repository_root.joinpath(*application.package.split("."), "migrations")
    files = [path.name for path in folder.glob("*.py")]
    assert files
    assert [name for name in files if not DATED.fullmatch(name)] == []
