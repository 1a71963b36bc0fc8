"""A residents database of its own for a benchmark, on a PostgreSQL of its own."""

import base64
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack import postgres, processes
from stack.topology import RESIDENTS
from tests.principals import ISSUER, jwks_url
from tests.servers import PostgresServer, clone


async def registry_environment(server: PostgresServer) -> dict[str, str]:
    """What a residents process without a bus is told, over a fresh database of its own."""
    url, _owner = await clone(server, RESIDENTS, "residents_bench")
    secret = base64.urlsafe_b64encode(os.urandom(32)).decode()
    values = {
        "DATABASE_URL": url,
        "KEY_ENCRYPTION_KEYS": f"k1:{secret}",
        "INDEX_KEY": secret,
        "SIGNING_KEY": secret,
        "ATTESTATION_KEY": secret,
        "PUBLIC_URL": ISSUER,
        "ISSUER": ISSUER,
        "JWKS_URL": jwks_url(),
        "NATS_URL": "nats://127.0.0.1:1",
        "NATS_USER": RESIDENTS.name,
        "NATS_PASSWORD": "none",
        "SENDER_FILE": os.devnull,
        "FILES_URL": Path(tempfile.gettempdir()).as_uri(),
        "ROLE": "api",
        "LOG_LEVEL": "ERROR",
    }
    return {RESIDENTS.prefix + name: value for name, value in values.items()}


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A durable server that is gone afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, password = Path(name), "p" + os.urandom(8).hex()
        folder.chmod(0o711)
        data, log = folder / "postgres", folder / "postgres.log"
        postgres.initialise(data, password=password, log=log)
        program = postgres.program(data, port=processes.free_port(), log=log)
        process = program.start()
        try:
            processes.wait_until(lambda: postgres.is_ready(data, process.pid), program, process, seconds=30)
            yield PostgresServer(program.port, password)
        finally:
            process.send_signal(program.death_signal)
            process.wait()
