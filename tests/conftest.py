"""What every test may ask for: real servers, a service's own database, the settings to create its application."""

import asyncio
import base64
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, settings

from stack.topology import application
from tests import servers
from tests.servers import NatsServer, PostgresServer

pytest_plugins = ("tests.apps", "tests.toy.fixtures")

DatabaseUrls = Callable[[str], Awaitable[tuple[str, str]]]
SettingsEnvironment = Callable[[str], Awaitable[dict[str, str]]]

settings.register_profile(
    "beside_others",  # a busy machine may take long to draw an example and to try it
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("beside_others")

_run = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """With xdist, the controlling process starts PostgreSQL before its workers; without, the first fixture does."""
    config.stash[_run] = ExitStack()
    is_controller = not hasattr(config, "workerinput") and config.getoption("numprocesses", None)
    if is_controller and not config.getoption("collectonly"):
        config.stash[_run].enter_context(servers.running_postgres())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep tests of one `xdist_group` on one worker under `--dist loadgroup`.

    pytest 9.2 made node ids structured, and xdist 3.8 still appends the group to the field that is no longer read
    (pytest-xdist issue 1386): the marks were silently ignored.
    """
    for item in items if getattr(config.option, "loadgroup", False) else ():
        group = item.get_closest_marker("xdist_group")
        if group is not None and not item.nodeid.endswith(f"@{group.args[0]}"):
            item._id = type(item.id).parse(f"{item.nodeid}@{group.args[0]}")


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_run].close()


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> PostgresServer:
    running = PostgresServer.of_this_run()
    return running or pytestconfig.stash[_run].enter_context(servers.running_postgres())


@pytest.fixture(scope="session")
def postgres(postgres_server: PostgresServer) -> str:
    """The superuser's DSN, for asyncpg."""
    return postgres_server.dsn


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    """This worker's own server: streams are named after services, so workers must not share one."""
    with servers.running_nats() as server:
        yield server


@pytest.fixture(scope="session")
def nats_url(nats_server: NatsServer) -> str:
    return nats_server.url


@pytest.fixture(scope="session")
def worker() -> str:
    """The name of this xdist worker, or `main`."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def database_urls(postgres_server: PostgresServer, worker: str) -> DatabaseUrls:
    """`await database_urls("residents")`: (application role's URL, owner's URL) of this worker's own database.

    It is migrated once and kept for the whole run: tests choose a community of their own, or roll back.
    """
    made: dict[str, tuple[str, str]] = {}
    lock = asyncio.Lock()

    async def urls(service: str) -> tuple[str, str]:
        async with lock:
            if service not in made:
                made[service] = await servers.clone(postgres_server, application(service), f"{service}_{worker}")
            return made[service]

    return urls


@pytest.fixture
async def fresh_database_urls(postgres_server: PostgresServer, worker: str) -> AsyncIterator[DatabaseUrls]:
    """The same, but a new empty database for this one test, dropped after it."""
    made: list[str] = []

    async def urls(service: str) -> tuple[str, str]:
        name = f"{service}_{worker}_{secrets.token_hex(4)}"
        pair = await servers.clone(postgres_server, application(service), name)
        made.append(pair[0])
        return pair

    yield urls
    for url in made:
        await servers.drop(postgres_server, url)


@pytest.fixture(scope="session")
def secret_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Keys that all applications of this worker share or pair, without prefix."""
    return {
        "KEY_ENCRYPTION_KEYS": f"k1:{_key()}",
        "INDEX_KEY": _key(),
        "SIGNING_KEY": _key(),
        "SENDER": "console",
        "SENDER_FILE": str(tmp_path_factory.mktemp("sender") / "messages.log"),
        "ISSUER": "http://127.0.0.1:8365",
        "ENVIRONMENT": "test",
    }


@pytest.fixture(scope="session")
def attestation_pair() -> tuple[str, str]:
    """(private seed, public key) with which residents attest and merchants check, base64url."""
    key = Ed25519PrivateKey.generate()
    return _encode(key.private_bytes_raw()), _encode(key.public_key().public_bytes_raw())


@pytest.fixture(scope="session")
def settings_environment(
    database_urls: DatabaseUrls,
    nats_server: NatsServer,
    secret_environment: dict[str, str],
    attestation_pair: tuple[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> SettingsEnvironment:
    """`await settings_environment("residents")`: what that application's process would find in its environment.

    Names are complete (`RESIDENTS_DATABASE_URL`); `settings_values` turns them into arguments for its Settings.
    """

    files = tmp_path_factory.mktemp("files")

    async def environment(service: str) -> dict[str, str]:
        this = application(service)
        values = dict(secret_environment)
        values["DATABASE_URL"], values["OWNER_DATABASE_URL"] = await database_urls(service)
        if this.has_stream:
            values |= {
                "NATS_URL": nats_server.url,
                "NATS_USER": service,
                "NATS_PASSWORD": nats_server.password,
                "JWKS_URL": "http://127.0.0.1:8365/.well-known/jwks.json",
            }
        values |= _own_variables(service, attestation_pair, files / service)
        return {this.prefix + name: value for name, value in values.items()}

    return environment


@pytest.fixture(scope="session")
def settings_values(settings_environment: SettingsEnvironment) -> SettingsEnvironment:
    """`Settings(**await settings_values("residents"))`: the same by field name, without the owner's URL."""

    async def values(service: str) -> dict[str, str]:
        prefix = application(service).prefix
        found = {
            name.removeprefix(prefix).lower(): value for name, value in (await settings_environment(service)).items()
        }
        del found["owner_database_url"]
        return found

    return values


def _own_variables(service: str, attestation_pair: tuple[str, str], files: Path) -> dict[str, str]:
    private, public = attestation_pair
    upstreams = {
        f"{name}_URL": f"http://{name.lower()}.test" for name in ("RESIDENTS", "REQUESTS", "MERCHANTS", "DISPATCH")
    }
    return {
        "residents": {
            "PUBLIC_URL": "http://127.0.0.1:8365",
            "ATTESTATION_KEY": private,
            "FILES_URL": files.as_uri(),
        },
        "requests": {
            "PUBLIC_URL": "http://127.0.0.1:8365",
            "FILES_URL": files.as_uri(),
            "PERSON_PER_10_MINUTES": "10000",
            "PERSON_PER_DAY": "10000",
        },
        "merchants": {"ATTESTATION_KEY": public},
        "gateway": upstreams | {"PUBLIC_URL": "http://127.0.0.1:8365"},
    }.get(service, {})


def _key() -> str:
    return _encode(secrets.token_bytes(32))


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode()


@pytest.fixture(scope="session")
def repository_root() -> Path:
    return Path(__file__).resolve().parent.parent
