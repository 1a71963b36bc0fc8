"""A gateway with its own keys on a real socket, in front of every service on a real socket of its own."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from gateway.accounts.models import Account
from gateway.accounts.passwords import hash_password
from gateway.accounts.service import NewAccount, create_account
from gateway.routes import SERVICES
from gateway.tables import GLOBAL
from stack.processes import free_port
from tests.apps import create, running, serving

PASSWORD = "correct horse battery"
NOBODY = "http://127.0.0.1:9"
"""Where nothing listens."""

SettingsEnvironment = Callable[[str], Awaitable[dict[str, str]]]
_numbers = count(1)


def a_phone() -> str:
    """A mobile number of the block that no operator uses, and no other test of this worker."""
    return f"1990000{next(_numbers):04d}"


@dataclass
class Town:
    """The gateway, what stands behind it, and the file that its messages land in."""

    url: str
    gateway: FastAPI
    messages: Path
    services: dict[str, FastAPI] = field(default_factory=dict)
    password_hash: str = ""

    async def account(self, **new: Any) -> Account:
        """An account; with a username it has PASSWORD."""
        async with self.gateway.state.database.transaction(GLOBAL) as session:
            hashed = self.password_hash if new.get("username") else None
            return await create_account(session, self.gateway.state.keyring, NewAccount(**new), password_hash=hashed)

    def codes_sent_to(self, phone: str) -> list[str]:
        """Every one-time code that was sent to `phone`, oldest first."""
        lines = self.messages.read_text().splitlines() if self.messages.exists() else []
        sent = [json.loads(line) for line in lines]
        return [re.findall(r"[0-9]{6}", each["text"])[0] for each in sent if each["to"].endswith(phone[-11:])]

    def client(self, access_token: str | None = None, **more: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30, **more)

    async def token(self, role: str, area: str, **claims: Any) -> str:
        """An access token as the gateway signs it, without the sign-in."""
        plain = {name: str(value) if not isinstance(value, list) else value for name, value in claims.items()}
        return await self.gateway.state.issuer.sign(
            {"sub": f"{role}-{next(_numbers)}", "role": role, "area": area, **plain}
        )


@asynccontextmanager
async def _open_gateway(
    settings_values: SettingsEnvironment, issuer: str, services: dict[str, FastAPI], urls: dict[str, str], **more: Any
) -> AsyncIterator[Town]:
    values = {"issuer": issuer, "public_url": issuer, "rate_limit_factor": 10_000} | more
    urls = {f"{name}_url": urls.get(name, NOBODY) for name in SERVICES}
    gateway = await create("gateway", settings_values, **values, **urls)
    async with running(gateway), serving(gateway, port=int(issuer.rpartition(":")[2])) as url:
        messages = Path(gateway.state.settings.sender_file)
        yield Town(url, gateway, messages, services, await hash_password(PASSWORD))


def _an_issuer() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
async def lone(settings_values: SettingsEnvironment) -> AsyncIterator[Town]:
    """A gateway behind which nothing runs."""
    async with _open_gateway(settings_values, _an_issuer(), {}, {}) as town:
        yield town


@pytest.fixture(scope="session")
async def town(settings_values: SettingsEnvironment) -> AsyncIterator[Town]:
    """A gateway and all four services."""
    issuer = _an_issuer()
    async with AsyncExitStack() as stack:
        services, urls = {}, {}
        for name in SERVICES:
            app = await create(name, settings_values, issuer=issuer, jwks_url=f"{issuer}/.well-known/jwks.json")
            services[name] = await stack.enter_async_context(running(app))
            urls[name] = await stack.enter_async_context(serving(app))
        yield await stack.enter_async_context(_open_gateway(settings_values, issuer, services, urls))


@pytest.fixture
async def strict(settings_values: SettingsEnvironment) -> AsyncIterator[Town]:
    """A lone gateway with the rate limits that it ships with."""
    async with _open_gateway(settings_values, _an_issuer(), {}, {}, rate_limit_factor=1) as town:
        yield town


@pytest.fixture
async def anyone(lone: Town) -> AsyncIterator[httpx.AsyncClient]:
    async with lone.client() as client:
        yield client


@pytest.fixture(scope="session")
async def village(town: Town) -> Any:
    """A community made through the gateway."""
    from tests.gateway.village import settle  # noqa: PLC0415 - it needs Town from here

    return await settle(town, a_phone())
