"""The connections of a pool: a transaction begins with its scope in one trip, and no trip asks whether one lives."""

import re
from typing import Any

import asyncpg
from sqlalchemy import Connection, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.codes import check_scope

_SETTINGS = "settings_of_transactions"
_ROLE = re.compile(r"[a-z_]*")


class ScopedConnection(asyncpg.Connection):
    """Sends the settings of a transaction along with its BEGIN. Were they not sent, it would see nothing."""

    settings = ""

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        if not query.startswith("BEGIN"):
            return await super().execute(query, *args, **options)
        try:
            return await super().execute(query + self.settings, *args, **options)
        except (
            asyncpg.InternalClientError
        ) as error:  # the server has said that it ends this connection, and not yet hung up
            raise asyncpg.ConnectionDoesNotExistError("connection is closed") from error


def within(scope: str, role: str) -> dict[str, str]:
    """The execution options of a connection whose transactions see `scope`; those of any other see nothing.

    ValueError for what is no scope or no role: both become part of a statement.
    """
    if not _ROLE.fullmatch(role):
        raise ValueError("a role is named in small letters")
    settings = f"SET LOCAL app.scope = '{check_scope(scope)}';"
    return {_SETTINGS: settings + f"SET LOCAL app.role = '{role}';" if role else settings}


def watch(engine: AsyncEngine) -> None:
    """Let every transaction begin with the settings of its connection, and what the server closed be replaced."""
    event.listen(engine.sync_engine, "begin", _hand_over)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)


def _hand_over(connection: Connection) -> None:
    """Called before every transaction, so that none begins with the settings of another."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, ScopedConnection)
    driver.settings = connection.get_execution_options().get(_SETTINGS, "")


def _refuse_closed(connection: Any, _record: object, _pooled: object) -> None:
    """The event loop has heard when the server closed a connection: asking it (`pool_pre_ping`) would cost three trips.
    One that was left amid a transaction is not used again either."""
    driver: asyncpg.Connection = connection.driver_connection
    if driver.is_closed() or driver.is_in_transaction():
        raise DisconnectionError
