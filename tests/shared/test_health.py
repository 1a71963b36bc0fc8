import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from shared import errors, health
from shared.health import Health, health_router
from shared.telemetry import Telemetry
from tests.shared.serving import serving
from tests.shared.test_middleware import settings


class Part:
    """A part that can be well, ill, broken or silent."""

    def __init__(self) -> None:
        self.state = "well"

    async def check(self) -> bool:
        if self.state == "broken":
            raise ConnectionError("password=hunter2")
        if self.state == "silent":
            await asyncio.Event().wait()
        return self.state == "well"


@pytest.fixture
def parts() -> tuple[Health, Part, Part]:
    state, database, bus = Health(), Part(), Part()
    state.add("database", database.check)
    state.add("bus", bus.check)
    return state, database, bus


@pytest.fixture
async def client(parts: tuple[Health, Part, Part]) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    errors.install(app)
    app.include_router(health_router(parts[0], Telemetry("test", settings())))
    async with serving(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("state", ["ill", "broken", "silent"])
async def test_ready_only_while_every_part_answers(
    client: httpx.AsyncClient, parts: tuple[Health, Part, Part], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, database, bus = parts
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    assert (await client.get("/health/ready")).json() == {"status": "ready"}
    bus.state = state
    answer = await client.get("/health/ready", headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["failing"]) == ("not-ready", ["bus"])
    assert "hunter2" not in answer.text
    database.state = "ill"
    assert (await client.get("/health/ready")).json()["failing"] == ["database", "bus"]
    assert (await client.get("/health/live")).status_code == 200
    database.state = bus.state = "well"
    assert (await client.get("/health/ready")).status_code == 200


async def test_a_worker_that_ended_is_a_failure(client: httpx.AsyncClient, parts: tuple[Health, Part, Part]) -> None:
    end = asyncio.Event()
    worker = asyncio.ensure_future(end.wait())
    parts[0].watch(worker)
    assert (await client.get("/health/ready")).status_code == 200
    end.set()
    await worker
    assert (await client.get("/health/ready")).json()["failing"] == ["workers"]


async def test_stopping_is_not_ready_but_alive(client: httpx.AsyncClient, parts: tuple[Health, Part, Part]) -> None:
    parts[0].stopping = True
    assert (await client.get("/health/ready")).json()["failing"] == ["stopping"]
    assert (await client.get("/health/live")).json() == {"status": "live"}


async def test_metrics_show_the_kit_and_the_process(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE kaiyuan_http_request_seconds histogram" in answer.text
    assert "process_resident_memory_bytes" in answer.text
    assert len({line for line in answer.text.splitlines() if line.startswith("# TYPE")}) == answer.text.count("# TYPE")
