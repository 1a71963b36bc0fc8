"""Connections for commands: an application's database as its own role, and NATS."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pydantic import SecretStr

from shared.bus import Bus
from shared.crypto import Keyring
from shared.db import Database
from stack.environment import key_encryption_keys
from stack.topology import Application


@asynccontextmanager
async def database_of(variables: Mapping[str, str], application: Application) -> AsyncIterator[Database]:
    """The application's database, bound by row-level security as the application is."""
    url = SecretStr(variables[f"{application.prefix}DATABASE_URL"])
    database = Database(url, pool_size=2, application_name="kaiyuan-cli")
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def bus_of(variables: Mapping[str, str], application: Application) -> AsyncIterator[Bus]:
    """NATS as the service itself: it may publish its own events and nothing else."""
    prefix = application.prefix
    bus = Bus(
        variables[f"{prefix}NATS_URL"], variables[f"{prefix}NATS_USER"], variables[f"{prefix}NATS_PASSWORD"], name="cli"
    )
    try:
        yield bus
    finally:
        await bus.close()


def keyring_of(variables: Mapping[str, str], application: Application) -> Keyring:
    prefix = application.prefix
    return Keyring.from_settings(key_encryption_keys(variables, application), variables[f"{prefix}INDEX_KEY"])
