"""A read through the gateway beside the same read from the service: dispatch's own route and database behind both.

Three processes, as in production: the gateway checks the token, counts the caller and passes on; dispatch checks again.
"""

import base64
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.result import Result, rates
from bench.serving import serving
from stack import postgres, processes
from stack.topology import DISPATCH, GATEWAY, SERVICES, Application
from tests.principals import ISSUER, bearer, jwks_url
from tests.servers import PostgresServer, clone

COMMUNITY = "150207007005"
PASSWORD = "p" + os.urandom(16).hex()
AIM = 0.65

_NO_EVENTS = {"NATS_URL": "nats://127.0.0.1:9", "NATS_USER": "dispatch", "NATS_PASSWORD": PASSWORD}
"""In the role `api` a service reads and writes its database only."""


async def run() -> list[Result]:
    with ExitStack() as running:
        server = running.enter_context(_postgres())
        await _set(server, DISPATCH, ROLE="api", JWKS_URL=jwks_url(), **_NO_EVENTS)
        dispatch = running.enter_context(serving(DISPATCH.factory))
        urls = {f"{each.name.upper()}_URL": dispatch for each in SERVICES}
        await _set(server, GATEWAY, PROVIDER_JWKS_URL=jwks_url(), PUBLIC_URL=ISSUER, RATE_LIMIT_FACTOR="100000", **urls)
        gateway = running.enter_context(serving(GATEWAY.factory))
        return await _measure(dispatch, gateway)


async def _measure(dispatch: str, gateway: str) -> list[Result]:
    headers = bearer("head", COMMUNITY)
    async with aiohttp.ClientSession(headers=headers) as session:
        grid = {"code": f"{COMMUNITY}001", "name": "第一网格"}
        async with session.post(f"{gateway}/v1/grids", json=grid) as answer:
            assert answer.status == 201, await answer.text()

        def read(base: str):
            async def once() -> None:
                async with session.get(f"{base}/v1/grids/{COMMUNITY}001") as answer:
                    await answer.read()
                    assert answer.status == 200, answer.status

            return once

        direct, through = await rates(read(dispatch), read(gateway))
    return [Result("a read through the gateway", through, "/s", "the same read from the service", direct, aim=AIM)]


async def _set(server: PostgresServer, application: Application, **more: str) -> None:
    """Put an application's environment where the process that serves it will find it."""
    url, _ = await clone(server, application, f"{application.name}_bench")
    key = base64.urlsafe_b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()
    common = {"DATABASE_URL": url, "ISSUER": ISSUER, "ENVIRONMENT": "test", "LOG_LEVEL": "ERROR"}
    keys = {"KEY_ENCRYPTION_KEYS": f"k1:{key}", "INDEX_KEY": key, "SIGNING_KEY": key}
    os.environ |= {application.prefix + name: value for name, value in (common | keys | more).items()}


@contextmanager
def _postgres() -> Iterator[PostgresServer]:
    with tempfile.TemporaryDirectory(prefix="kaiyuan-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with _running(folder / "postgres", folder / "postgres.log") as server:
            yield server


@contextmanager
def _running(data: Path, log: Path) -> Iterator[PostgresServer]:
    postgres.initialise(data, password=PASSWORD, log=log, sync=False)
    program = postgres.program(data, port=processes.free_port(), log=log, settings=("scram_iterations=1",))
    process = program.start()
    try:
        processes.wait_until(lambda: postgres.is_ready(data, process.pid), program, process, seconds=30)
        yield PostgresServer(program.port, PASSWORD)
    finally:
        process.send_signal(program.death_signal)
        process.wait()
