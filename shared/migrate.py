"""Migrations: one Alembic environment for all databases, and the wall of row-level security.

Each service keeps its dated files in `<package>/migrations/`. A migration must work while the previous code still
runs, waits at most five seconds for a lock, and secures every table that it creates.
"""

import importlib
import re
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, delete, text, update
from sqlalchemy import column as column_of
from sqlalchemy import table as table_of
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.db import KIT_METADATA, NAMING

_ADVISORY_LOCK = 365_001
"""Two migrators of one database wait for each other."""

IN_SCOPE = """
CREATE OR REPLACE FUNCTION in_scope(code text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN current_setting('app.scope', true) = '*'
       OR starts_with(code, nullif(current_setting('app.scope', true), ''))
"""
"""A reset setting reads as '' and not as NULL, hence nullif; without a scope no row passes."""


def configuration(package: str) -> Config:
    """Alembic's configuration of one package, e.g. `services.residents`."""
    folder = Path(importlib.import_module(package).__file__ or "").parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(folder))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.attributes["app_role"] = f"{package.rpartition('.')[2]}_app"
    config.attributes["package"] = package
    return config


async def upgrade(package: str, owner_url: str, revision: str = "head") -> bool:
    """Bring one database to `revision` as its owner. Returns False when it was there already."""
    return await _run(package, owner_url, lambda config: command.upgrade(config, revision), revision)


async def downgrade(package: str, owner_url: str, revision: str = "base") -> bool:
    return await _run(package, owner_url, lambda config: command.downgrade(config, revision), None)


async def _run(package: str, owner_url: str, run: Any, target: str | None) -> bool:
    config = configuration(package)
    engine = create_async_engine(owner_url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": 5})
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
            if target == "head" and await connection.run_sync(_is_at_head, config):
                return False
            await connection.run_sync(_attach_and_run, config, run)
            return True
    finally:
        await engine.dispose()


def _is_at_head(connection: Connection, config: Config) -> bool:
    heads = ScriptDirectory.from_config(config).get_heads()
    return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)


def _attach_and_run(connection: Connection, config: Config, run: Any) -> None:
    config.attributes["connection"] = connection
    run(config)


def run_in_context(context: EnvironmentContext | Any) -> None:
    """What `shared/alembic/env.py` runs: on the connection that `_run` opened, inside its transaction."""
    config = context.config
    connection: Connection = config.attributes["connection"]
    role = config.attributes["app_role"]
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    connection.execute(text("SELECT set_config('app.scope', '*', true)"))
    connection.execute(
        text(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}")
    )
    context.configure(
        connection=connection,
        target_metadata=config.attributes.get("target_metadata"),
        compare_type=True,
        compare_server_default=False,
    )
    context.run_migrations()


def target_metadata(package: str, *, events: bool = True) -> list[Any]:
    """Everything that the package's database should hold, for autogenerate and its test."""
    tables = importlib.import_module(f"{package}.tables")
    importlib.import_module(f"{package}.main")
    own = [tables.Base.metadata, *getattr(tables, "MORE_METADATA", ())]
    return [*own, KIT_METADATA if events else _without_events()]


def _without_events() -> MetaData:
    """The kit's tables of an application that neither publishes nor consumes."""
    kept = MetaData(naming_convention=NAMING)
    for table in KIT_METADATA.sorted_tables:
        if table.name not in ("outbox", "inbox", "dead_letter"):
            table.to_metadata(kept)
    return kept


def app_role(op: Any) -> str:
    """The application role of the database being migrated; never its owner."""
    return op.get_context().config.attributes["app_role"]


def secure(op: Any, *tables: str) -> None:
    """Row-level security on tables that hold communities' data: rows outside the scope do not exist."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY scope ON {table} USING (in_scope(community_code)) WITH CHECK (in_scope(community_code))"
        )


def allow(op: Any, table: str, column: str, *values: str) -> None:
    """Let an enumerated column hold these values too, besides those that earlier revisions allow."""
    _restrict(op, table, column, _allowed(op, table, column) | {*values})


def disallow(op: Any, table: str, column: str, *values: str, instead: str | None = None) -> None:
    """Take `allow` back: rows that hold one of the values hold `instead` from now on, or are deleted without one."""
    held = column_of(column)
    rows = table_of(table, held)
    op.execute((delete(rows) if instead is None else update(rows).values({column: instead})).where(held.in_(values)))
    _restrict(op, table, column, _allowed(op, table, column) - {*values})


def _allowed(op: Any, table: str, column: str) -> set[str]:
    query = text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name")
    definition = op.get_bind().execute(query.bindparams(name=f"ck_{table}_{column}")).scalar_one()
    return set(re.findall(r"'([a-z0-9_]+)'", definition))


def _restrict(op: Any, table: str, column: str, values: set[str]) -> None:
    name = f"ck_{table}_{column}"
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({listed}))")
