import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.trace import SpanKind

from shared import errors
from shared.middleware import install_middleware
from shared.telemetry import Telemetry, current_traceparent, span, trace_from
from tests.shared.serving import serving
from tests.shared.test_middleware import settings

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = PARENT.split("-")[1]


def test_a_trace_goes_on_from_what_a_message_brought() -> None:
    assert current_traceparent() is None
    with trace_from(PARENT):
        assert current_traceparent() == PARENT
        with trace_from(None):
            assert current_traceparent() is None
    assert current_traceparent() is None


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "00",
        PARENT.upper(),
        PARENT.replace("00-", "ff-", 1),
        PARENT.replace(TRACE, "0" * 32),
        PARENT.replace("b7ad6b7169203331", "0" * 16),
        "00-xyz",
    ],
)
def test_a_malformed_traceparent_is_ignored(malformed: str) -> None:
    with trace_from(malformed):
        assert current_traceparent() is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    with trace_from(PARENT.replace("00-", "cc-", 1) + "-what-the-future-will-be-like"):
        assert current_traceparent() == PARENT


def test_without_an_endpoint_spans_still_hand_the_trace_on() -> None:
    Telemetry("test", settings())
    with span("publish", kind=SpanKind.PRODUCER, traceparent=PARENT) as started:
        handed_on = current_traceparent()
        assert not started.is_recording()
    assert handed_on is not None
    assert handed_on.split("-")[1] == TRACE
    with span("step"):
        fresh = current_traceparent()
    assert fresh is not None
    assert TRACE not in fresh


@pytest.fixture
async def collector() -> AsyncIterator[tuple[str, list[Any]]]:
    """A real OTLP collector's door, and the spans that came through it."""
    received: list[Any] = []
    app = FastAPI()

    @app.post("/v1/traces")
    async def take(request: Request) -> Response:
        sent = ExportTraceServiceRequest.FromString(await request.body())
        received.extend(
            each for resource in sent.resource_spans for scope in resource.scope_spans for each in scope.spans
        )
        return Response(media_type="application/x-protobuf")

    async with serving(app) as url:
        yield url, received


async def test_spans_are_exported_without_what_was_sent(collector: tuple[str, list[Any]]) -> None:
    url, received = collector
    chosen = settings(otlp_endpoint=url)
    app = FastAPI()

    @app.get("/v1/people/{id}")
    async def show(id: str) -> str | None:
        with span("look up", subject="people"):
            if id == "13912345678":
                raise KeyError(id)
        return current_traceparent()

    errors.install(app)
    telemetry = Telemetry("test", chosen)
    install_middleware(app, chosen, telemetry)
    async with serving(app) as base, httpx.AsyncClient(base_url=base, trust_env=False) as client:
        answer = await client.get("/v1/people/1?q=secret", headers={"traceparent": PARENT})
        assert (await client.get("/v1/people/13912345678")).status_code == 500
    assert answer.json().split("-")[1] == TRACE
    assert await asyncio.to_thread(telemetry.provider.force_flush)
    await asyncio.to_thread(telemetry.provider.shutdown)
    Telemetry("test", settings())  # later tests export nothing

    own = [
        each for each in received if each.name in ("look up", "GET /v1/people/{id}")
    ]  # timers of other tests trace too
    inner, server, failed_inner, failed = sorted(own, key=lambda each: each.end_time_unix_nano)
    assert (inner.name, server.name) == ("look up", "GET /v1/people/{id}")
    assert server.trace_id.hex() == TRACE
    assert server.parent_span_id.hex() == PARENT.split("-")[2]
    assert inner.parent_span_id == server.span_id
    assert failed_inner.status.code == failed.status.code == 2
    assert "13912345678" not in str(received)
    assert "secret" not in str(received)
