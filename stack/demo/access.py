"""The services' databases, opened with the applications' own roles and keys, so that loading obeys the same rules."""

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from shared.auth import Principal, Role
from shared.crypto import Keyring
from shared.db import AsyncSession, Database
from stack.demo.places import COMMUNITY_CODE
from stack.topology import Application, application

LOADER = Principal(subject="demo", role=Role.HEAD, area=COMMUNITY_CODE)


@dataclass(frozen=True)
class Opened:
    """One application's settings, keys and pool."""

    settings: Any
    keyring: Keyring
    database: Database

    @asynccontextmanager
    async def transaction(self, scope: str = COMMUNITY_CODE) -> AsyncIterator[AsyncSession]:
        async with self.database.transaction(scope) as session:
            yield session


@asynccontextmanager
async def opened(environment: Mapping[str, str], name: str) -> AsyncIterator[Opened]:
    """The application `name` as its own process would open it."""
    settings = settings_of(environment, application(name))
    keyring = Keyring.of(settings)
    database = Database(settings.database_url, pool_size=4, application_name="kaiyuan-demo")
    try:
        yield Opened(settings, keyring, database)
    finally:
        await database.close()


def settings_of(environment: Mapping[str, str], this: Application) -> Any:
    package = importlib.import_module(f"{this.package}.settings")
    values = {
        name.removeprefix(this.prefix).lower(): value
        for name, value in environment.items()
        if name.startswith(this.prefix)
    }
    return package.Settings(**values)
